//! Archives that hold something else than the source's build gives, in releases whose manifest, members
//! and digests all say the same.

use serde_json::json;

use super::End::{Good, Refused};
use super::{Attack, DIFFERS, Forge, SETTINGS, STEPS, run};
use crate::support::host;

fn add_to_tar(bytes: &mut Vec<u8>, name: &str, kind: u8, mode: u32, content: &[u8], to: &str) {
    let end = bytes.chunks(512).rposition(|b| b.iter().any(|b| *b != 0)).unwrap() + 1;
    bytes.truncate(end * 512);
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..108].copy_from_slice(format!("{mode:07o}\0").as_bytes());
    header[108..116].copy_from_slice(b"0000000\0");
    header[116..124].copy_from_slice(b"0000000\0");
    header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    header[136..148].copy_from_slice(format!("{:011o}\0", 1_700_000_000).as_bytes());
    header[156] = kind;
    header[157..157 + to.len()].copy_from_slice(to.as_bytes());
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    bytes.extend(header);
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512) + 1024, 0);
    bytes.resize(bytes.len().next_multiple_of(10240), 0);
}

/// The header of the first member, one second later, and with a byte where no field is.
fn change_first(bytes: &mut [u8], unread: u8) {
    let (digit, sum) = (bytes[146] ^ 1, 148..156);
    bytes[146] = digit;
    bytes[500] = unread;
    bytes[sum.clone()].fill(b' ');
    let total: u32 = bytes[..512].iter().map(|b| u32::from(*b)).sum();
    bytes[sum].copy_from_slice(format!("{total:06o}\0 ").as_bytes());
}

/// Archives that were packed and listed consistently, manifest, members, digests and all.
const ARCHIVES: &[Attack] = &[
    ("control: packed again", &["REL"], |c| c.packed("true"), Good, &[]),
    (
        "a program of another build",
        &["REL"],
        |c| {
            c.put("app", c.evil("app"));
            c.packed("cp ../../release/app app");
        },
        DIFFERS,
        &[],
    ),
    (
        "names swapped",
        &["REL"],
        |c| {
            c.packed("mv app x; mv wipe app; mv x wipe");
            c.forge.it.sh("cd release; mv app x; mv wipe app; mv x wipe");
            c.consistent();
        },
        DIFFERS,
        &["is the built `wipe`"],
    ),
    (
        "a program left out",
        &["REL"],
        |c| c.packed("rm wipe"),
        DIFFERS,
        &["member `wipe`", "missing"],
    ),
    (
        "a program left out, and a source file of its name deeper",
        &["REL"],
        |c| c.packed("rm app"),
        DIFFERS,
        &["member `app`", "missing"],
    ),
    (
        "a declared file left out",
        &["REL"],
        |c| c.packed("rm README.md"),
        DIFFERS,
        &["README.md`", "missing"],
    ),
    (
        "a declared file changed",
        &["REL"],
        |c| c.packed("echo x >>README.md"),
        DIFFERS,
        &["README.md"],
    ),
    (
        "a source file under its own path",
        &["REL"],
        |c| c.packed("mkdir tools; cp ../../clone/tools/evil.sh tools"),
        SETTINGS,
        &["include=tools/evil.sh"],
    ),
    (
        "control: accepted",
        &["REL", "--accept-setting", "include=tools/evil.sh"],
        |c| c.packed("mkdir tools; cp ../../clone/tools/evil.sh tools"),
        Good,
        &["accepted by you"],
    ),
    (
        "accepted with another value",
        &["REL", "--accept-setting", "include=tools/good.sh"],
        |c| c.packed("mkdir tools; cp ../../clone/tools/evil.sh tools"),
        SETTINGS,
        &[],
    ),
    (
        "a source file under another path",
        &["REL"],
        |c| c.packed("cp ../../clone/tools/evil.sh evil.sh"),
        DIFFERS,
        &["neither built nor in the source"],
    ),
    (
        "a source file under an artifact's name",
        &["REL"],
        |c| c.packed("cp ../../clone/tools/evil.sh app"),
        DIFFERS,
        &["app"],
    ),
    (
        "a program under another name",
        &["REL"],
        |c| c.packed("cp app app2"),
        DIFFERS,
        &["it is the built `app` under another name"],
    ),
    (
        "a program under a look-alike name",
        &["REL"],
        |c| c.packed("mv app аpp"),
        DIFFERS,
        &["missing"],
    ),
    (
        "a program once more, elsewhere",
        &["REL"],
        |c| c.packed("mkdir -p etc/cron.daily; cp wipe etc/cron.daily"),
        SETTINGS,
        &["include=etc/cron.daily/wipe"],
    ),
    (
        "a program elsewhere only",
        &["REL"],
        |c| c.packed("mkdir bin; mv wipe bin"),
        DIFFERS,
        &["`wipe`"],
    ),
    (
        "all below one more directory",
        &["REL"],
        |c| c.packed("cd ..; mkdir etc; mv app-* etc"),
        DIFFERS,
        &[],
    ),
    (
        "another directory at the top",
        &["REL"],
        |c| c.packed("cd ..; mv app-* etc"),
        DIFFERS,
        &["etc"],
    ),
    ("an empty directory", &["REL"], |c| c.packed("mkdir evil"), DIFFERS, &["evil"]),
    ("a link", &["REL"], |c| c.packed("ln -s app run"), DIFFERS, &["link"]),
    (
        "an archive for no target",
        &["REL"],
        |c| {
            c.packed("rm app wipe");
            c.manifest(|m| m["archives"][0]["target"] = json!(null));
        },
        Refused(5),
        &["which has no artifact"],
    ),
    (
        "an archive for another target",
        &["REL"],
        |c| {
            c.packed("rm app wipe");
            c.manifest(|m| m["archives"][0]["target"] = json!("wasm32-wasip1"));
        },
        Refused(5),
        &["wasm32-wasip1"],
    ),
    (
        "an archive with the name of an artifact",
        &["REL"],
        |c| {
            c.forge.it.sh("mv release/*.tar.gz release/app");
            c.manifest(|m| m["archives"][0]["name"] = json!("app"));
        },
        Refused(5),
        &["one file twice: \"app\""],
    ),
    (
        "other times",
        &["REL"],
        |c| {
            c.packed_at("true", 5);
            c.manifest(|m| m["archives"][0]["epoch"] = json!(5));
        },
        SETTINGS,
        &["archive-epoch=5"],
    ),
    (
        "setuid",
        &["REL", "--accept", "archive-mode"],
        |c| {
            c.raw(|b| {
                add_to_tar(
                    b,
                    &format!("app-1-{}/tools/evil.sh", host()),
                    b'0',
                    0o4755,
                    b"#!/bin/sh\nrm -rf ~\n",
                    "",
                )
            })
        },
        DIFFERS,
        &["mode 4755"],
    ),
    (
        "setgid",
        &["REL", "--accept", "archive-mode"],
        |c| c.raw(|b| add_to_tar(b, &format!("app-1-{}/x/", host()), b'5', 0o2755, b"", "")),
        DIFFERS,
        &["mode 2755"],
    ),
    (
        "sticky and writable by all",
        &["REL", "--accept", "archive-mode"],
        |c| c.raw(|b| add_to_tar(b, &format!("app-1-{}/x/", host()), b'5', 0o1777, b"", "")),
        DIFFERS,
        &["mode 1777"],
    ),
    (
        "a capability",
        &["REL", "--accept", "archive-mode", "--accept", "compressor"],
        |c| {
            c.raw(|b| {
                add_to_tar(b, "x", b'x', 0o644, b"38 SCHILY.xattr.security.capability=x\n", "");
                add_to_tar(
                    b,
                    &format!("app-1-{}/tools/evil.sh", host()),
                    b'0',
                    0o755,
                    b"#!/bin/sh\nrm -rf ~\n",
                    "",
                );
            })
        },
        DIFFERS,
        &["capability"],
    ),
    (
        "a device",
        &["REL"],
        |c| c.raw(|b| add_to_tar(b, &format!("app-1-{}/sda", host()), b'4', 0o644, b"", "")),
        Refused(5),
        &[],
    ),
    (
        "a hard link",
        &["REL"],
        |c| {
            c.raw(|b| {
                add_to_tar(
                    b,
                    &format!("app-1-{}/copy", host()),
                    b'1',
                    0o755,
                    b"",
                    &format!("app-1-{}/app", host()),
                )
            })
        },
        DIFFERS,
        &[],
    ),
    (
        "a member twice",
        &["REL"],
        |c| {
            c.raw(|b| {
                add_to_tar(b, &format!("app-1-{}/README.md", host()), b'0', 0o644, b"evil", "")
            })
        },
        Refused(5),
        &[],
    ),
    (
        "a name that leads out",
        &["REL"],
        |c| c.raw(|b| add_to_tar(b, "app-1/../../x", b'0', 0o644, b"evil", "")),
        Refused(5),
        &[],
    ),
    (
        "data behind the end",
        &["REL", "--accept", "compressor"],
        |c| c.raw(|b| b.extend(b"evil")),
        Refused(5),
        &[],
    ),
    (
        "zeros behind the end",
        &["REL", "--accept", "compressor"],
        |c| c.raw(|b| b.extend([0; 10240])),
        DIFFERS,
        &[],
    ),
    (
        "a second gzip member",
        &["REL", "--accept", "compressor"],
        |c| {
            c.forge.it.sh("printf evil | gzip >>\"$(echo release/*.tar.gz)\"");
            c.consistent();
        },
        Refused(5),
        &[],
    ),
    ("control: another compressor is a step", &["REL"], |c| c.raw(|_| ()), STEPS, &["compressor"]),
    (
        "control: so is another time",
        &["REL"],
        |c| c.raw(|b| change_first(b, 0)),
        STEPS,
        &["archive-mtime"],
    ),
    (
        "another time, and bytes that belong to no field",
        &["REL", "--accept", "compressor", "--accept", "archive-mtime"],
        |c| c.raw(|b| change_first(b, 1)),
        DIFFERS,
        &["bytes that belong to no member"],
    ),
    (
        "another compressor, and a zip in the header of a second stream",
        &["REL", "--accept", "compressor"],
        |c| {
            c.raw(|_| ());
            let mut bytes = std::fs::read(c.archive()).unwrap();
            bytes.extend(b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x04\0PK..\x03\0\0\0\0\0\0\0\0\0");
            std::fs::write(c.archive(), bytes).unwrap();
            c.consistent();
        },
        DIFFERS,
        &["several gzip streams"],
    ),
];

#[test]
fn an_archive_is_what_the_source_makes_however_consistent_its_manifest_is() {
    run(&Forge::new(&[], &[]), ARCHIVES);
}
