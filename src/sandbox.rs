//! A build without network and without the user's home: in user, mount, network, pid, ipc and
//! host-name namespaces, through bubblewrap (Linux).
//!
//! What is there is a list: the system's programs and libraries and the toolchain, all read-only, and
//! the directories of the build, with copies of the downloaded crates. Published files are not, so that a build script
//! cannot hand them out as if it had built them.

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
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc",
    "/opt",
    "/nix/store",
    "/gnu/store",
];

/// Whether a build is to run in a sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Where one can be made.
    #[default]
    Auto,
    /// Or not at all: `--sandbox`.
    Always,
    /// `--no-sandbox`.
    Never,
}

/// Whether a build ran in a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It did.
    On,
    /// It ran with the user's rights.
    Off,
}

impl State {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            State::On => "on",
            State::Off => "off",
        }
    }
}

/// What kept a build from the user's files and network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isolation {
    /// Whether anything did.
    pub state: State,
    /// Why nothing did.
    pub why: Option<String>,
}

impl Isolation {
    /// In a sandbox.
    pub const ON: Isolation = Isolation { state: State::On, why: None };

    fn off(why: String) -> Isolation {
        Isolation { state: State::Off, why: Some(why) }
    }
}

/// A sandbox that was seen to work.
#[derive(Clone, Debug)]
pub struct Sandbox {
    bubblewrap: PathBuf,
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
}

impl Sandbox {
    /// A sandbox in which `toolchain` can build what is below the directories `write`, which are
    /// there; `read` is what it may read besides. None where it is not wanted, or cannot be made.
    ///
    /// # Errors
    /// It must be made, and cannot: there is no bubblewrap here, or it may not make namespaces.
    pub fn choose(
        mode: Mode,
        toolchain: &Toolchain,
        read: Vec<PathBuf>,
        write: Vec<PathBuf>,
    ) -> Result<(Option<Sandbox>, Isolation)> {
        if mode == Mode::Never {
            return Ok((None, Isolation::off("switched off by `--no-sandbox`".to_string())));
        }
        match (Sandbox::new(toolchain, read, write), mode) {
            (Ok(sandbox), _) => Ok((Some(sandbox), Isolation::ON)),
            (Err(why), Mode::Always) => Err(host(format!(
                "`--sandbox`: no sandbox can be made: {why}; install bubblewrap and allow user namespaces, or pass `--no-sandbox` to run build scripts with your permissions"
            ))),
            (Err(why), _) => Ok((None, Isolation::off(why))),
        }
    }

    fn new(
        toolchain: &Toolchain,
        mut read: Vec<PathBuf>,
        write: Vec<PathBuf>,
    ) -> std::result::Result<Sandbox, String> {
        if !cfg!(target_os = "linux") {
            return Err("this system has no bubblewrap".to_string());
        }
        let missing = || "bubblewrap (`bwrap`) is not installed".to_string();
        let bubblewrap = find_in_path(BUBBLEWRAP).ok_or_else(missing)?;
        read.push(toolchain.sysroot.clone());
        read.extend(std::env::current_exe());
        read.retain(|p| p.exists());
        let sandbox = Sandbox { bubblewrap, read, write };
        match sandbox.around(Cmd::new("true"), Path::new("/")).output() {
            Ok(out) if out.status.success() => Ok(sandbox),
            Ok(out) => Err(format!("bubblewrap fails: {}", out.stderr.trim())),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The command, to be run in the sandbox in `dir`.
    pub fn around(&self, command: Cmd, dir: &Path) -> Cmd {
        let mut args: Vec<String> = [
            "--unshare-user",
            "--unshare-net",
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
            "--hostname",
            "sandbox",
            "--die-with-parent",
        ]
        .map(str::to_string)
        .to_vec();
        let mut bind = |how: &str, path: &Path| {
            let path = path.display().to_string();
            args.extend([how.to_string(), path.clone(), path]);
        };
        for path in SYSTEM.iter().map(Path::new).filter(|p| p.exists()) {
            bind("--ro-bind", path);
        }
        args.extend(["--proc", "/proc", "--dev", "/dev"].map(str::to_string));
        for empty in ["/tmp", "/var/tmp", "/run"] {
            args.extend(["--tmpfs".to_string(), empty.to_string()]);
        }
        let mut bind = |how: &str, path: &Path| {
            let path = path.display().to_string();
            args.extend([how.to_string(), path.clone(), path]);
        };
        self.read.iter().for_each(|p| bind("--ro-bind", p));
        self.write.iter().for_each(|p| bind("--bind", p));
        args.extend(["--chdir".to_string(), dir.display().to_string()]);
        command.within(&Cmd::new(&self.bubblewrap).args(args).arg("--"))
    }
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
    let further: Vec<PathBuf> = found
        .iter()
        .filter_map(|store| fs::read_text_if_any(&store.join("info/alternates")).ok()?)
        .flat_map(|list| list.lines().map(PathBuf::from).collect::<Vec<_>>())
        .filter(|p| p.is_absolute())
        .collect();
    found.extend(further);
    found.sort();
    found.dedup();
    Ok(found)
}
