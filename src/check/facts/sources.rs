//! What the sources of used packages read. Build scripts and procedural macros are searched completely; other
//! code only for `env!`, and only in files whose bytes contain the word.
//! [`crate::check::rust`] does the reading; this module chooses the files, and looks at packages in parallel.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use memchr::memmem;

use super::graph::Used;
use crate::check::hit::FileLine;
use crate::check::rust::cfg::Cfgs;
use crate::check::rust::modules::{self, Module};
use crate::check::rust::reads;
use crate::check::rust::tables::{self, CodeRead};
pub use crate::check::rust::tables::{Code, What};
use crate::fs;

/// Something that is read.
#[derive(Clone, Debug)]
pub struct Read {
    /// `name version`.
    pub package: String,
    /// Which code.
    pub code: Code,
    /// What.
    pub what: What,
    /// By which call, macro or name.
    pub detail: String,
    /// It is seen to reach the output.
    pub emitted: bool,
    /// Where.
    pub place: FileLine,
    /// Whether the package is in what is built for the target.
    pub shipped: bool,
    /// The same code knows SOURCE_DATE_EPOCH.
    pub knows_epoch: bool,
}

/// Parsers go down with what is nested, so that their threads get room; it is only reserved.
const STACK: usize = if cfg!(target_pointer_width = "64") { 512 << 20 } else { 64 << 20 };

/// Looks through the packages. `for_host` is `rustc --print cfg` of the host, `for_targets` that
/// of each target.
pub(super) fn scan(
    used: &[Used],
    for_host: &str,
    for_targets: &[String],
) -> (Vec<Read>, Vec<anyhow::Error>) {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let work = || {
        while let Some(package) = used.get(next.fetch_add(1, Ordering::Relaxed)) {
            let host = Cfgs::new(for_host, &package.features);
            let targets = for_targets.iter().map(|t| Cfgs::new(t, &package.features));
            let found = one(package, &host, &targets.collect::<Vec<_>>());
            let mut results = results.lock().expect("no panic holds this");
            results.push((package.spec(), found));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|s| {
        for _ in 0..threads {
            let thread = std::thread::Builder::new().stack_size(STACK);
            if thread.spawn_scoped(s, work).is_err() {
                work();
            }
        }
    });
    let mut results = results.into_inner().expect("no panic holds this");
    results.sort_by(|(a, _), (b, _)| a.cmp(b));
    let (mut reads, mut troubles) = (Vec::new(), Vec::new());
    for (_, (mut more, errors)) in results {
        let key = |r: &Read| (r.place.clone(), r.what, r.detail.clone());
        more.sort_by_key(key);
        more.dedup_by_key(|r| key(r));
        reads.extend(more);
        troubles.extend(errors);
    }
    (reads, troubles)
}

fn one(package: &Used, host: &Cfgs, targets: &[Cfgs]) -> (Vec<Read>, Vec<anyhow::Error>) {
    let (mut reads, mut troubles) = (Vec::new(), Vec::new());
    let whole =
        [(&package.build_script, Code::BuildScript), (&package.proc_macro, Code::ProcMacro)];
    for (root, code) in whole {
        if let Some(root) = root {
            let (modules, errors) = modules::load(root, host, &|_| true);
            troubles.extend(errors);
            reads.extend(reads_of(package, &modules, code));
        }
    }
    for root in &package.roots {
        let hits = match with_embedded(root, &package.dir) {
            Ok(hits) if hits.is_empty() => continue,
            Ok(hits) => hits,
            Err(error) => {
                troubles.push(error);
                continue;
            }
        };
        // A module on the way to one that is wanted must be read to get there.
        let wanted = |path: &Path| {
            let own = match path.file_stem() {
                _ if path == root => return true,
                Some(stem) if stem != "mod" => path.with_extension(""),
                _ => path.parent().unwrap_or(path).to_owned(),
            };
            hits.iter().any(|h| h == path || h.starts_with(&own))
        };
        for target in targets {
            let (modules, errors) = modules::load(root, target, &wanted);
            troubles.extend(errors);
            reads.extend(reads_of(package, &modules, Code::Target));
        }
    }
    (reads, troubles)
}

fn reads_of(package: &Used, modules: &[Module], code: Code) -> Vec<Read> {
    let (found, knows_epoch) = reads::of(modules, code);
    let read = |(file, found): (usize, CodeRead)| Read {
        package: package.spec(),
        shipped: package.shipped,
        code,
        what: found.what,
        detail: found.detail,
        emitted: found.emitted,
        place: FileLine { path: modules[file].path.clone(), line: found.line },
        knows_epoch,
    };
    found.into_iter().map(read).collect()
}

/// The files next to a root whose bytes hold `env!` with a name that matters, or include a file by
/// an absolute path.
fn with_embedded(root: &Path, package: &Path) -> Result<Vec<PathBuf>> {
    let Some(dir) = root.parent() else { return Ok(Vec::new()) };
    // A root in the package's own directory: what is in directories that are not code is not
    // looked for.
    let outside = ["target", "tests", "benches", "examples", ".git"];
    let enter = |p: &Path| {
        let in_package = p.parent() == Some(package);
        !(in_package && p.file_name().is_some_and(|n| outside.iter().any(|o| n == *o)))
    };
    let (env, include) = (memmem::Finder::new("env!"), memmem::Finder::new("include"));
    let mut hits = Vec::new();
    for (path, meta) in fs::walk(dir, &mut |p| enter(p))? {
        if meta.is_file() && path.extension().is_some_and(|e| e == "rs") {
            let bytes = std::fs::read(&path)
                .with_context(|| format!("failed to read `{}`", path.display()))?;
            if has_private(&env, &bytes) || has_absolute(&include, &bytes) {
                hits.push(path);
            }
        }
    }
    Ok(hits)
}

fn has_private(finder: &memmem::Finder, bytes: &[u8]) -> bool {
    let ends = |n: &[u8], name: &str| {
        n.strip_prefix(name.as_bytes()).is_some_and(|r| r.first() == Some(&b'"'))
    };
    // A name that is not a plain literal right there is left to the parser.
    let is_private =
        |n: Option<&[u8]>| n.is_none_or(|n| tables::PRIVATE.iter().any(|name| ends(n, name)));
    literals_after(finder, bytes).any(|(_, name)| is_private(name))
}

fn has_absolute(finder: &memmem::Finder, bytes: &[u8]) -> bool {
    literals_after(finder, bytes).any(|(rest, path)| {
        let is_macro = ["include!", "include_str!", "include_bytes!"];
        let absolute = |p: &[u8]| matches!(p, [b'/' | b'\\', ..] | [_, b':', ..]);
        is_macro.iter().any(|m| rest.starts_with(m.as_bytes())) && path.is_some_and(absolute)
    })
}

/// Where a word is, with the first literal that follows soon.
fn literals_after<'a>(
    finder: &'a memmem::Finder,
    bytes: &'a [u8],
) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> {
    finder.find_iter(bytes).map(|at| {
        let rest = &bytes[at..];
        let near = &rest[..rest.len().min(200)];
        (rest, near.iter().position(|b| *b == b'"').map(|q| &near[q + 1..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_chosen_by_their_bytes() {
        let finder = memmem::Finder::new("env!");
        assert!(has_private(&finder, b"x = env!(\"OUT_DIR\")"));
        assert!(has_private(&finder, b"option_env! (\n \"USER\")"));
        assert!(!has_private(&finder, b"env!(\"CARGO_PKG_VERSION\")"));
        assert!(!has_private(&finder, b"env!(\"OUT_DIRECTORY\")"));
        let finder = memmem::Finder::new("include");
        assert!(has_absolute(&finder, b"x = include_str!(\"/etc/x\")"));
        assert!(has_absolute(&finder, b"include_bytes!(concat!(\"/usr\", X))"));
        assert!(!has_absolute(&finder, b"include!(concat!(env!(\"OUT_DIR\"), \"/x\"))"));
        assert!(!has_absolute(&finder, b"includes(\"/x\"); include_str!(\"x\")"));
    }
}
