//! What the sources of used packages read: build scripts and procedural macros wholly, all other
//! code for `env!` alone, and that only where the bytes of a file hold the word.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use memchr::memmem;

use super::graph::Used;
use crate::check::hit::Place;
use crate::check::rust::cfg::Cfgs;
use crate::check::rust::modules::{self, Module};
use crate::check::rust::order;
pub use crate::check::rust::reads::What;
use crate::check::rust::reads::{self, Depth};
use crate::fs;

/// Which code reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A build script.
    BuildScript,
    /// A procedural macro.
    ProcMacro,
    /// Code that is built for the target.
    Code,
}

/// Something that is read.
#[derive(Clone, Debug)]
pub struct Read {
    /// `name version`.
    pub package: String,
    /// Whether the package is a member of the workspace.
    pub member: bool,
    /// Which code.
    pub origin: Origin,
    /// What.
    pub what: What,
    /// By which call, macro or name.
    pub detail: String,
    /// Where.
    pub place: Place,
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
    let whole = [
        (&package.build_script, Origin::BuildScript, Depth::BuildScript),
        (&package.proc_macro, Origin::ProcMacro, Depth::ProcMacro),
    ];
    for (root, origin, depth) in whole {
        if let Some(root) = root {
            let (modules, errors) = modules::load(root, host, &|_| true);
            troubles.extend(errors);
            reads.extend(reads_of(package, &modules, origin, depth));
        }
    }
    for root in &package.roots {
        let Some(hits) = with_env_macros(root, &package.dir) else {
            continue;
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
            reads.extend(reads_of(package, &modules, Origin::Code, Depth::EnvMacros));
        }
    }
    (reads, troubles)
}

fn reads_of(package: &Used, modules: &[Module], origin: Origin, depth: Depth) -> Vec<Read> {
    let fields = match origin {
        Origin::Code => BTreeSet::new(),
        _ => order::fields(modules),
    };
    let (mut all, mut knows_epoch) = (Vec::new(), false);
    for module in modules {
        let (mut found, knows) = reads::of(&module.file, depth);
        knows_epoch |= knows;
        if origin != Origin::Code {
            found.extend(order::of(&module.file, &fields));
        }
        all.extend(found.into_iter().map(|f| (module.path.clone(), f)));
    }
    let read = |(path, found): (PathBuf, reads::Found)| Read {
        package: package.spec(),
        member: package.member,
        shipped: package.shipped,
        origin,
        what: found.what,
        detail: found.detail,
        place: Place { path, line: found.line },
        knows_epoch,
    };
    all.into_iter().map(read).collect()
}

/// The files beside a root whose bytes hold `env!` with a name that matters.
fn with_env_macros(root: &Path, package: &Path) -> Option<Vec<PathBuf>> {
    let dir = root.parent()?;
    // A root in the package's own directory: what lies in directories that are not code is not
    // looked for.
    let outside = ["target", "tests", "benches", "examples", ".git"];
    let enter = |p: &Path| {
        let in_package = p.parent() == Some(package);
        !(in_package && p.file_name().is_some_and(|n| outside.iter().any(|o| n == *o)))
    };
    let found = fs::walk(dir, &mut |p| enter(p)).ok()?;
    let finder = memmem::Finder::new("env!");
    let mut hits = Vec::new();
    for (path, meta) in found {
        let is_rust = meta.is_file() && path.extension().is_some_and(|e| e == "rs");
        if is_rust && std::fs::read(&path).is_ok_and(|b| has_private(&finder, &b)) {
            hits.push(path);
        }
    }
    (!hits.is_empty()).then_some(hits)
}

fn has_private(finder: &memmem::Finder, bytes: &[u8]) -> bool {
    finder.find_iter(bytes).any(|at| {
        let rest = &bytes[at + "env!".len()..];
        let rest = &rest[..rest.len().min(200)];
        let name = rest.iter().position(|b| *b == b'"').map(|q| &rest[q + 1..]);
        let ends = |n: &[u8], name: &str| {
            n.strip_prefix(name.as_bytes()).is_some_and(|r| r.first() == Some(&b'"'))
        };
        // A name that is not a plain literal right there is left to the parser.
        name.is_none_or(|n| reads::PRIVATE.iter().any(|name| ends(n, name)))
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
    }
}
