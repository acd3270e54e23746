//! `repro archive PATH… -o FILE`: any directory, or any list of files.

use std::path::{Component, Path, PathBuf};

use anyhow::Result;
use repro_formats::formats::{FORMATS, Format};
use repro_formats::tree::{self, Walk};
use repro_formats::{names, policy};

use super::packing::{Outcome, entry, file_name, options, pack};
use super::sums;
use crate::epoch;
use crate::error::usage;
use crate::fs::Pending;
use crate::request::{Archive, Packing};

/// Packs them.
pub fn run(asked: &Archive) -> Result<Outcome> {
    let Some(output) = &asked.output else {
        return Err(usage("packing files needs an output file: pass -o FILE"));
    };
    if asked.formats.contains(&Packing::Image) || !asked.bases.is_empty() {
        return Err(usage("an image is made of a build: leave out the files, or `oci` and --base"));
    }
    if !asked.include.is_empty() || asked.name.is_some() || asked.release.is_some() {
        return Err(usage(
            "--include, --name and --release are for the archive of a build: with files, name all of them",
        ));
    }
    let format = format_of(asked, output)?;
    let epoch = match (asked.epoch, epoch::of_environment()?) {
        (Some(epoch), _) => epoch,
        (None, Some(epoch)) => epoch.seconds,
        (None, None) => policy::NO_EPOCH,
    };
    let options = options(asked, format, epoch, asked.detail)?;
    let roots = roots(asked)?;
    // A link stays a link: what it leads to is written.
    let place = &crate::fs::through_link(output);
    let out = Pending::create(place)?;
    let dir = out.temporary().parent().unwrap_or(Path::new("."));
    let mut own = Own::new(dir)?;
    own.add(out.temporary(), false);
    own.add(place, true);
    if asked.sums {
        own.add(Path::new(sums::NAME), true);
    }
    let dir = own.dir.clone();
    if asked.sums {
        sums::check(&dir, &file_name(place))?;
    }
    if let Some(path) = asked.paths.iter().find(|p| own.find(p).is_some()) {
        return Err(usage(format!(
            "`{}` is both an input and the output: choose a different -o",
            path.display()
        )));
    }
    let skip = |path: &Path| own.find(path).is_some();
    let mut walk = Walk::new(roots, &skip);
    let packed = pack(&mut walk, output, out, &options)?;
    let mut notes = Vec::new();
    for path in walk.skipped().iter().filter(|p| own.find(p) == Some(true)) {
        let path = path.display();
        notes.push(format!("`{path}` is not in the archive: this command writes it"));
    }
    for (one, other) in walk.colliding() {
        notes.push(names::collision(one.as_bytes(), other.as_bytes()));
    }
    if asked.sums {
        sums::update(&dir, &[(file_name(place), packed.digest.sha256.clone())])?;
    }
    Ok(Outcome {
        archives: vec![(output.clone(), entry(place, None, &options, &packed))],
        images: Vec::new(),
        beside: if asked.sums { &[sums::NAME] } else { &[] },
        notes,
    })
}

/// The format asked for, else that of the output's name.
fn format_of(asked: &Archive, output: &Path) -> Result<&'static Format> {
    match asked.formats[..] {
        [Packing::Archive(format)] => Ok(format),
        [] => Format::of_path(output).ok_or_else(|| {
            let names: Vec<_> = FORMATS.iter().map(|f| f.name).collect();
            usage(format!(
                "`{}` has no extension of a known format: end its name in one of {}, or pass --format",
                output.display(),
                names.join(", ")
            ))
        }),
        _ => {
            Err(usage("files are packed into one archive: pass one --format, or run the command once for each"))
        }
    }
}

/// What is packed under which name: the content of one directory under `.`, as `tar -C DIR .`
/// has it, or each path under its own name.
fn roots(asked: &Archive) -> Result<Vec<(Vec<u8>, PathBuf)>> {
    if let Some(prefix) = &asked.prefix {
        relative(Path::new(prefix), "--prefix")?;
    }
    if let [dir] = &asked.paths[..]
        && dir.is_dir()
    {
        let dir = crate::fs::resolve(dir)?;
        let name = asked.prefix.as_deref().unwrap_or(".");
        return Ok(vec![(name.trim_end_matches('/').into(), dir)]);
    }
    let mut roots = Vec::new();
    for path in &asked.paths {
        let mut name = relative(path, "a file to pack")?;
        if let Some(prefix) = &asked.prefix {
            name = Path::new(prefix).join(name);
        }
        let parts: Result<Vec<&[u8]>, _> = name.iter().map(tree::bytes_of).collect();
        roots.push((parts?.join(&b'/'), path.clone()));
    }
    roots.sort();
    for pair in roots.windows(2) {
        let (one, other) = (&pair[0].0, &pair[1].0);
        if other.strip_prefix(&one[..]).is_some_and(|r| r.first().is_none_or(|b| *b == b'/')) {
            return Err(usage(format!(
                "`{}` would be packed twice: name it once",
                pair[1].1.display()
            )));
        }
    }
    Ok(roots)
}

/// The path, if it stays below where it is taken from.
fn relative(path: &Path, what: &str) -> Result<PathBuf> {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name),
            Component::CurDir => {}
            _ => {
                return Err(usage(format!(
                    "`{}` ({what}) would be outside the archive: run from a directory above it, or pack only that directory",
                    path.display()
                )));
            }
        }
    }
    if parts.as_os_str().is_empty() {
        return Err(usage(format!("`{}` ({what}) names nothing", path.display())));
    }
    Ok(parts)
}

/// The files that this command writes: they are not packed.
struct Own {
    dir: PathBuf,
    names: Vec<(std::ffi::OsString, bool)>,
}

impl Own {
    fn new(dir: &Path) -> Result<Own> {
        Ok(Own { dir: crate::fs::resolve(dir)?, names: Vec::new() })
    }

    fn add(&mut self, path: &Path, told: bool) {
        if let Some(name) = path.file_name() {
            self.names.push((name.to_owned(), told));
        }
    }

    /// If it is one: whether the user should hear of it.
    fn find(&self, path: &Path) -> Option<bool> {
        let name = path.file_name()?;
        let (_, told) = self.names.iter().find(|(n, _)| n == name)?;
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
        let parent = crate::fs::canonicalize(parent.unwrap_or(Path::new("."))).ok()?;
        (parent == self.dir).then_some(*told)
    }
}
