//! An isolated build: in user, mount, network, pid, ipc and hostname namespaces of its own, through
//! bubblewrap (Linux). What it left running ends with it.
//!
//! It can write to its own directories and to private ones for temporary files, and to nothing else.
//! It can read the system and the toolchain, and for the user's own source the rest of this machine
//! as well ([`View`]). The scratch directory is hidden but for what is its own: neither the other
//! build nor published files are in reach, so a build script cannot hand them out as if it had built
//! them. Published files elsewhere in what it can read are masked.

pub mod start;

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::error::host;
use crate::fs;
use crate::process::{Cmd, find_in_path};
use crate::toolchain::Toolchain;

/// The program.
const BUBBLEWRAP: &str = "bwrap";
/// Where distributions keep programs, libraries and their settings.
const SYSTEM: &[&str] = &[
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix/store",
    "/gnu/store",
];

/// What each build has of its own: empty, and gone with it.
const PRIVATE: [&str; 4] = ["/tmp", "/var/tmp", "/run", "/dev/shm"];

/// Whether a build is to run in a sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// If bubblewrap works; otherwise the report lists what was not varied
    #[default]
    Auto,
    /// Fail if bubblewrap does not work
    Always,
    /// Build scripts run with your permissions and network
    Never,
}

/// Whether a build ran in a sandbox, which kept it from the user's files and network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isolation {
    /// Why it ran with the user's permissions instead, if it did.
    pub why: Option<String>,
}

impl Isolation {
    /// The name in reports.
    pub fn name(&self) -> &'static str {
        if self.why.is_none() { "on" } else { "off" }
    }
}

/// What of this machine a build can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The system's programs and libraries: the source is untrusted.
    System,
    /// Everything that is not writable for all: programs, linkers and libraries of the user's may be
    /// anywhere, and a build that misses one would have lost a setting.
    Machine,
}

/// What a command wants of a sandbox.
pub struct Wish {
    /// Whether there has to be one.
    pub mode: Mode,
    /// The options of the command: the one that requires a sandbox, and the one that switches it off.
    pub options: [&'static str; 2],
    /// What can be read besides the toolchain.
    pub view: View,
    /// Leave the network as it is.
    pub network: bool,
    /// Published files and directories, wherever they are: the build must not see them.
    pub published: Vec<PathBuf>,
}

impl Wish {
    /// For the source of someone else, which could hand out what is published as its own.
    pub fn of_verify(mode: Mode, published: Vec<PathBuf>) -> Wish {
        let options = ["--sandbox", "--no-sandbox"];
        Wish { mode, options, view: View::System, network: false, published }
    }
}

/// A sandbox that was seen to work.
#[derive(Clone, Debug)]
pub struct Sandbox {
    bubblewrap: PathBuf,
    /// This one.
    program: PathBuf,
    view: View,
    network: bool,
    /// The scratch directory: what is in it is hidden.
    scratch: PathBuf,
    /// Canonical paths of the build: directories that are created in the sandbox.
    made: Vec<PathBuf>,
    read: Vec<PathBuf>,
    masked: Vec<PathBuf>,
}

/// What one build has for itself in a sandbox.
#[derive(Clone, Debug, Default)]
pub struct Room {
    /// Directories that it may write: where they are on this machine, and where the build sees them.
    pub write: Vec<(PathBuf, PathBuf)>,
    /// Files and directories that it may read, in the same way.
    pub read: Vec<(PathBuf, PathBuf)>,
    /// Further ones, in this order: each may be in those before it.
    pub layers: Vec<Layer>,
    /// Directories of this machine that it must not see.
    pub hidden: Vec<PathBuf>,
    /// The hostname.
    pub hostname: Option<String>,
    /// The ids of user and group.
    pub user: Option<u32>,
    /// What is preloaded into the build, and not into bubblewrap.
    pub preload: Option<PathBuf>,
    /// How many process ids are used up before it starts.
    pub spent_ids: u32,
}

/// A directory or a file that a build sees in another one.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Where it is on this machine.
    pub from: PathBuf,
    /// Where the build sees it.
    pub to: PathBuf,
    /// Whether it may write there.
    pub write: bool,
}

impl Sandbox {
    /// A sandbox with this scratch directory, in which `toolchain` can build. It has the directories
    /// `made`, and `read` is what else the build has to see. None where it is not wanted, or cannot be
    /// made.
    ///
    /// # Errors
    /// It must be made, and cannot: there is no bubblewrap here, or it may not make namespaces.
    pub fn choose(
        wish: Wish,
        toolchain: &Toolchain,
        scratch: &Path,
        made: Vec<PathBuf>,
        read: Vec<PathBuf>,
    ) -> Result<(Option<Sandbox>, Isolation)> {
        let (mode, [always, never]) = (wish.mode, wish.options);
        let off = |why| Ok((None, Isolation { why: Some(why) }));
        if mode == Mode::Never {
            return off(format!("switched off by `{never}`"));
        }
        match (Sandbox::new(wish, toolchain, scratch, made, read), mode) {
            (Ok(sandbox), _) => Ok((Some(sandbox), Isolation { why: None })),
            (Err(why), Mode::Always) => Err(host(format!(
                "`{always}`: no sandbox can be made: {why}; install bubblewrap and allow user namespaces, or pass `{never}` to run build scripts with your permissions"
            ))),
            (Err(why), _) => off(why),
        }
    }

    fn new(
        wish: Wish,
        toolchain: &Toolchain,
        scratch: &Path,
        made: Vec<PathBuf>,
        mut read: Vec<PathBuf>,
    ) -> std::result::Result<Sandbox, String> {
        if !cfg!(target_os = "linux") {
            return Err("bubblewrap does not exist for this system".to_string());
        }
        let missing = || "bubblewrap is not installed: install the package bubblewrap".to_string();
        let bubblewrap = find_in_path(BUBBLEWRAP).ok_or_else(missing)?;
        read.push(toolchain.sysroot.clone());
        let program = std::env::current_exe().map_err(|e| e.to_string())?;
        read.push(program.clone());
        read.retain(|p| p.exists());
        let Wish { view, network, published, .. } = wish;
        let scratch = scratch.to_owned();
        let masked = masked(&published, &read);
        let sandbox = Sandbox { bubblewrap, program, view, network, scratch, made, read, masked };
        let room = Room { hostname: Some("sandbox".into()), user: Some(1000), ..Room::default() };
        // This program: any other may be what is published.
        let itself = Cmd::new(&sandbox.program).args(["--version"]);
        match sandbox.around(itself, Path::new("/"), &room).output() {
            Ok(out) if out.status.success() => Ok(sandbox),
            Ok(out) => Err(format!("bubblewrap fails: {}", out.stderr.trim())),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The command, to be run in the sandbox in `dir`.
    pub fn around(&self, command: Cmd, dir: &Path, room: &Room) -> Cmd {
        let mut args = Arguments::default();
        let always = ["user", "pid", "ipc", "uts"].iter().chain((!self.network).then_some(&"net"));
        always.for_each(|space| args.word(format!("--unshare-{space}")));
        // No input can be put into the user's terminal.
        args.words(&["--die-with-parent", "--new-session", "--hostname"]);
        args.word(room.hostname.as_deref().unwrap_or("sandbox"));
        if let Some(id) = room.user {
            let id = id.to_string();
            args.words(&["--uid", &id, "--gid", &id]);
        }
        self.machine(&mut args);
        args.words(&["--proc", "/proc", "--dev", "/dev"]);
        let private = PRIVATE.iter().map(Path::new).filter(|p| p.exists());
        private.for_each(|dir| args.path("--tmpfs", dir));
        let hidden = |p: &&PathBuf| self.view == View::System || self.hides(p);
        let wanted = self.read.iter().filter(hidden);
        let (inside, outside): (Vec<_>, Vec<_>) =
            wanted.partition(|p| p.starts_with(&self.scratch));
        outside.into_iter().for_each(|p| args.bind("--ro-bind", p, p));
        let seen = |dir: &&PathBuf| self.view == View::Machine && dir.is_dir() && !self.hides(dir);
        room.hidden.iter().filter(seen).for_each(|dir| args.path("--tmpfs", dir));
        // Whatever of the above has the scratch directory in it: neither the other build nor published
        // files are in reach.
        args.path("--tmpfs", &self.scratch);
        inside.into_iter().for_each(|p| args.bind("--ro-bind", p, p));
        room.write.iter().for_each(|(from, to)| args.bind("--bind", from, to));
        room.read.iter().for_each(|(from, to)| args.bind("--ro-bind", from, to));
        for layer in &room.layers {
            let how = if layer.write { "--bind" } else { "--ro-bind" };
            args.bind(how, &layer.from, &layer.to);
        }
        for path in &self.masked {
            match path.is_dir() {
                true => args.path("--tmpfs", path),
                false => args.bind("--ro-bind", Path::new("/dev/null"), path),
            }
        }
        if let Some(object) = &room.preload {
            args.words(&["--setenv", "LD_PRELOAD"]);
            args.word(object);
        }
        args.bind("--symlink", &self.program, Path::new(start::INSIDE));
        args.path("--chdir", dir);
        args.words(&["--", start::INSIDE]);
        args.word(room.spent_ids.to_string());
        command.within(&Cmd::new(&self.bubblewrap).args(args.0))
    }

    /// Whether builds in it have the network.
    pub fn has_network(&self) -> bool {
        self.network
    }

    /// The option that gives it to them.
    pub fn network_option(&self) -> &'static str {
        match self.view {
            View::System => self.off_option(),
            View::Machine => "--network",
        }
    }

    /// The option without which there is no sandbox.
    pub fn off_option(&self) -> &'static str {
        match self.view {
            View::System => "--no-sandbox",
            View::Machine => "--isolate never",
        }
    }

    /// What can be read of this machine.
    fn machine(&self, args: &mut Arguments) {
        if self.view == View::System {
            for path in SYSTEM.iter().map(Path::new).filter(|p| p.exists()) {
                args.bind("--ro-bind", path, path);
            }
            return;
        }
        // One by one: in a root directory that is bound whole bubblewrap would make the directories of
        // the build for real.
        let root = Path::new("/");
        for path in fs::entries(root).unwrap_or_default().iter().map(|name| root.join(name)) {
            let own = ["/proc", "/dev", "/tmp", "/run"].iter().any(|own| path == Path::new(own));
            if own || self.made.contains(&path) {
                continue;
            }
            match std::fs::read_link(&path) {
                Ok(to) => args.bind("--symlink", &to, &path),
                Err(_) => args.bind("--ro-bind", &path, &path),
            }
        }
    }

    /// Whether something of this machine is out of sight unless it is put back.
    fn hides(&self, path: &Path) -> bool {
        let made = self.made.iter().map(PathBuf::as_path);
        PRIVATE.iter().map(Path::new).chain(made).any(|dir| path.starts_with(dir) && path != dir)
    }
}

/// Where a build would see what is published: below directories that it can read, by each name that
/// they have. A directory with something in it that builds need stays, without the published files.
fn masked(published: &[PathBuf], read: &[PathBuf]) -> Vec<PathBuf> {
    let real = |path: &PathBuf| fs::canonicalize(path).ok();
    let system = SYSTEM.iter().map(PathBuf::from);
    let seen: Vec<(PathBuf, PathBuf)> =
        system.chain(read.iter().cloned()).filter_map(|p| Some((real(&p)?, p))).collect();
    let searched = std::env::var_os("PATH").unwrap_or_default();
    let searched: Vec<PathBuf> =
        std::env::split_paths(&searched).filter_map(|p| real(&p)).collect();
    let needed = |path: &Path| {
        let mut needed = seen.iter().map(|(real, _)| real).chain(&searched);
        if path.is_dir() { needed.any(|n| n.starts_with(path)) } else { needed.any(|n| n == path) }
    };
    let hidden = published.iter().filter_map(real).filter(|path| !needed(path));
    let each = hidden.flat_map(|path| {
        let below =
            |(real, seen): &(PathBuf, PathBuf)| Some(seen.join(path.strip_prefix(real).ok()?));
        seen.iter().filter_map(below).collect::<Vec<_>>()
    });
    // A directory hides what is in it, which could not be masked any more.
    let mut masked: Vec<PathBuf> = each.collect();
    masked.sort();
    masked.dedup();
    let all = masked.clone();
    masked.retain(|path| !path.ancestors().skip(1).any(|dir| all.iter().any(|p| p == dir)));
    masked
}

/// Arguments of bubblewrap.
#[derive(Default)]
struct Arguments(Vec<std::ffi::OsString>);

impl Arguments {
    fn word(&mut self, word: impl Into<std::ffi::OsString>) {
        self.0.push(word.into());
    }

    fn words(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(Into::into));
    }

    fn path(&mut self, how: &str, path: &Path) {
        self.word(how);
        self.word(path);
    }

    fn bind(&mut self, how: &str, from: &Path, to: &Path) {
        self.path(how, from);
        self.word(to);
    }
}

/// The files and directories that a text names by absolute paths: a list, flags of a compiler, a path.
pub fn named_paths(text: &str) -> Vec<PathBuf> {
    let ends = |c: char| c.is_whitespace() || ":=,;\u{1f}\"'".contains(c);
    let starts = text.match_indices('/').map(|(at, _)| at);
    let words = starts.filter_map(|at| {
        let before = text[..at].chars().next_back();
        // `-L/dir` and `-I/dir` besides words of their own.
        let opens = before.is_none_or(|c| ends(c) || "LIB".contains(c));
        opens.then(|| text[at..].split(ends).next().unwrap_or_default())
    });
    words.map(PathBuf::from).filter(|p| p.parent().is_some() && p.exists()).collect()
}

/// Stores of git objects that copies in `root` borrow from.
pub fn borrowed_objects(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for (path, meta) in fs::walk(root, &mut |_| true)? {
        if meta.is_dir() && path.file_name() == Some(".git".as_ref()) {
            let list = fs::read_text_if_any(&path.join("objects/info/alternates"))?;
            let list = list.unwrap_or_default();
            found.extend(list.lines().map(PathBuf::from));
        }
    }
    // The list of a repository may have come with it in a download, and can name any directory.
    let is_store = |path: &PathBuf| {
        let real = fs::canonicalize(path).unwrap_or_default();
        real.ends_with("objects") && real.with_file_name("HEAD").is_file()
    };
    let further: Vec<PathBuf> = found
        .iter()
        .filter_map(|store| fs::read_text_if_any(&store.join("info/alternates")).ok()?)
        .flat_map(|list| list.lines().map(PathBuf::from).collect::<Vec<_>>())
        .filter(|p| p.is_absolute() && is_store(p))
        .collect();
    found.extend(further);
    found.sort();
    found.dedup();
    Ok(found)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_masked_below_all_that_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(dir.path()).unwrap();
        let at = |path: &str| root.join(path);
        for file in ["opt/release/app", "opt/tools/cc", "home/app"] {
            fs::write(&at(file), "x").unwrap();
        }
        fs::symlink(&at("opt"), &at("lib"), true).unwrap();
        fs::symlink(&at("opt/release/app"), &at("app"), false).unwrap();
        let hidden = |published: &[&str], read: &[&str]| {
            let paths = |of: &[&str]| of.iter().map(|p| at(p)).collect::<Vec<_>>();
            let found = masked(&paths(published), &paths(read));
            let short = |p: &PathBuf| p.strip_prefix(&root).unwrap().display().to_string();
            found.iter().map(short).collect::<Vec<_>>()
        };
        // By each name of the directory, and through a link; what is out of sight stays so.
        let both = ["lib/release/app", "opt/release/app"];
        assert_eq!(hidden(&["app", "home/app"], &["opt", "lib"]), both);
        assert_eq!(hidden(&["opt/release", "app"], &["opt"]), ["opt/release"]);
        assert_eq!(hidden(&["gone"], &["opt"]), [""; 0]);
        // What the build needs stays.
        assert_eq!(hidden(&["opt", "app"], &["opt", "opt/tools/cc"]), ["opt/release/app"]);
        assert_eq!(hidden(&["opt/tools/cc"], &["opt", "opt/tools/cc"]), [""; 0]);
    }
}
