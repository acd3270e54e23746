//! The map that a linker writes: which files, and which members of archives, the output is made of.
//! LLD and mold list each section with its file; GNU ld lists the members that it took at the start,
//! and the files that it loaded.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// A file that was linked in, or a member of it.
pub(super) type Taken = (PathBuf, Option<String>);

/// Reads a map. What is not understood is left out.
pub(super) fn taken(map: &str) -> BTreeSet<Taken> {
    let header = map.lines().next().unwrap_or_default();
    let columns: Vec<&str> = header.split_whitespace().collect();
    match columns.iter().position(|c| *c == "Out") {
        Some(numbers) if columns[0] == "VMA" => {
            map.lines().skip(1).filter_map(|line| of_section(line, numbers)).collect()
        }
        _ => of_gnu(map),
    }
}

/// `     4ab0      4ab0       1f    16         /d/libx.rlib(x.o):(.text)`
fn of_section(line: &str, numbers: usize) -> Option<Taken> {
    let mut rest = line;
    for _ in 0..numbers {
        rest = rest.trim_start();
        rest = &rest[rest.find(' ')?..];
    }
    let (file, _) = rest.trim_start().rsplit_once(":(")?;
    (!file.starts_with('<')).then(|| split(file))
}

fn of_gnu(map: &str) -> BTreeSet<Taken> {
    const MEMBERS: &str = "Archive member included";
    let start = map.lines().skip_while(|l| !l.starts_with(MEMBERS)).skip(2);
    // The lines of the references, which follow on lines of their own, are indented.
    let members = start.take_while(|l| !l.is_empty()).filter(|l| !l.starts_with(' '));
    let end = |l: &str| l.find(')').map(|at| at + 1);
    let members = members.filter_map(|l| Some(split(&l[..end(l)?])));
    let loaded = map.lines().filter_map(|l| l.strip_prefix("LOAD "));
    let objects = loaded.filter(|l| l.ends_with(".o")).map(|l| (PathBuf::from(l), None));
    members.chain(objects).collect()
}

fn split(file: &str) -> Taken {
    match file.strip_suffix(')').and_then(|f| f.rsplit_once('(')) {
        Some((archive, member)) => (archive.into(), Some(member.to_string())),
        None => (file.into(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_from_the_maps_of_three_linkers() {
        let lld = "             VMA              LMA     Size Align Out     In      Symbol\n\
            \u{20}            2e0              2e0       1c     1 .interp\n\
            \u{20}            2e0              2e0       1c     1         <internal>:(.interp)\n\
            \u{20}            2fc              2fc       20     4         /usr/lib/a b/Scrt1.o:(.note.ABI-tag)\n\
            \u{20}           4ab0             4ab0       1f    16         /t/libx-1.rlib(x-1.x.o):(.text._ZN3x)\n\
            \u{20}           4ab0             4ab0       1f     1                 x::f\n";
        let mold = "               VMA       Size Align Out     In      Symbol\n\
            \u{20}          0x4ab0         31    16         /t/libx-1.rlib(x-1.x.o):(.text._ZN3x)\n\
            \u{20}           0x2fc         32     4         /usr/lib/a b/Scrt1.o:(.note.ABI-tag)\n";
        let gnu = "Archive member included to satisfy reference by file (symbol)\n\n\
            /t/libx-1.rlib(x-1.x.o)\n                              /t/main.o (x::f)\n\n\
            Discarded input sections\n\n .group 0x0 8 /t/liby.rlib(y.o)\n\n\
            LOAD /usr/lib/a b/Scrt1.o\nLOAD /t/libx-1.rlib\n";
        let want: BTreeSet<Taken> = [
            (PathBuf::from("/usr/lib/a b/Scrt1.o"), None),
            ("/t/libx-1.rlib".into(), Some("x-1.x.o".to_string())),
        ]
        .into();
        for map in [lld, mold, gnu] {
            assert_eq!(taken(map), want, "{map}");
        }
        assert!(taken("anything else").is_empty());
    }
}
