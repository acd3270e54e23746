//! What a finished build knows about the contents of its artifacts: the rustc calls that led to each,
//! and what the linker read and linked. Where two builds disagree, nothing is recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use repro_formats::limits::Limits;
use repro_formats::{ar, digest};

use super::packages::Known;
use super::{dynamic, linked};
use crate::artifact::{Artifact, Kind};
use crate::build::Built;
use crate::cargo::units::{Graph, Role, Unit, stem_of};
use crate::cargo::{auditable, dep_info, wrapper};
use crate::manifest::components::{Components, Contents, Crate, KnownBy, Member, Package, Rlib};

/// What both builds agree on; none if they saw different things. Of one build, what it saw.
///
/// # Errors
/// A file of a build cannot be read.
pub fn gather(
    known: &Known,
    sysroot: &Path,
    a: &Built,
    b: Option<&Built>,
) -> Result<Option<Components>> {
    let mut one = Gather::new(known, sysroot, a).components()?;
    let Some(b) = b else { return Ok(Some(one)) };
    let mut other = Gather::new(known, sysroot, b).components()?;
    if one != other {
        // Objects of C code can hold paths that the linker leaves out.
        [&mut one, &mut other].into_iter().for_each(without_member_digests);
    }
    one.compared = true;
    other.compared = true;
    Ok((one == other).then_some(one))
}

fn without_member_digests(components: &mut Components) {
    let members = components.artifacts.iter_mut().flat_map(|c| &mut c.members);
    members.for_each(|member| member.sha256 = None);
}

/// One build that is looked at.
struct Gather<'a> {
    built: &'a Built,
    sysroot: &'a Path,
    packages: Vec<Package>,
    graph: Graph<'a>,
    digests: BTreeMap<PathBuf, String>,
    /// The archive that was read last: its members are asked for one after the other.
    archive: Option<Archive>,
}

struct Archive {
    path: PathBuf,
    bytes: Vec<u8>,
    entries: Vec<ar::read::Entry>,
}

impl Archive {
    fn read(path: PathBuf) -> Option<Archive> {
        let bytes = std::fs::read(&path).ok()?;
        let input = &mut std::io::Cursor::new(&bytes);
        let entries = ar::read::read(input, &Limits::default()).ok()?;
        Some(Archive { path, bytes, entries })
    }

    /// The digest of a member that is the only one of its name.
    fn digest(&self, member: &str) -> Option<String> {
        let mut named = self.entries.iter().filter(|e| e.name == member.as_bytes());
        let (entry, another) = (named.next()?, named.next());
        let start = usize::try_from(entry.data_at).ok()?;
        let end = start.checked_add(usize::try_from(entry.size).ok()?)?;
        let content = self.bytes.get(start..end)?;
        another.is_none().then(|| digest::of_bytes(content).sha256)
    }
}

/// What the linker said of one artifact.
struct Link {
    files: Vec<String>,
    taken: BTreeSet<linked::Taken>,
}

impl<'a> Gather<'a> {
    fn new(known: &Known, sysroot: &'a Path, built: &'a Built) -> Gather<'a> {
        let units = &built.trace.units;
        let dirs = &built.trace.dirs;
        Gather {
            built,
            sysroot,
            packages: units.iter().map(|unit| known.of(unit, dirs, sysroot)).collect(),
            graph: Graph::new(units),
            digests: BTreeMap::new(),
            archive: None,
        }
    }

    fn units(&self) -> &'a [Unit] {
        &self.built.trace.units
    }

    fn components(mut self) -> Result<Components> {
        let mut artifacts = Vec::new();
        for artifact in self.built.artifacts.iter().filter(|a| a.kind.is_shipped()) {
            if let Some(root) = self.unit_of(artifact) {
                artifacts.push(self.contents(artifact, root)?);
            }
        }
        let crates = artifacts.iter().flat_map(|c| &c.crates).map(|c| &c.package);
        let members = artifacts.iter().flat_map(|c| &c.members).map(|m| &m.package);
        let used: BTreeSet<&String> = crates.chain(members).collect();
        let packages: BTreeSet<Package> =
            self.packages.into_iter().filter(|p| used.contains(&p.id)).collect();
        Ok(Components { compared: false, packages: packages.into_iter().collect(), artifacts })
    }

    /// The rustc call that made an artifact; none of a file that a build script made.
    fn unit_of(&self, artifact: &Artifact) -> Option<usize> {
        let stem = artifact.name.split('.').next().unwrap_or_default();
        let stem = match artifact.kind {
            Kind::Bin => stem,
            Kind::Generated => return None,
            _ => stem.strip_prefix("lib").unwrap_or(stem),
        };
        let name = stem.replace('-', "_");
        let file_stem = |target: &str| Path::new(target).file_stem().map(|s| s.to_owned());
        let fits = |unit: &Unit| {
            unit.crate_name == name
                && unit.package == artifact.package
                && unit.makes(artifact.kind.name())
                && file_stem(&unit.target) == file_stem(&artifact.target)
        };
        let mut fitting: Vec<usize> =
            (0..self.units().len()).filter(|i| fits(&self.units()[*i])).collect();
        // An example can have the name of a program.
        fitting.sort_by_key(|i| self.units()[*i].out_dir.ends_with("examples"));
        fitting.first().copied()
    }

    fn contents(&mut self, artifact: &Artifact, root: usize) -> Result<Contents> {
        let link = self.link(&self.units()[root]);
        // With LTO the linker gets one object, made of all crates.
        let listed = link.as_ref().filter(|_| !self.units()[root].lto);
        let read: Option<BTreeSet<String>> =
            listed.map(|link| link.files.iter().map(|f| stem_of(f)).collect());
        let roles =
            self.graph.roles(root, &|unit| read.as_ref().is_none_or(|r| r.contains(&unit.stem())));
        let (crates, places) = self.crates(&roles);
        let mut contents = Contents {
            target: artifact.target.clone(),
            kind: artifact.kind,
            name: artifact.name.clone(),
            known_by: if read.is_some() { KnownBy::Linker } else { KnownBy::Externs },
            root: places[&root],
            crates,
            libraries: dynamic::libraries(&artifact.path),
            standard_library: Vec::new(),
            members: Vec::new(),
            host: Vec::new(),
        };
        let Some(link) = link else { return Ok(contents) };
        let toolchain = link.files.iter().filter(|file| self.is_of_toolchain(Path::new(file)));
        let mut rlibs = BTreeSet::new();
        for file in toolchain.cloned().collect::<Vec<_>>() {
            let name = Path::new(&file).file_name().unwrap_or_default();
            rlibs.insert(Rlib {
                name: name.to_string_lossy().into_owned(),
                sha256: self.digest(Path::new(&file))?,
            });
        }
        contents.standard_library = rlibs.into_iter().collect();
        let mut members = BTreeSet::new();
        let mut host = BTreeSet::new();
        for (path, member) in &link.taken {
            match self.owner(path, member.as_deref()) {
                Owner::Rust => {}
                Owner::Machine => {
                    let name = path.file_name().unwrap_or_default();
                    host.insert(name.to_string_lossy().into_owned());
                }
                Owner::Package(id) => {
                    members.insert(self.member(id, path, member.as_deref()));
                }
            }
        }
        contents.members = members.into_iter().collect();
        contents.host = host.into_iter().collect();
        Ok(contents)
    }

    fn link(&self, unit: &Unit) -> Option<Link> {
        let [list, map] = wrapper::link_records(&self.built.trace.dirs.wrapper, unit);
        let list = std::fs::read(list).ok()?;
        let map = std::fs::read(map).ok()?;
        Some(Link {
            files: dep_info::read(&String::from_utf8_lossy(&list)).files,
            taken: linked::taken(&String::from_utf8_lossy(&map)),
        })
    }

    /// The units as crates: those of one package with the same features are one.
    fn crates(
        &self,
        roles: &BTreeMap<usize, BTreeSet<Role>>,
    ) -> (Vec<Crate>, BTreeMap<usize, usize>) {
        let key = |i: usize| {
            let mut features = self.units()[i].features.clone();
            features.sort();
            (self.packages[i].id.clone(), features)
        };
        let mut merged: BTreeMap<(String, Vec<String>), Vec<usize>> = BTreeMap::new();
        for i in roles.keys() {
            merged.entry(key(*i)).or_default().push(*i);
        }
        let numbered = merged.values().enumerate();
        let places: BTreeMap<usize, usize> =
            numbered.flat_map(|(at, units)| units.iter().map(move |i| (*i, at))).collect();
        let crates = merged.into_iter().enumerate().map(|(at, ((package, features), units))| {
            let own: BTreeSet<Role> = units.iter().flat_map(|i| roles[i].clone()).collect();
            let dependencies: BTreeSet<usize> = units
                .iter()
                .flat_map(|i| self.graph.dependencies(*i))
                .filter_map(|(next, _)| places.get(&next).copied())
                .filter(|place| *place != at)
                .collect();
            Crate {
                package,
                features,
                roles: own.into_iter().collect(),
                build_script: units.iter().any(|i| !self.graph.scripts_of(*i).is_empty()),
                dependencies: dependencies.into_iter().collect(),
            }
        });
        (crates.collect(), places)
    }

    fn is_of_toolchain(&self, path: &Path) -> bool {
        let real = self.built.trace.now(path);
        real.starts_with(self.sysroot.join("lib/rustlib"))
    }

    fn digest(&mut self, path: &Path) -> Result<String> {
        let path = self.built.trace.now(path);
        if let Some(known) = self.digests.get(&path) {
            return Ok(known.clone());
        }
        let sha256 = digest::of_file(&path)?.sha256;
        self.digests.insert(path, sha256.clone());
        Ok(sha256)
    }

    /// Whose a file is that was linked in.
    fn owner(&self, path: &Path, member: Option<&str>) -> Owner {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let object = member.unwrap_or(&name);
        if self.is_of_toolchain(path) || object.ends_with(".rcgu.o") || object == "symbols.o" {
            return Owner::Rust;
        }
        if path.starts_with(auditable::dir(&self.built.trace.dirs.wrapper)) {
            return Owner::Rust;
        }
        if let Some(unit) = self.graph.maker(&name) {
            return Owner::Package(unit);
        }
        let longest = |dir_of: &dyn Fn(&Unit) -> String| {
            let dirs = self.units().iter().enumerate().map(|(i, unit)| (i, dir_of(unit)));
            let above = dirs.filter(|(_, dir)| !dir.is_empty() && path.starts_with(dir));
            above.max_by_key(|(i, dir)| (dir.len(), std::cmp::Reverse(*i))).map(|(i, _)| i)
        };
        let by_script = longest(&|unit| unit.script_output.clone().unwrap_or_default());
        let inside = || longest(&|unit| unit.manifest_dir.clone());
        by_script.or_else(inside).map_or(Owner::Machine, Owner::Package)
    }

    fn member(&mut self, unit: usize, path: &Path, member: Option<&str>) -> Member {
        let text = |p: &Path| p.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_rlib = path.extension().is_some_and(|e| e == "rlib");
        Member {
            package: self.packages[unit].id.clone(),
            archive: member.filter(|_| !is_rlib).map(|_| text(path)),
            name: plain(member.unwrap_or(&text(path))),
            sha256: self.member_digest(unit, path, member, is_rlib),
        }
    }

    fn member_digest(
        &mut self,
        unit: usize,
        path: &Path,
        member: Option<&str>,
        is_rlib: bool,
    ) -> Option<String> {
        // rustc links copies of libraries from a directory that is gone by now.
        let real = match is_rlib {
            true => Path::new(&self.units()[unit].out_dir).join(path.file_name()?),
            false => path.to_owned(),
        };
        let real = self.built.trace.now(real);
        let Some(member) = member else { return Some(digest::of_file(&real).ok()?.sha256) };
        let known = self.archive.take().filter(|archive| archive.path == real);
        self.archive = known.or_else(|| Archive::read(real));
        self.archive.as_ref()?.digest(member)
    }
}

/// Whose a file is.
enum Owner {
    /// rustc's own output, the toolchain's, or the list of `--auditable`.
    Rust,
    /// Of the package of this unit.
    Package(usize),
    /// Of the machine.
    Machine,
}

/// The name of an object without the hash of its directory that the crate `cc` puts before it.
fn plain(name: &str) -> String {
    match name.split_once('-') {
        Some((hash, rest)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            rest.to_string()
        }
        _ => name.to_string(),
    }
}
