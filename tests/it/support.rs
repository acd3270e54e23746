//! Projects copied from `tests/fixtures` into a directory of their own, and runs of the binary
//! with an environment that the caller of the tests has no part in.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A copy of a fixture, with scratch space beside it.
pub struct Project {
    base: tempfile::TempDir,
    /// The directory of the project.
    pub dir: PathBuf,
}

/// What a run of `repro` left.
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The last line of standard output.
    pub fn last(&self) -> &str {
        self.stdout.lines().last().unwrap_or_default()
    }

    /// Standard output as one JSON value.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("{e}:\n{}\n{}", self.stdout, self.stderr))
    }

    /// Everything, for the message of a failed assertion.
    pub fn all(&self) -> String {
        format!("exit {:?}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

impl From<Output> for Run {
    fn from(out: Output) -> Run {
        Run {
            code: out.status.code(),
            stdout: String::from_utf8_lossy(&out.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (here, there) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&here, &there);
        } else if kind.is_symlink() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(std::fs::read_link(&here).unwrap(), &there).unwrap();
        } else {
            std::fs::copy(&here, &there).unwrap();
        }
    }
}

impl Project {
    /// A copy of a fixture, not in git.
    pub fn plain(fixture: &str) -> Project {
        let base = tempfile::Builder::new().prefix("it-").tempdir().unwrap();
        let dir = base.path().canonicalize().unwrap().join("project");
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        copy(&fixtures.join(fixture), &dir);
        std::fs::write(dir.join(".gitignore"), "target\n").unwrap();
        for name in ["tmp", "home"] {
            std::fs::create_dir(base.path().join(name)).unwrap();
        }
        // `init` looks for a tag there, and no test asks a server.
        let url = env!("CARGO_PKG_REPOSITORY");
        let none = format!("[url \"/none\"]\n\tinsteadOf = {url}\n");
        std::fs::write(base.path().join("home/.gitconfig"), none).unwrap();
        Project { base, dir }
    }

    /// A copy of a fixture, committed to a git repository.
    pub fn committed(fixture: &str) -> Project {
        let project = Project::plain(fixture);
        project.git(&["init", "-q"]);
        project.commit("as it was");
        project
    }

    /// The directory above the project, private to the test.
    pub fn base(&self) -> PathBuf {
        self.dir.parent().unwrap().to_owned()
    }

    /// The directory that the scratch directories of runs are made in.
    pub fn tmp(&self) -> PathBuf {
        self.base.path().join("tmp")
    }

    /// Where results appear.
    pub fn results(&self) -> PathBuf {
        self.dir.join("target/repro")
    }

    /// The manifest.
    pub fn manifest(&self) -> serde_json::Value {
        let text = std::fs::read_to_string(self.results().join("repro.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    pub fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.dir, args)
    }

    pub fn git_in(&self, dir: &Path, args: &[&str]) -> String {
        let out = self
            .command("git", dir)
            .args([
                "-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always",
                "-c", "init.defaultBranch=master",
            ])
            .args(args)
            .envs([
                ("GIT_COMMITTER_DATE", "1700000000 +0000"),
                ("GIT_AUTHOR_DATE", "1700000000 +0000"),
            ])
            .output()
            .unwrap();
        assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).trim().to_string()
    }

    /// A command in a clean environment: only what leads to the tools is kept.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(dir);
        for name in ["PATH", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "SYSTEMROOT", "LANG"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let home = std::env::home_dir().unwrap();
        let cargo_home = std::env::var_os("CARGO_HOME").map_or(home.join(".cargo"), PathBuf::from);
        let rustup = std::env::var_os("RUSTUP_HOME").map_or(home.join(".rustup"), PathBuf::from);
        command
            .env("CARGO_HOME", cargo_home)
            .env("RUSTUP_HOME", rustup)
            .env("HOME", self.base.path().join("home"))
            .env("TMPDIR", self.tmp())
            .env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    /// `repro` in the project's directory.
    pub fn command_repro(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_repro"), &self.dir);
        command.args(args);
        command
    }

    pub fn repro(&self, args: &[&str]) -> Run {
        self.repro_env(args, &[])
    }

    /// `repro`, after which nothing may be left in the scratch place.
    pub fn repro_env(&self, args: &[&str], env: &[(&str, &str)]) -> Run {
        let run = self.command_repro(args).envs(env.iter().copied()).output().unwrap();
        let left: Vec<_> = std::fs::read_dir(self.tmp()).unwrap().collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        run.into()
    }

    /// Runs the proven program and returns what it prints.
    pub fn proven(&self, name: &str) -> String {
        let path = self.results().join("artifacts").join(host()).join(name);
        let out = Command::new(&path).output().unwrap_or_else(|e| panic!("{path:?}: {e}"));
        String::from_utf8_lossy(&out.stdout).trim().to_string()
    }
}

/// The host triple.
pub fn host() -> String {
    rustc("host")
}

/// A line of `rustc -vV`.
pub fn rustc(key: &str) -> String {
    let out = Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let line = text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(": "));
    line.unwrap().to_string()
}

/// Asserts exit code and last line.
#[track_caller]
pub fn assert_verdict(run: &Run, code: i32, last: &str) {
    assert_eq!(run.code, Some(code), "{}", run.all());
    assert_eq!(run.last(), last, "{}", run.all());
}

/// `rustc --print sysroot`.
pub fn sysroot() -> std::path::PathBuf {
    let out = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    String::from_utf8_lossy(&out.stdout).trim().into()
}
