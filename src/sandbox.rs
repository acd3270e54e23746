//! A build without network and without the user's home: in user, mount, network, pid, ipc and
//! host-name namespaces, through bubblewrap (Linux).
//!
//! What is there is a list: the system's programs and libraries, the toolchain, downloaded crates,
//! all read-only, and the directories of the build. Published files are not, so that a build script
//! cannot hand them out as if it had built them.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::error::host;
use crate::fs;
use crate::process::Cmd;
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
/// What a build reads in the user's CARGO_HOME.
const CARGO_HOME: &[&str] = &["registry/index", "registry/cache", "git/db"];
/// Cargo's lock in it, which is opened for writing and never read.
const CARGO_LOCK: &str = ".package-cache";

/// A sandbox that was seen to work.
#[derive(Clone, Debug)]
pub struct Sandbox {
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
}

impl Sandbox {
    /// A sandbox in which `toolchain` can build what is below the directories `write`, which are
    /// there; `read` is what it may read besides.
    ///
    /// # Errors
    /// There is no bubblewrap here, or it may not make namespaces.
    pub fn new(
        toolchain: &Toolchain,
        cargo_home: Option<&Path>,
        mut read: Vec<PathBuf>,
        mut write: Vec<PathBuf>,
    ) -> Result<Sandbox> {
        read.push(toolchain.sysroot.clone());
        read.extend(std::env::current_exe());
        if let Some(home) = cargo_home {
            read.extend(CARGO_HOME.iter().map(|below| home.join(below)));
            write.push(home.join(CARGO_LOCK));
        }
        read.retain(|p| p.exists());
        write.retain(|p| p.exists());
        let sandbox = Sandbox { read, write };
        let tried = sandbox.around(Cmd::new("true"), Path::new("/")).output();
        let why = match tried {
            Ok(out) if out.status.success() => return Ok(sandbox),
            Ok(out) => out.stderr.trim().to_string(),
            Err(_) if !cfg!(target_os = "linux") => "there is none on this system".to_string(),
            Err(_) => "bubblewrap (`bwrap`) is not installed".to_string(),
        };
        Err(host(format!(
            "no sandbox can be made here: {why}; install bubblewrap and allow user namespaces, or leave out --sandbox"
        )))
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
        command.within(&Cmd::new(BUBBLEWRAP).args(args).arg("--"))
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
