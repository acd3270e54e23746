//! Packages as cargo describes them, found by the directory that a rustc call was about: two sources
//! of one name and version are two packages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use cargo_metadata::Metadata;

use super::purl;
use crate::build_dirs::BuildDirs;
use crate::cargo::auditable::{Listed, Packages};
use crate::cargo::lockfile::{self, Lockfile};
use crate::cargo::units::Unit;
use crate::manifest::{self, components::Package};

/// The packages that a build may use.
pub struct Known {
    by_place: BTreeMap<PackageDir, Package>,
}

/// Where a package is, apart from the directories that differ between builds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PackageDir {
    Source(PathBuf),
    CargoHome(PathBuf),
    Elsewhere(PathBuf),
}

impl PackageDir {
    fn of(dir: &Path, source: &Path, cargo_home: Option<&Path>) -> PackageDir {
        let below_home = cargo_home.and_then(|home| dir.strip_prefix(home).ok());
        match (below_home, dir.strip_prefix(source)) {
            (Some(below), _) => PackageDir::CargoHome(below.to_owned()),
            (None, Ok(below)) => PackageDir::Source(below.to_owned()),
            _ => PackageDir::Elsewhere(dir.to_owned()),
        }
    }
}

impl Known {
    /// Joins what cargo says of the copy of a source with its lockfile.
    ///
    /// # Errors
    /// The lockfile cannot be read.
    pub fn new(
        metadata: &Metadata,
        lockfile: &str,
        copy: &Path,
        cargo_home: Option<&Path>,
    ) -> Result<Known> {
        let lockfile = lockfile::parse(lockfile)?;
        let mut by_place = BTreeMap::new();
        for package in &metadata.packages {
            let dir = package.manifest_path.parent().map(|d| d.as_std_path()).unwrap_or(copy);
            let place = PackageDir::of(dir, copy, cargo_home);
            let source = package.source.as_ref().map(|s| s.repr.clone());
            let described = described(package, source, &place, &lockfile);
            by_place.insert(place, described);
        }
        Ok(Known { by_place })
    }

    /// The packages as a list in a program has them, by the directories of one side.
    pub fn listed(&self, dirs: &BuildDirs) -> Packages {
        let dir = |place: &PackageDir| match place {
            PackageDir::Source(below) => dirs.source.join(below),
            PackageDir::CargoHome(below) => dirs.cargo_home.join(below),
            PackageDir::Elsewhere(dir) => dir.clone(),
        };
        let source = |package: &Package| match package.source.as_deref() {
            None => "local",
            Some(source) if source.starts_with("git+") => "git",
            Some(source) if purl::DEFAULT.contains(&source) => "crates.io",
            Some(_) => "registry",
        };
        let listed = |package: &Package| Listed {
            id: package.id.clone(),
            source: source(package).to_string(),
        };
        self.by_place.iter().map(|(place, package)| (dir(place), listed(package))).collect()
    }

    /// The package of a rustc call.
    pub(super) fn of(&self, unit: &Unit, dirs: &BuildDirs, sysroot: &Path) -> Package {
        let dir = Path::new(&unit.manifest_dir);
        let place = PackageDir::of(dir, &dirs.source, Some(&dirs.cargo_home));
        if let Some(package) = self.by_place.get(&place) {
            return package.clone();
        }
        let (name, version) = unit.package.split_once(' ').unwrap_or((&unit.package, ""));
        // `-Z build-std`.
        let from = if dir.starts_with(sysroot) { "rust-src" } else { "unknown" };
        Package {
            id: format!("{from}#{name}@{version}"),
            name: name.to_string(),
            version: version.to_string(),
            ..Package::default()
        }
    }
}

fn described(
    package: &cargo_metadata::Package,
    source: Option<String>,
    place: &PackageDir,
    lockfile: &Lockfile,
) -> Package {
    let (name, version) = (package.name.to_string(), package.version.to_string());
    let directory = match place {
        PackageDir::Source(below) => Some(manifest::directory(below)),
        _ => None,
    };
    let from = match (&source, &directory) {
        (Some(source), _) => source.clone(),
        (None, Some(directory)) => format!("path+{directory}"),
        (None, None) => "path+outside".to_string(),
    };
    let locked = lockfile.packages.iter().find(|locked| {
        (&locked.name, &locked.version, &locked.source) == (&name, &version, &source)
    });
    Package {
        id: format!("{from}#{name}@{version}"),
        // Of a vendored crate nothing was compared with the one that was published.
        checksum: locked.filter(|_| directory.is_none()).and_then(|l| l.checksum.clone()),
        license: package.license.clone(),
        name,
        version,
        source,
        directory,
    }
}
