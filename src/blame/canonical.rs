//! Text that is the same in both builds except for their directories. The recipe makes compilers
//! remap these, so such text does not count as a difference yet.

use memchr::memmem;

use crate::cargo::trace::Trace;

/// What stands for what: real text, and what replaces it.
pub type Swaps = Vec<(String, String)>;

/// The directories of one build and what stands for them, the longest first.
#[derive(Clone, Debug, Default)]
pub struct Canonical {
    roots: Swaps,
}

impl Canonical {
    /// That of a build. `renamed` are directory names that hold cargo's ids where these depend on
    /// the place, and what is to stand for each.
    pub fn of(trace: &Trace, renamed: Swaps) -> Canonical {
        let dirs = &trace.dirs;
        let mut roots: Swaps = [
            (&dirs.source, "<source>"),
            (&dirs.target, "<target-dir>"),
            (&dirs.cargo_home, "<cargo-home>"),
        ]
        .into_iter()
        .map(|(path, name)| (path.display().to_string(), name.to_string()))
        .filter(|(path, _)| !path.is_empty())
        .collect();
        roots.extend(renamed);
        roots.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        Canonical { roots }
    }

    /// The same for directories that are at other places.
    pub fn moved(&self, swaps: &[(String, String)]) -> Canonical {
        let moved = |path: &str| swaps.iter().fold(path.to_string(), |t, (a, b)| t.replace(a, b));
        Canonical { roots: self.roots.iter().map(|(p, name)| (moved(p), name.clone())).collect() }
    }

    /// A text with what stands for the directories.
    pub fn text(&self, text: &str) -> String {
        let swap = |t: String, (real, name): &(String, String)| t.replace(real, name);
        self.roots.iter().fold(text.to_string(), swap)
    }

    /// Bytes with what stands for the directories.
    pub fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let swap = |b: Vec<u8>, (real, name): &(String, String)| replace(&b, real, name);
        self.roots.iter().fold(bytes.to_vec(), swap)
    }

    /// The paths below the directories, in the order in which they stand in these bytes; each ends
    /// where in texts paths do.
    pub fn paths(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let ends = |b: &u8| b.is_ascii_whitespace() || b"\0\"'`,;:()[]{}<>".contains(b);
        let mut found: Vec<(usize, &[u8])> = Vec::new();
        for (real, _) in &self.roots {
            for at in memmem::find_iter(bytes, real) {
                let rest = &bytes[at..];
                let end = rest.iter().skip(real.len()).position(ends);
                let path = &rest[..end.map_or(rest.len(), |e| real.len() + e)];
                // Of directories within another the longest comes first, and finds the same path.
                if !found.iter().any(|(start, _)| *start == at) {
                    found.push((at, path));
                }
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, path)| path.to_vec()).collect()
    }
}

fn replace(bytes: &[u8], what: &str, with: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for at in memmem::find_iter(bytes, what) {
        out.extend_from_slice(&bytes[from..at]);
        out.extend_from_slice(with.as_bytes());
        from = at + what.len();
    }
    out.extend_from_slice(&bytes[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_replaced_in_text_and_bytes() {
        let mut trace = Trace::default();
        trace.dirs.source = "/s/a".into();
        trace.dirs.target = "/s/a/target".into();
        let renamed = vec![("/build/x-0123".to_string(), "/build/x".to_string())];
        let canonical = Canonical::of(&trace, renamed);
        let real = "/s/a/lib.rs /s/a/target/build/x-0123/out";
        let want = "<source>/lib.rs <target-dir>/build/x/out";
        assert_eq!(canonical.text(real), want);
        assert_eq!(canonical.bytes(real.as_bytes()), want.as_bytes());
        assert_eq!(canonical.bytes(b"\xff/s/a\xff"), b"\xff<source>\xff");
        let paths = canonical.paths(b"-rpath,/s/a/target/lib, \"/s/a/x y\" /s/a");
        let paths: Vec<_> = paths.iter().map(|p| p.utf8_chunks().next().unwrap().valid()).collect();
        assert_eq!(paths, ["/s/a/target/lib", "/s/a/x", "/s/a"]);
    }
}
