//! Tables of what differs between two archives, and of what is found.

use repro_formats::compress::container::Compression;
use repro_formats::listing::MemberKind;

use super::*;

fn member() -> Member {
    Member { name: "f".into(), sha256: Some("0".into()), ..Member::default() }
}

fn tar(members: Vec<Member>) -> Listing {
    let (container, compression) = (Container::Tar, Compression::None);
    Listing { container, compression, unpacked: None, packed: None, fields: vec![], members }
}

fn other(member: &mut Member, key: &str, value: &str) {
    member.other.push((key.into(), value.into()));
}

type Change = fn(&mut Member, &str);
/// A change, its cause and place, whether `repro normalize` mends it, and whether the files are the same.
type Case = (Change, Cause, &'static str, bool, bool);

#[test]
fn one_change_of_one_member_is_one_finding() {
    let commit = "c".repeat(40);
    let cases: &[Case] = &[
        (|m, _| m.kind = MemberKind::Dir, Cause::Unknown, "kind of `f`", false, false),
        (|m, _| m.target = Some("t".into()), Cause::Unknown, "kind of `f`", false, false),
        (|m, _| m.sha256 = Some("1".into()), Cause::Unknown, "content of `f`", false, false),
        (|m, _| m.size = 7, Cause::Unknown, "content of `f`", false, false),
        (|m, _| m.mode = Some(0o600), Cause::ArchiveMode, "mode of `f`", true, true),
        (|m, _| m.mtime = "7".into(), Cause::ArchiveMtime, "mtime of `f`", true, true),
        (|m, _| m.owner = "u:7".into(), Cause::ArchiveOwner, "owner of `f`", true, true),
        (|m, _| m.written = "./f".into(), Cause::Unknown, "name as written of `f`", true, true),
        (
            |m, _| m.packed = Some("p".into()),
            Cause::Compressor,
            "compressed bytes of `f`",
            false,
            true,
        ),
        (|m, _| other(m, "atime", "7"), Cause::ArchiveMtime, "mtime of `f`", true, true),
        (|m, _| other(m, "x", "y"), Cause::Unknown, "other fields of `f`", true, true),
        (
            |m, commit| other(m, "comment", commit),
            Cause::VcsState,
            "commit in the comment of `f`",
            false,
            true,
        ),
    ];
    for (change, cause, place, normalized, same_content) in cases {
        let mut other = member();
        change(&mut other, &commit);
        let (members, found) = compare(&tar(vec![member()]), &tar(vec![other]));
        let found: Vec<_> =
            found.iter().map(|f| (f.cause, f.place.to_string(), f.normalized)).collect();
        assert_eq!(found, [(*cause, place.to_string(), *normalized)]);
        assert_eq!(members.same_content, *same_content, "{place}");
    }
}

#[test]
fn members_are_paired_by_name_whatever_their_order() {
    let named = |names: &str| {
        let one = |c: char| Member { name: c.into(), ..member() };
        tar(names.chars().map(one).collect())
    };
    let cases = [
        ("ab", "ba", Cause::ArchiveOrder, "member 1 of those that both have"),
        ("abc", "acb", Cause::ArchiveOrder, "member 2 of those that both have"),
        ("ab", "b", Cause::Unknown, "member `a`"),
        ("", "a", Cause::Unknown, "member `a`"),
        ("ab", "ab", Cause::Unknown, PADDING),
    ];
    for (a, b, cause, place) in cases {
        let (_, found) = compare(&named(a), &named(b));
        let found: Vec<_> = found.iter().map(|f| (f.cause, f.place.to_string())).collect();
        assert_eq!(found, [(cause, place.to_string())], "{a} {b}");
    }
}
