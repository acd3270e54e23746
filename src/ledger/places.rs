//! Text that is the same on all sides: what stands for the directories of one side.
//!
//! Only for directories that are varied. Any other path stays as it is: whatever depends on it was not
//! compared with a build at a different one.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// How the text that stands for a directory begins.
const MARK: &str = "<repro:";

/// Directories, and what stands for each; the longest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    roots: Vec<(String, String)>,
}

impl Places {
    /// Of these directories, each with its name.
    pub fn new<'a>(dirs: impl IntoIterator<Item = (&'a Path, &'static str)>) -> Places {
        let dirs = dirs.into_iter().filter(|(dir, _)| dir.parent().is_some());
        let mut roots: Vec<_> =
            dirs.map(|(dir, name)| (dir.display().to_string(), format!("{MARK}{name}>"))).collect();
        roots.sort_by_key(|(dir, _)| std::cmp::Reverse(dir.len()));
        Places { roots }
    }

    /// A text with what stands for the directories; none where it holds such text already.
    pub fn canonical(&self, text: &str) -> Option<String> {
        if text.contains(MARK) {
            return None;
        }
        let swap = |text: String, (real, name): &(String, String)| replace(&text, real, name);
        Some(self.roots.iter().fold(text.to_string(), swap))
    }

    /// The text as this side has it.
    pub fn real(&self, text: &str) -> String {
        let swap = |text: String, (real, name): &(String, String)| text.replace(name, real);
        self.roots.iter().fold(text.to_string(), swap)
    }
}

/// Replaces a directory where its name ends, and not where it is only the beginning of another one.
fn replace(text: &str, real: &str, name: &str) -> String {
    let goes_on = |c: char| c.is_alphanumeric() || "-_.+~".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices(real) {
        let end = at + real.len();
        if text[end..].chars().next().is_some_and(goes_on) {
            continue;
        }
        out.push_str(&text[from..at]);
        out.push_str(name);
        from = end;
    }
    out + &text[from..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_replaced_where_they_end_and_put_back() {
        let side = |root: &str| {
            let (source, target) = (format!("{root}/s"), format!("{root}/s/target"));
            Places::new([(Path::new(&source), "source"), (Path::new(&target), "target")])
        };
        let (a, b) = (side("/t/a"), side("/t/long/b"));
        let text = "-L/t/a/s/target/deps --remap-path-prefix=/t/a/s=/build/x /t/a/s-2 /t/a/s";
        let canonical = a.canonical(text).unwrap();
        assert_eq!(
            canonical,
            "-L<repro:target>/deps --remap-path-prefix=<repro:source>=/build/x /t/a/s-2 <repro:source>"
        );
        assert_eq!(a.real(&canonical), text);
        assert_eq!(
            b.real(&canonical),
            "-L/t/long/b/s/target/deps --remap-path-prefix=/t/long/b/s=/build/x /t/a/s-2 /t/long/b/s"
        );
        assert_eq!(a.canonical("x <repro:source>"), None);
        // A root directory, or none, stands for nothing.
        assert_eq!(Places::new([(Path::new("/"), "x"), (Path::new(""), "y")]), Places::default());
    }
}
