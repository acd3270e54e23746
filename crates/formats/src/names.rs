//! Checks that names of archive members are relative, stay inside the archive and are unique. Also
//! prints names.
//!
//! The rules are those of every system that might unpack the archive, not only of this one.

use std::collections::HashMap;

/// A name from a file, fit for one line of a terminal: bytes that are not printable are escaped.
pub fn printable(name: &[u8]) -> String {
    let mut out = String::new();
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' | '`' => out.extend(['\\', c]),
                c if is_hidden(c) => out.extend(c.escape_default()),
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

/// Whether a character controls a terminal, or is invisible and changes what is shown: control characters,
/// marks of writing direction, characters without width.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The text with its hidden characters escaped, and otherwise unchanged.
pub fn visible(text: &str) -> String {
    let each = |c: char| if is_hidden(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(each).collect()
}

/// A name without the `./` before it, the `/` after it, and the like: its parts joined by `/`.
/// Empty for the root itself.
///
/// # Errors
/// What is wrong with the name, as a clause.
pub fn clean(name: &[u8]) -> Result<Vec<u8>, &'static str> {
    let drive = name.get(1) == Some(&b':') && name[0].is_ascii_alphabetic();
    let faults = [
        (name.is_empty(), "the name is empty"),
        (name.contains(&0), "the name holds a NUL byte"),
        (name.starts_with(b"/"), "the name is absolute"),
        (name.starts_with(b"\\"), "the name is absolute on Windows"),
        (drive, "the name begins with a drive letter"),
    ];
    if let Some((_, what)) = faults.iter().find(|(found, _)| *found) {
        return Err(what);
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in name.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => return Err("the name leads upward with `..`"),
            // On Windows a backslash separates parts.
            part if part.split(|b| *b == b'\\').any(|p| p == b"..") => {
                return Err("the name leads upward with `..` on Windows");
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join(&b'/'))
}

/// Whether a link at `name` (clean) to `target` stays below the root, judged by the two texts alone.
pub fn stays_inside(name: &[u8], target: &[u8]) -> bool {
    if target.starts_with(b"/") || target.starts_with(b"\\") || target.get(1) == Some(&b':') {
        return false;
    }
    let mut depth = name.split(|b| *b == b'/').count() - 1;
    for part in target.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if depth == 0 => return false,
            b".." => depth -= 1,
            part if part.split(|b| *b == b'\\').any(|p| p == b"..") => return false,
            _ => depth += 1,
        }
    }
    true
}

/// What kind of member has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// A directory that only names below it imply.
    Implied,
    /// A directory: it may be met again, above others.
    Dir,
    /// A symbolic link: nothing may be below it.
    Symlink,
    /// Anything else: nothing may be below it.
    File,
}

/// The names met so far.
#[derive(Default)]
pub struct Names {
    seen: HashMap<Vec<u8>, Stands>,
}

impl Names {
    /// Takes the next clean name.
    ///
    /// # Errors
    /// Why it conflicts with the names before it, as a clause.
    pub fn add(&mut self, name: &[u8], stands: Stands) -> Result<(), String> {
        for (i, _) in name.iter().enumerate().filter(|(_, b)| **b == b'/') {
            self.one(&name[..i], Stands::Implied)?;
        }
        self.one(name, stands)
    }

    /// What a name stands for, if it was met.
    pub fn get(&self, name: &[u8]) -> Option<Stands> {
        self.seen.get(name).copied()
    }

    fn one(&mut self, name: &[u8], stands: Stands) -> Result<(), String> {
        let Some(was) = self.seen.get_mut(name) else {
            self.seen.insert(name.to_vec(), stands);
            return Ok(());
        };
        let shown = printable(name);
        match (*was, stands) {
            (Stands::Implied | Stands::Dir, Stands::Implied) => Ok(()),
            (Stands::Implied, Stands::Dir) => {
                *was = stands;
                Ok(())
            }
            (Stands::Symlink, Stands::Implied) => {
                Err(format!("it is below `{shown}`, which is a symbolic link"))
            }
            (Stands::File, Stands::Implied) => {
                Err(format!("it is below `{shown}`, which is not a directory"))
            }
            _ => Err("the name was there before".to_string()),
        }
    }
}

/// The names met so far, where letter case does not count: as on most disks of Windows and macOS.
#[derive(Default)]
pub struct Folded {
    /// How each was spelled, by the name in lower case.
    seen: HashMap<Vec<u8>, Vec<u8>>,
}

impl Folded {
    /// Takes the next clean name, and those of the directories above it.
    ///
    /// # Errors
    /// How a name that came before, and differs in letter case only, was spelled.
    pub fn add(&mut self, name: &[u8]) -> Result<(), Vec<u8>> {
        let ends = name.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(i, _)| i);
        for end in ends.chain([name.len()]) {
            let name = &name[..end];
            let spelled = self.seen.entry(folded(name)).or_insert_with(|| name.to_vec());
            if spelled != name {
                return Err(spelled.clone());
            }
        }
        Ok(())
    }
}

/// The first two of the clean names that differ in letter case only.
pub fn colliding<'a>(names: impl Iterator<Item = &'a [u8]>) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut folded = Folded::default();
    names.into_iter().find_map(|name| folded.add(name).err().map(|other| (other, name.to_vec())))
}

/// The note about two such names.
pub fn collision(a: &[u8], b: &[u8]) -> String {
    let (a, b) = (printable(a), printable(b));
    format!("`{a}` and `{b}` differ in letter case only: Windows and macOS keep one of them")
}

fn folded(name: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => name.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_on_their_line() {
        assert_eq!(printable(b"a\n\x1b[2J\xff\\"), "a\\n\\u{1b}[2J\\xff\\\\");
        assert_eq!(printable("é b".as_bytes()), "é b");
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused_on_every_system() {
        let bad: [&[u8]; 10] = [
            b"", b"/a", b"../a", b"a/../../b", b"a/..", b"C:x", b"a:b", b"\\x", b"a\\..\\b",
            b"a\0b",
        ];
        for name in bad {
            assert!(clean(name).is_err(), "{}", printable(name));
        }
        for (name, want) in
            [("./a/b/", "a/b"), (".", ""), ("a//b/./c", "a/b/c"), ("..a/b..", "..a/b..")]
        {
            assert_eq!(clean(name.as_bytes()).unwrap(), want.as_bytes());
        }
    }

    #[test]
    fn links_may_point_around_but_not_out() {
        for (name, target, inside) in [
            ("a/b", "../c", true),
            ("a/b", "../../c", false),
            ("a", "..", false),
            ("a/b/c", "../../d/../e", true),
            ("a", "/etc/passwd", false),
            ("a", "b/../../c", false),
            ("a", "C:/x", false),
        ] {
            let found = stays_inside(name.as_bytes(), target.as_bytes());
            assert_eq!(found, inside, "{name} -> {target}");
        }
    }

    #[test]
    fn each_name_stands_for_one_thing() {
        let mut names = Names::default();
        let mut add = |name: &str, stands| names.add(name.as_bytes(), stands);
        assert_eq!(add("a/b", Stands::File), Ok(()));
        assert_eq!(add("a", Stands::Dir), Ok(()));
        assert_eq!(add("l", Stands::Symlink), Ok(()));
        for (name, stands) in [
            ("a/b", Stands::File),
            ("a", Stands::Dir),
            ("a/b/c", Stands::File),
            ("l/x", Stands::File),
            ("a/b", Stands::Dir),
        ] {
            assert!(add(name, stands).is_err(), "{name}");
        }
        // Names that differ in letter case are two names, on most systems.
        for name in ["a/c", "a/B", "A/c", "L/x"] {
            assert_eq!(add(name, Stands::File), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_differ_in_case_only_are_found() {
        let first = |names: &[&str]| {
            let found = colliding(names.iter().map(|n| n.as_bytes()));
            found.map(|(a, b)| format!("{} {}", printable(&a), printable(&b)))
        };
        assert_eq!(first(&["a/b", "a/c", "a", "b"]), None);
        assert_eq!(first(&["README.md", "readme.md"]).unwrap(), "README.md readme.md");
        assert_eq!(first(&["d/x", "D/y"]).unwrap(), "d D/y");
        assert_eq!(first(&["Ä", "ä"]).unwrap(), "Ä ä");
    }
}
