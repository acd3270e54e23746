//! Facts about the project that the written files depend on: its targets, programs, compiler, license files and
//! remote. They come from manifests and the repository, and nothing is built.
//! What cannot be found out becomes a note.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use cargo_metadata::{Metadata, Package, TargetKind};

use super::existing::{self, Existing};
use super::parts::{self, Part};
use super::pin::Pin;
use crate::error::usage;
use crate::fs;
use crate::oci::config::SCRATCH;
use crate::project::Project;
use crate::project::metadata::Defaults;
use crate::request::{OCI, Publishes, Selection};
use crate::source::git_url;
use crate::toolchain;

/// The facts.
pub struct Facts {
    /// What archives and guide call the project.
    pub(super) name: String,
    /// The name in `/build/<name>`.
    pub(super) build_name: String,
    /// What is built.
    pub(super) selection: Selection,
    /// All targets; at least one.
    pub(super) targets: Vec<String>,
    /// Those that the runner of this machine's platform builds.
    pub(super) local: Vec<String>,
    /// The jobs of a release.
    pub(super) parts: Vec<Part>,
    /// Programs and C libraries that the selection makes.
    pub(super) made: Made,
    /// The name of an archive of several packages.
    pub(super) archive: Option<String>,
    /// README and licenses.
    pub(super) include: Vec<String>,
    pub(super) toolchain: Toolchain,
    /// The directory of the workspace below the repository, with a slash at its end, or empty.
    pub(super) prefix: String,
    /// URL of the repository, as a runner clones it.
    pub(super) url: Option<String>,
    /// The branch that pull requests are merged into.
    pub(super) branch: String,
    pub(super) pin: Pin,
    /// What makes the releases; none if the written workflow does.
    pub(super) existing: Option<Existing>,
    /// The file of the workflow that builds a release.
    pub(super) build_file: &'static str,
    /// The digest of the Dockerfile's base, if it is filled in.
    pub(super) base_digest: Option<String>,
    /// The image that the base of the project's own is fetched from.
    pub(super) base: Option<String>,
    /// How flags are injected.
    pub(super) inject: &'static str,
    /// Built at one path, which needs bubblewrap.
    pub(super) same_path: bool,
    /// Things that the user should know.
    pub notes: Vec<String>,
}

/// What says which compiler builds.
pub(super) enum Toolchain {
    /// A file names this channel, which is one compiler.
    Exact(PathBuf, String),
    /// A file names a channel that moves, and the release it is today, if that can be named.
    Moving(PathBuf, String, Option<String>),
    /// There is no file, and the compiler is this release.
    Missing(String),
    /// There is no file, and no channel that could be written.
    Unknown,
}

impl Toolchain {
    fn of(project: &Project, run_dir: &Path, notes: &mut Vec<String>) -> Result<Toolchain> {
        let release = project.toolchain.field("release").unwrap_or("unknown").to_string();
        let exact = toolchain::is_exact(&release).then(|| release.clone());
        // One above the repository is this machine's.
        let root = &project.source.root;
        let pin = toolchain::pin(run_dir)?.filter(|pin| pin.place.path.starts_with(root));
        let Some(pin) = pin else {
            if exact.is_none() {
                notes.push(format!(
                    "no rust-toolchain.toml and no workflow was written: rustc {release} is not a release; pin a dated nightly in rust-toolchain.toml, and run `repro init` again"
                ));
            }
            return Ok(exact.map_or(Toolchain::Unknown, Toolchain::Missing));
        };
        let path = pin.place.path;
        let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let channel = pin.channel.unwrap_or_default();
        if toolchain::is_exact(&channel) {
            return Ok(Toolchain::Exact(path, channel));
        }
        let advice = match &exact {
            Some(release) => {
                format!("set `channel = \"{release}\"`, or pass --force to have it set")
            }
            None => "name a dated one".to_string(),
        };
        notes.push(format!(
            "`{shown}` names the channel `{channel}`, which is a different compiler every few weeks, so a release can be rebuilt only with the one that its manifest records: {advice}"
        ));
        Ok(Toolchain::Moving(path, channel, exact))
    }

    /// The channel; none where nothing can be named.
    pub(super) fn channel(&self) -> Option<&str> {
        match self {
            Toolchain::Exact(_, channel)
            | Toolchain::Moving(_, channel, _)
            | Toolchain::Missing(channel) => Some(channel),
            Toolchain::Unknown => None,
        }
    }
}

impl Facts {
    /// `given`: targets of the command line.
    pub fn of(
        project: &Project,
        given: &[String],
        install: Option<&str>,
        publishes: Option<Publishes>,
    ) -> Result<Facts> {
        let mut notes = Vec::new();
        let root = &project.source.root;
        let workspace = root.join(&project.source.workspace);
        let copy = project.copy.join(&project.source.workspace);
        let defaults = Defaults::read(&project.run_dir(), &copy)?;
        let found = Existing::find(root, &workspace)?;
        let targets = targets(project, given, &defaults, found.as_ref())?;
        let here = parts::platform(project.toolchain.host());
        let local: Vec<String> =
            targets.iter().filter(|t| parts::platform(t) == here).cloned().collect();
        let wishes = defaults.image()?;
        let url = project.source.remote().and_then(public);
        let url = url.or_else(|| wishes.repository.as_deref().and_then(public));
        let made = Made::of(project)?;
        let directory = workspace.file_name().map(|n| n.to_string_lossy().into_owned());
        let called = url.as_deref().map(last_of).or(directory).unwrap_or(project.name.clone());
        let (name, archive, alone) = match defaults.archive()?.name {
            Some(name) => (name, None, Vec::new()),
            None => layout(&made, &called, &mut notes),
        };
        let mut parts = parts::parts(&targets, &alone, project.toolchain.host());
        if parts.iter().any(|p| !p.is_linux()) {
            notes.push("repro is tested on Linux only: watch the first runs of the jobs on macOS and Windows, where builds are not isolated".to_string());
        }
        let base = image(&defaults, &mut parts, &mut notes)?;
        let existing = match publishes {
            Some(Publishes::Release) => None,
            Some(Publishes::Verify) => {
                Some(found.unwrap_or(Existing::Workflow("your release workflow".to_string())))
            }
            None => found,
        };
        let below = project.source.workspace.components();
        let prefix = below.map(|c| format!("{}/", c.as_os_str().to_string_lossy()));
        let prefix: String = prefix.filter(|c| c != "./").collect();
        let pin = Pin::of(install, root)?;
        if matches!(pin, Pin::Archive(_)) && parts.iter().any(|p| !p.name.ends_with("linux-x86_64"))
        {
            return Err(usage(
                "--install: the archive is for Linux x86_64, and there are targets for other platforms: give a commit",
            ));
        }
        Ok(Facts {
            name,
            build_name: project.name.clone(),
            selection: project.request.selection.clone(),
            targets,
            local,
            parts,
            made,
            archive,
            include: include(&copy)?,
            toolchain: Toolchain::of(project, &root.join(&project.source.package), &mut notes)?,
            prefix,
            url,
            branch: branch(root),
            pin,
            build_file: match existing {
                Some(_) => "reproducible-build.yml",
                None => existing::release_file(root)?,
            },
            base_digest: existing::base_digest(&workspace)?,
            existing,
            base,
            inject: project.request.inject.name(),
            same_path: project.request.same_path,
            notes,
        })
    }
}

/// The targets of a release: those given, else those that the metadata has, else cargo-dist's.
fn targets(
    project: &Project,
    given: &[String],
    defaults: &Defaults,
    existing: Option<&Existing>,
) -> Result<Vec<String>> {
    let release = defaults.release_targets()?;
    Ok(match existing {
        _ if !given.is_empty() => given.to_vec(),
        _ if !release.is_empty() => release,
        Some(Existing::CargoDist { targets, .. }) if !targets.is_empty() => targets.clone(),
        _ => project.targets(),
    })
}

/// What the project is called, the name of an archive of several packages, and the packages that have one
/// of their own each: those of one version are released together.
fn layout(
    made: &Made,
    called: &str,
    notes: &mut Vec<String>,
) -> (String, Option<String>, Vec<String>) {
    let names: Vec<String> = made.packages.iter().map(|(name, _)| name.clone()).collect();
    match &made.packages[..] {
        [] => (called.to_string(), None, Vec::new()),
        [(name, _)] => (name.clone(), None, Vec::new()),
        [(_, first), rest @ ..] if rest.iter().all(|(_, version)| version == first) => {
            notes.push(format!(
                "{} have one version, so there is one archive for each target, `{called}-{first}-TARGET`; `name` in metadata.repro.archive changes its name",
                names.join(", ")
            ));
            (called.to_string(), Some(called.to_string()), Vec::new())
        }
        _ => {
            notes.push(format!(
                "{} have versions of their own, so each has an archive of its own",
                names.join(", ")
            ));
            (called.to_string(), None, names)
        }
    }
}

/// Has the first job for Linux make the image that `metadata.repro.image` describes; returns what its base
/// is fetched from.
fn image(
    defaults: &Defaults,
    parts: &mut [Part],
    notes: &mut Vec<String>,
) -> Result<Option<String>> {
    let wishes = defaults.image()?;
    let Some(part) = parts.iter_mut().find(|p| p.is_linux()) else { return Ok(None) };
    let [base] = &wishes.base[..] else { return Ok(None) };
    let mut formats = defaults.archive()?.formats;
    if formats.is_empty() {
        formats.push("tar.gz".to_string());
    }
    if !formats.iter().any(|f| f == OCI) {
        formats.push(OCI.to_string());
    }
    let formats = format!("--format {}", formats.join(","));
    if base == SCRATCH {
        part.pack = formats;
        return Ok(None);
    }
    const NAME: &str = "org.opencontainers.image.base.name";
    let Some(name) = wishes.labels.get(NAME).filter(|n| is_reference(n)) else {
        notes.push(format!(
            "the workflow makes no image: add the label `{NAME}` to metadata.repro.image, with the name of the base (`docker.io/library/debian`), and run `repro init` again"
        ));
        return Ok(None);
    };
    part.pack = format!("{formats} --base target/repro-base");
    let name = name.split_once('@').map_or(&**name, |(name, _)| name);
    // A tag and a digest are one too many.
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    Ok(Some(format!("{name}@{base}")))
}

/// It is written into a script.
fn is_reference(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b))
}

/// What people expect next to a program, and licenses ask for.
fn include(copy: &Path) -> Result<Vec<String>> {
    const STARTS: &[&str] =
        &["readme", "license", "licence", "copying", "unlicense", "copyright", "notice"];
    let mut found = Vec::new();
    for name in fs::entries(copy)? {
        let Ok(name) = name.into_string() else { continue };
        let small = name.to_lowercase();
        let stem = small.split(['.', '-', '_']).next().unwrap_or_default();
        // A name with these characters is a pattern.
        let plain = !name.contains(['*', '?', '[', '=']);
        if plain && STARTS.contains(&stem) && fs::lstat(&copy.join(&name))?.is_file() {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

/// The branch that the remote's clones begin on, else the usual one.
fn branch(root: &Path) -> String {
    let head = ["symbolic-ref", "--short", "refs/remotes/origin/HEAD"];
    let name = crate::git::try_text(root, head).ok().flatten();
    let name = name.as_deref().and_then(|n| n.strip_prefix("origin/"));
    name.filter(|n| is_reference(n)).unwrap_or("main").to_string()
}

fn last_of(url: &str) -> String {
    let last = url.rsplit(['/', ':']).next().unwrap_or(url);
    last.trim_end_matches(".git").to_string()
}

/// Programs and C libraries, by name, and the packages that have any.
pub(super) struct Made {
    pub(super) bins: Vec<String>,
    pub(super) libraries: Vec<String>,
    /// Names and versions.
    pub(super) packages: Vec<(String, String)>,
}

impl Made {
    /// Those of the selected packages, from manifests alone.
    fn of(project: &Project) -> Result<Made> {
        let manifest = project.run_dir().join("Cargo.toml");
        let metadata = project.source.cargo.metadata(&manifest)?;
        let selection = &project.request.selection;
        let (mut bins, mut libraries, mut packages) = (Vec::new(), Vec::new(), Vec::new());
        for package in selected(&metadata, &manifest, selection) {
            let on = enabled(package, selection);
            let before = bins.len() + libraries.len();
            for target in &package.targets {
                let built = target.required_features.iter().all(|f| on.contains(f));
                let chosen = match selection.bins.is_empty() {
                    true => !selection.lib,
                    false => selection.bins.contains(&target.name),
                };
                if target.kind.contains(&TargetKind::Bin) && built && chosen {
                    bins.push(target.name.clone());
                }
                let c = [TargetKind::CDyLib, TargetKind::StaticLib];
                if target.kind.iter().any(|k| c.contains(k)) {
                    libraries.push(target.name.clone());
                }
            }
            if bins.len() + libraries.len() > before {
                packages.push((package.name.to_string(), package.version.to_string()));
            }
        }
        bins.sort();
        libraries.sort();
        packages.sort();
        Ok(Made { bins, libraries, packages })
    }

    /// Whether there is anything that a release could hold.
    pub(super) fn ships(&self) -> bool {
        !self.packages.is_empty()
    }
}

/// The packages that cargo builds in the directory of a manifest.
fn selected<'a>(
    metadata: &'a Metadata,
    manifest: &Path,
    selection: &Selection,
) -> Vec<&'a Package> {
    let canonical = |p: &Path| fs::canonicalize(p).unwrap_or_else(|_| p.to_owned());
    let root = metadata.workspace_root.as_std_path().join("Cargo.toml");
    let mut packages = metadata.workspace_packages();
    let at_root = canonical(&root) == canonical(manifest);
    if !selection.packages.is_empty() {
        let name = |n: &String| n.split('@').next().unwrap_or(n).to_string();
        let names: Vec<String> = selection.packages.iter().map(name).collect();
        packages.retain(|p| names.iter().any(|n| *n == p.name.as_str()));
    } else if at_root && !selection.workspace {
        packages = metadata.workspace_default_packages();
    } else if !selection.workspace {
        packages.retain(|p| canonical(p.manifest_path.as_std_path()) == canonical(manifest));
    }
    packages
}

/// The features of a package that the selection turns on, and what those turn on.
fn enabled(package: &Package, selection: &Selection) -> BTreeSet<String> {
    if selection.all_features {
        return package.features.keys().cloned().collect();
    }
    let given = selection.features.iter().flat_map(|f| f.split([',', ' ']));
    let own = format!("{}/", package.name);
    let given = given.map(|f| f.strip_prefix(&own).unwrap_or(f).to_string());
    let mut open: Vec<String> = given.collect();
    if !selection.no_default_features {
        open.push("default".to_string());
    }
    let mut on = BTreeSet::new();
    while let Some(feature) = open.pop() {
        if on.insert(feature.clone()) {
            open.extend(package.features.get(&feature).into_iter().flatten().cloned());
        }
    }
    on
}

/// The address of a repository as runners clone it: that is part of the manifest. One that is of this
/// machine, or has a password, is none for others.
fn public(remote: &str) -> Option<String> {
    git_url::check_foreign(remote).ok()?;
    let github = ["git@github.com:", "ssh://git@github.com/", "https://github.com/"];
    if let Some(path) = github.iter().find_map(|start| remote.strip_prefix(start)) {
        let path = path.trim_end_matches('/').trim_end_matches(".git");
        return Some(format!("https://github.com/{path}"));
    }
    match remote.split_once("://") {
        Some((scheme, rest)) if scheme.starts_with("http") => {
            let (authority, path) = rest.split_once('/')?;
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            match scheme {
                _ if host == "github.com" => public(&format!("https://github.com/{path}")),
                _ => Some(format!("{scheme}://{host}/{path}")),
            }
        }
        _ => Some(remote.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_are_written_as_runners_clone_them() {
        for remote in [
            "git@github.com:a/b.git",
            "https://github.com/a/b",
            "ssh://git@github.com/a/b.git",
            "https://me:secret@github.com/a/b.git",
        ] {
            assert_eq!(public(remote).unwrap(), "https://github.com/a/b");
        }
        assert_eq!(public("https://me:secret@host/x.git").unwrap(), "https://host/x.git");
        assert_eq!(public("git@host:a/x.git").unwrap(), "git@host:a/x.git");
        for local in ["/home/me/x", "../x", "file:///home/me/x", "ext::sh -c x"] {
            assert_eq!(public(local), None, "{local}");
        }
    }

    #[test]
    fn packages_of_one_version_are_one_archive() {
        let packages = |versions: &[&str]| {
            let rows = versions.iter().zip(["a", "b", "c"]);
            let packages = rows.map(|(v, n)| (n.to_string(), v.to_string())).collect();
            let made = Made { bins: Vec::new(), libraries: Vec::new(), packages };
            let (_, archive, alone) = layout(&made, "tools", &mut Vec::new());
            (archive, alone.len())
        };
        assert_eq!(packages(&["1.0.0"]), (None, 0));
        assert_eq!(packages(&["1.0.0", "1.0.0", "1.0.0"]), (Some("tools".to_string()), 0));
        assert_eq!(packages(&["1.0.0", "1.0.0", "1.1.0"]), (None, 3));
    }
}
