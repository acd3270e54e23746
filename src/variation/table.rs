//! The table of variations, and of what no run varies. One row drives `--vary`, `--list-variations`, the
//! explanations, the report and the manifest: it says what carries the variation into a build,
//! which cause it is found as, and its value on each side.

use std::fmt;
use std::path::{Path, PathBuf};

use repro_explain::cause::Cause;
use repro_explain::finding::About;

use super::canaries::{CLOCK_OFFSET, Canaries};
use super::side::Side;
use super::value::Value;

/// One row of the table.
pub struct Variation {
    /// Which.
    pub id: VariationId,
    /// Its name on the command line and in reports.
    pub text: &'static str,
    /// What differs between the builds.
    pub about: &'static str,
    /// What the machine must have.
    pub needs: Need,
    /// What brings it into a build; a run that lacks some of these varies it in part.
    pub carriers: &'static [Carrier],
    /// What a difference is found as that holds one of the values.
    pub cause: Cause,
    /// What the value is called in explanations.
    pub label: &'static str,
    /// Which remedy fits what shows its value, or what only it changes.
    pub kind: About,
    /// The directory that builds of everyone can have in common, `{name}` for the project's name.
    pub(super) canonical: Option<&'static str>,
    /// The value of one side, which no other side has.
    pub(super) value: fn(&Canaries, Side) -> Value,
}

/// What brings a variation into a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A directory of its own for each side, and the variables that lead to it.
    Directory(&'static [&'static str]),
    /// Environment variables: these, or one with a name of its own.
    Variables(&'static [&'static str]),
    /// What these variables lead to: a value of theirs that is kept, and something besides.
    Within(&'static [&'static str]),
    /// The umask of the build's processes.
    Umask,
    /// The number of jobs that cargo is given.
    Jobs,
    /// The times of the source files.
    Mtime,
    /// Copies whose directories the file system lists in another order.
    Copies,
    /// The toolchain at another path.
    Toolchain,
    /// The preloaded object, which stands in for system calls.
    Preload,
    /// Namespaces of the kernel.
    Namespace,
}

impl Carrier {
    /// Its variables.
    pub fn variables(self) -> &'static [&'static str] {
        match self {
            Carrier::Directory(names) | Carrier::Variables(names) => names,
            _ => &[],
        }
    }
}

/// What the machine must have for a variation to be applied, or to be applied wholly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// A system with a umask.
    Unix,
    /// A dynamic linker that preloads.
    Glibc,
    /// Namespaces, which bubblewrap makes.
    Bubblewrap,
    /// The same, for what is not read from variables.
    BubblewrapForFiles,
    /// A dynamic linker that preloads, and namespaces for what system calls do not tell.
    GlibcAndBubblewrap,
    /// A locale that sorts differently.
    OtherLocale,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Need::Nothing => "",
            Need::Unix => "Unix",
            Need::Glibc => "glibc on Linux",
            Need::Bubblewrap => "bubblewrap on Linux",
            Need::BubblewrapForFiles => "bubblewrap on Linux for what is not in variables",
            Need::GlibcAndBubblewrap => "glibc on Linux, and bubblewrap for the rest",
            Need::OtherLocale => "a locale other than C for a different collation; else B has C",
        })
    }
}

/// What all builds have in common, whatever is varied: one machine, and one tree of its files.
pub struct Shared {
    /// Its name in reports.
    pub text: &'static str,
    /// What it is.
    pub about: &'static str,
}

macro_rules! shared {
    ($($text:literal: $about:literal;)*) => {
        &[$(Shared { text: $text, about: $about }),*]
    };
}

/// What no run varies.
pub const SHARED: &[Shared] = shared! {
    "cpu-model": "model, speed, features and caches of the CPU; target-cpu=native";
    "memory": "size of memory, swap and pages: sysinfo, sysconf, /proc/meminfo";
    "devices": "disks and the room on them, network devices and their addresses, file systems, /sys";
    "boot": "time since boot, load, /proc/cmdline, /proc/sys, control groups, address randomization";
    "process": "limits, priority, signals, groups, terminal, numbers of open files (CARGO_MAKEFLAGS), number of processes";
    "tool-variables": "variables that lead to tools and files of this machine: RUSTUP_HOME, SSL_CERT_FILE, JAVA_HOME";
    "installed-software": "files of this machine in /usr, /etc and elsewhere: compilers, libraries, os-release, localtime; services with a socket or pipe there";
    "git-refs": "both builds are in a repository with a detached HEAD: branch, tags, remotes, depth of the clone, path of the repository";
    "file-times": "times that the kernel gives to new files, for programs that the preload shim does not reach";
    "direct-calls": "clock, kernel and CPUs for programs that call the kernel themselves or read /proc/self";
};

/// Rows: the variation, its name, and what differs; what the machine must have, what carries it, and the
/// directory of everyone; the cause, what the value is called, which remedy fits, and the value of one side.
macro_rules! variations {
    ($($id:ident: $text:literal, $about:literal; needs $needs:ident; by [$($carrier:ident $(($names:expr))?),*]
        $(at $canonical:literal)?; found as $cause:ident, $label:literal $(, $kind:ident)?: $value:expr;)*) => {
        /// What differs. The order is that of the table and of the reports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum VariationId {
            $(#[doc = $about] $id),*
        }

        /// The table.
        pub const VARIATIONS: &[Variation] = &[$(Variation {
            id: VariationId::$id,
            text: $text,
            about: $about,
            needs: Need::$needs,
            carriers: &[$(Carrier::$carrier $(($names))?),*],
            cause: Cause::$cause,
            label: $label,
            kind: [$(About::$kind,)? About::Anything][0],
            canonical: [$(Some($canonical),)? None][0],
            value: $value,
        }),*];
    };
}

variations! {
    BuildPath: "build-path", "absolute path of the source, in length and depth";
        needs Nothing; by [Directory(&[]), Within(&["GIT_CEILING_DIRECTORIES"])] at "/build/{name}";
        found as BuildPath, "directory of the source", Directory: Canaries::source;
    CargoHome: "cargo-home", "absolute path of CARGO_HOME, with directories of its own for the sources in it";
        needs Nothing; by [Directory(&["CARGO_HOME"])] at "/cargo";
        found as BuildPath, "CARGO_HOME", CargoHome: |c, side| c.dir(side, "cargo-home", "of/the/other");
    TargetDir: "target-dir", "absolute path of the target directory, and so of OUT_DIR";
        needs Nothing; by [Directory(&["CARGO_TARGET_DIR", "CARGO_BUILD_BUILD_DIR"])] at "/build/{name}/target";
        found as BuildPath, "target directory", Directory: |c, side| c.dir(side, "target-dir", "elsewhere");
    ToolchainPath: "toolchain-path", "absolute path of the toolchain: cargo, rustc, the sources of the standard library";
        // No name of a project begins so.
        needs Bubblewrap; by [Toolchain] at "/build/.toolchain";
        found as BuildPath, "directory of the toolchain", Toolchain: |c, side| match (&c.toolchain, side) {
            (None, _) => Value::Nothing,
            (Some(real), Side::A) => Value::Path(real.clone()),
            (Some(_), _) => c.dir(side, "toolchain-path", "of/the/other"),
        };
    SearchPath: "search-path", "PATH: longer and, where the same programs are found first, in a different order";
        needs Nothing; by [Within(&["PATH"])];
        found as Environment, "directory added to PATH", SearchPath: |c, side| match side {
            Side::A => Value::Nothing,
            _ => c.dir_in(&c.scratch, side, "search-path", "bin"),
        };
    Home: "home", "HOME (USERPROFILE), an empty directory";
        needs Nothing; by [Directory(&["HOME", "USERPROFILE"])] at "/tmp/home";
        found as Home, "HOME": |c, side| c.dir(side, "home", "another");
    Tmpdir: "tmpdir", "TMPDIR (TEMP, TMP), an empty directory";
        needs Nothing; by [Directory(&["TMPDIR", "TEMP", "TMP"])] at "/tmp/build";
        found as BuildPath, "TMPDIR", TempDir: |c, side| match c.apart.as_ref().and_then(|dir| dir.strip_prefix("/").ok()) {
            Some(below) if side != Side::A => {
                c.dir_in(&Path::new("/tmp").join(below), side, "tmp", "another")
            }
            _ => c.dir(side, "tmp", "another"),
        };
    Username: "username", "user name in USER, LOGNAME, USERNAME and /etc/passwd";
        needs BubblewrapForFiles; by [Variables(&["USER", "LOGNAME", "USERNAME"]), Namespace];
        found as Username, "user name": |c, side| c.name(side, "user");
    UserId: "user-id", "ids of user and group, and so the owner of files; neither is root";
        needs Bubblewrap; by [Namespace];
        found as UserId, "user id": |_, side| match side {
            Side::A => Value::Count(1000),
            Side(k) => Value::Count(48_112 + 919 * u32::from(k) - 918),
        };
    Hostname: "hostname", "hostname in HOSTNAME, HOST, COMPUTERNAME, gethostname, uname, /proc and /etc";
        needs BubblewrapForFiles; by [Variables(&["HOSTNAME", "HOST", "COMPUTERNAME"]), Preload, Namespace];
        found as Hostname, "hostname": |c, side| c.name(side, "host");
    Kernel: "kernel", "release and version of the kernel in uname and /proc";
        needs GlibcAndBubblewrap; by [Preload, Namespace];
        // Older than what builds run on: nothing is missing that programs then take to be there.
        found as Kernel, "kernel release": |c, side| match (side, c.name(side, "0")) {
            (Side::A, name) => Value::Text(format!("5.10.{name}")),
            (Side(k), name) => Value::Text(format!("6.{k}.{name}")),
        };
    Timezone: "timezone", "TZ";
        needs Nothing; by [Variables(&["TZ"])];
        found as Timezone, "TZ": |_, side| match side {
            Side::A => Value::Text("UTC".into()),
            Side(k) => {
                let east = 825 - 61 * (i32::from(k) - 1);
                let sign = if east > 0 { '-' } else { '+' };
                let (hours, minutes) = (east.abs() / 60, east.abs() % 60);
                Value::Text(format!("RP{}{sign}{hours:02}:{minutes:02}", side.label()))
            }
        };
    Locale: "locale", "LC_ALL and LANG";
        needs OtherLocale; by [Variables(&["LC_ALL", "LANG"])];
        found as Locale, "LC_ALL": |c, side| Value::Text(c.locale(side));
    Umask: "umask", "permissions that new files do not get, source files included";
        needs Unix; by [Umask];
        found as Umask, "umask": |_, side| match side {
            Side::A => Value::Mask(0o022),
            Side::B => Value::Mask(0o027),
            Side(k) => Value::Mask(0o077 - (u32::from(k) - 2)),
        };
    Jobs: "jobs", "number of parallel jobs, which build scripts see as NUM_JOBS";
        needs Nothing; by [Jobs];
        // Build scripts see this number; the jobserver decides how much runs at once.
        found as Parallelism, "number of jobs": |c, side| Value::Count(c.cpus + u32::from(side.0));
    CpuCount: "cpu-count", "CPUs in sched_getaffinity, sysconf, get_nprocs, /proc/cpuinfo, /proc/stat and /sys";
        needs GlibcAndBubblewrap; by [Preload, Namespace];
        found as Parallelism, "number of CPUs": |c, side| Value::Count(c.cpus + 3 * u32::from(side.0));
    SourceMtime: "source-mtime", "modification time of all source files, in seconds since 1970";
        needs Nothing; by [Mtime];
        found as SourceMtime, "time of the source files": |_, side| match side {
            Side::A => Value::Time(1_265_169_906),
            Side(k) => Value::Time(1_404_810_611 + 7_654_321 * (i64::from(k) - 1)),
        };
    DirectoryOrder: "directory-order", "order of directory entries: in readdir for all directories, and on a different file system for the sources";
        needs GlibcAndBubblewrap; by [Preload, Copies];
        found as Ordering, "order of directories": |_, side| Value::Order(u32::from(side.0));
    GitConfig: "git-config", "git settings in HOME: the user's name and address, in the reflog as well, the name of a first branch, dates";
        needs Nothing; by [Within(&["HOME"])];
        found as VcsState, "git setting of the user", GitSetting: |c, side| match side {
            Side::A => Value::Nothing,
            _ => c.name(side, "git"),
        };
    Environment: "environment", "a stray environment variable";
        needs Nothing; by [Variables(&[])];
        found as Environment, "a variable of the environment": |c, side| {
            let own = match side {
                Side::A => return Value::Variable(None),
                Side::B => c.token.clone(),
                _ => format!("{}_{}", side.lower(), c.token),
            };
            let name = format!("REPRO_STRAY_{}", own.to_uppercase());
            Value::Variable(Some((name, format!("stray-{own}"))))
        };
    Clock: "clock", "the time of day, by more than a year: clock_gettime, gettimeofday, time, and times of new files in stat";
        needs Glibc; by [Preload];
        found as Timestamp, "time of the build": |_, side| Value::Offset(CLOCK_OFFSET * i64::from(side.0));
}

impl VariationId {
    /// The variation of this name.
    pub fn named(name: &str) -> Option<VariationId> {
        VARIATIONS.iter().find(|row| row.text == name).map(|row| row.id)
    }

    /// The directory that builds of everyone can have in common, of a variation that is one.
    pub fn canonical(self, name: &str) -> Option<PathBuf> {
        Some(self.row().canonical?.replace("{name}", name).into())
    }

    /// Its row.
    pub fn row(self) -> &'static Variation {
        &VARIATIONS[self as usize]
    }
}

impl fmt::Display for VariationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().text)
    }
}

impl Variation {
    /// All variables that carry it.
    pub fn variables(&self) -> impl Iterator<Item = &'static str> {
        self.carriers.iter().flat_map(|c| c.variables().iter().copied())
    }

    /// Whether it is carried so.
    pub fn has(&self, fits: fn(&Carrier) -> bool) -> bool {
        self.carriers.iter().any(fits)
    }
}

/// The rows that are carried so.
pub fn carried_by(fits: fn(&Carrier) -> bool) -> impl Iterator<Item = &'static Variation> {
    VARIATIONS.iter().filter(move |row| row.has(fits))
}

/// The row whose carriers set an environment variable.
pub fn of_variable(name: &str) -> Option<&'static Variation> {
    VARIATIONS.iter().find(|row| row.variables().any(|v| v == name))
}
