//! The variations: what builds differ in on purpose, because it must not matter.
//!
//! One const table drives behavior, `--vary`, `--list-variations`, the explanations, the report and
//! the manifest: a row says what carries a variation into a build, which cause it is found as, and
//! its value on each side. The values are canaries: strings made for this run that occur nowhere else, so that
//! a differing byte range that holds them can be attributed. Which of them a run could apply is
//! decided in [`coverage`]; applying them is done by the steps above.

pub mod coverage;

use std::fmt;
use std::path::{Path, PathBuf};

use repro_explain::cause::Cause;

/// What differs. The order is that of the table and of the reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // The table below says what each is.
pub enum VariationId {
    BuildPath,
    CargoHome,
    TargetDir,
    ToolchainPath,
    SearchPath,
    Home,
    Tmpdir,
    Username,
    UserId,
    Hostname,
    Kernel,
    Timezone,
    Locale,
    Umask,
    Jobs,
    CpuCount,
    SourceMtime,
    DirectoryOrder,
    GitConfig,
    Environment,
    Clock,
}

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
    /// The value of one side, which no other side has.
    value: fn(&Canaries, Side) -> Value,
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

/// Seconds by which B's clock runs ahead of A's, C's of B's and so on: 400 days, 5 hours and 17 minutes.
/// The hour, the day of the month, the month and the year all differ, whenever the build is made.
pub const CLOCK_OFFSET: i64 = 400 * 86_400 + 5 * 3_600 + 17 * 60;

/// What the values of one run are made from.
#[derive(Clone, Debug)]
pub struct Canaries {
    /// The scratch directory of the run, canonical.
    pub scratch: PathBuf,
    /// Eight characters that no other run has.
    pub token: String,
    /// How many builds there are.
    pub sides: usize,
    /// CPUs of the host.
    pub cpus: u32,
    /// A locale of the host other than C, if it has one.
    pub locale: Option<String>,
    /// How many cargo config files of parent directories each copy carries; each takes a
    /// directory above the copy.
    pub outer_configs: usize,
    /// Where the toolchain is, if one side can have it elsewhere.
    pub toolchain: Option<PathBuf>,
    /// `<name>` in `/build/<name>`, where builds can be made at paths that are the same for everyone;
    /// a directory that is not varied is there.
    pub canonical: Option<String>,
    /// Where builds other than A see their directories, if that need not be below the scratch directory.
    pub apart: Option<PathBuf>,
}

impl Canaries {
    /// A directory of one side; all but A's are in `deeper`.
    fn dir(&self, side: Side, what: &str, deeper: &str) -> Value {
        let apart = self.apart.as_ref().filter(|_| side != Side::A);
        self.dir_in(apart.unwrap_or(&self.scratch), side, what, deeper)
    }

    fn dir_in(&self, root: &Path, side: Side, what: &str, deeper: &str) -> Value {
        let lower = side.lower();
        let dir = root.join(&lower).join(format!("{what}-{lower}-{}", self.token(side)));
        Value::Path(if side == Side::A { dir } else { dir.join(deeper) })
    }

    /// What no other run has, and no other side.
    fn token(&self, side: Side) -> String {
        let shift = |first: u8, count: u8, c: u8| first + (c - first + side.0) % count;
        let shifted = self.token.bytes().map(|c| match c {
            b'a'..=b'z' => shift(b'a', 26, c),
            b'0'..=b'9' => shift(b'0', 10, c),
            other => other,
        });
        shifted.map(char::from).collect()
    }

    /// The directory that others than A have theirs in, in a sandbox.
    pub fn place_apart(&self) -> PathBuf {
        PathBuf::from(format!("/{}/work", self.token(Side::B)))
    }

    /// The copy of the source, below a directory for each config file above it.
    fn source(&self, side: Side) -> Value {
        let Value::Path(mut path) = self.dir(side, "build-path", "some/levels/deeper") else {
            return Value::Nothing;
        };
        path.extend((0..self.outer_configs).map(|_| "outer"));
        Value::Path(path.join(if side == Side::A { "src" } else { "checkout" }))
    }

    /// A name of one side: `host-a-…`, `host-bb-…`.
    fn name(&self, side: Side, what: &str) -> Value {
        let letters = side.lower().repeat(usize::from(side.0).min(2) + 1);
        Value::Text(format!("{what}-{letters}-{}", self.token(side)))
    }

    /// A locale of one side: B's sorts otherwise where this machine has one that does, and the others
    /// are more spellings of C.
    fn locale(&self, side: Side) -> String {
        match (side, &self.locale) {
            (Side::A, _) => "C.UTF-8".to_string(),
            (Side::B, Some(other)) => other.clone(),
            (Side::B, None) => "C".to_string(),
            (Side(k), _) => {
                // The C library takes letters of the codeset in either case, with the hyphen or not.
                let bits = usize::from(k) - 2;
                let letter = |i: usize, c: char| match bits >> i & 1 {
                    0 => c,
                    _ => c.to_ascii_uppercase(),
                };
                let hyphen = if bits & 8 == 0 { "" } else { "-" };
                let codeset: String = "utf".char_indices().map(|(i, c)| letter(i, c)).collect();
                format!("C.{codeset}{hyphen}8")
            }
        }
    }
}

/// What all builds have in common, whatever is varied: one machine, and one tree of its files.
pub struct Shared {
    /// Its name in reports.
    pub text: &'static str,
    /// What it is.
    pub about: &'static str,
}

/// What no run varies.
pub const SHARED: &[Shared] = &[
    Shared {
        text: "cpu-model",
        about: "model, speed, features and caches of the CPU; target-cpu=native",
    },
    Shared {
        text: "memory",
        about: "size of memory, swap and pages: sysinfo, sysconf, /proc/meminfo",
    },
    Shared {
        text: "devices",
        about: "disks and the room on them, network devices and their addresses, file systems, /sys",
    },
    Shared {
        text: "boot",
        about: "time since boot, load, /proc/cmdline, /proc/sys, control groups, address randomization",
    },
    Shared {
        text: "process",
        about: "limits, priority, signals, groups, terminal, numbers of open files (CARGO_MAKEFLAGS), number of processes",
    },
    Shared {
        text: "tool-variables",
        about: "variables that lead to tools and files of this machine: RUSTUP_HOME, SSL_CERT_FILE, JAVA_HOME",
    },
    Shared {
        text: "installed-software",
        about: "files of this machine in /usr, /etc and elsewhere: compilers, libraries, os-release, localtime",
    },
    Shared {
        text: "git-refs",
        about: "both builds are in a repository with a detached HEAD: branch, tags, remotes, depth of the clone, path of the repository",
    },
    Shared {
        text: "file-times",
        about: "times that the kernel gives to new files, for programs that the preload shim does not reach",
    },
    Shared {
        text: "direct-calls",
        about: "clock, kernel and CPUs for programs that call the kernel themselves or read /proc/self",
    },
];

/// The table.
pub const VARIATIONS: &[Variation] = &[
    Variation {
        id: VariationId::BuildPath,
        text: "build-path",
        about: "absolute path of the source, in length and depth",
        needs: Need::Nothing,
        carriers: &[Carrier::Directory(&[]), Carrier::Within(&["GIT_CEILING_DIRECTORIES"])],
        cause: Cause::BuildPath,
        label: "directory of the source",
        value: Canaries::source,
    },
    Variation {
        id: VariationId::CargoHome,
        text: "cargo-home",
        about: "absolute path of CARGO_HOME, with directories of its own for the sources in it",
        needs: Need::Nothing,
        carriers: &[Carrier::Directory(&["CARGO_HOME"])],
        cause: Cause::BuildPath,
        label: "CARGO_HOME",
        value: |c, side| c.dir(side, "cargo-home", "of/the/other"),
    },
    Variation {
        id: VariationId::TargetDir,
        text: "target-dir",
        about: "absolute path of the target directory, and so of OUT_DIR",
        needs: Need::Nothing,
        carriers: &[Carrier::Directory(&["CARGO_TARGET_DIR", "CARGO_BUILD_BUILD_DIR"])],
        cause: Cause::BuildPath,
        label: "target directory",
        value: |c, side| c.dir(side, "target-dir", "elsewhere"),
    },
    Variation {
        id: VariationId::ToolchainPath,
        text: "toolchain-path",
        about: "absolute path of the toolchain: cargo, rustc, the sources of the standard library",
        needs: Need::Bubblewrap,
        carriers: &[Carrier::Toolchain],
        cause: Cause::BuildPath,
        label: "directory of the toolchain",
        value: |c, side| match (&c.toolchain, side) {
            (None, _) => Value::Nothing,
            (Some(real), Side::A) => Value::Path(real.clone()),
            (Some(_), _) => c.dir(side, "toolchain-path", "of/the/other"),
        },
    },
    Variation {
        id: VariationId::SearchPath,
        text: "search-path",
        about: "PATH: longer and, where the same programs are found first, in another order",
        needs: Need::Nothing,
        carriers: &[Carrier::Within(&["PATH"])],
        cause: Cause::Environment,
        label: "directory added to PATH",
        value: |c, side| match side {
            Side::A => Value::Nothing,
            _ => c.dir_in(&c.scratch, side, "search-path", "bin"),
        },
    },
    Variation {
        id: VariationId::Home,
        text: "home",
        about: "HOME (USERPROFILE), an empty directory",
        needs: Need::Nothing,
        carriers: &[Carrier::Directory(&["HOME", "USERPROFILE"])],
        cause: Cause::Home,
        label: "HOME",
        value: |c, side| c.dir(side, "home", "another"),
    },
    Variation {
        id: VariationId::Tmpdir,
        text: "tmpdir",
        about: "TMPDIR (TEMP, TMP), an empty directory",
        needs: Need::Nothing,
        carriers: &[Carrier::Directory(&["TMPDIR", "TEMP", "TMP"])],
        cause: Cause::BuildPath,
        label: "TMPDIR",
        value: |c, side| match c.apart.as_ref().and_then(|dir| dir.strip_prefix("/").ok()) {
            Some(below) if side != Side::A => {
                c.dir_in(&Path::new("/tmp").join(below), side, "tmp", "another")
            }
            _ => c.dir(side, "tmp", "another"),
        },
    },
    Variation {
        id: VariationId::Username,
        text: "username",
        about: "user name in USER, LOGNAME, USERNAME and /etc/passwd",
        needs: Need::BubblewrapForFiles,
        carriers: &[Carrier::Variables(&["USER", "LOGNAME", "USERNAME"]), Carrier::Namespace],
        cause: Cause::Username,
        label: "user name",
        value: |c, side| c.name(side, "user"),
    },
    Variation {
        id: VariationId::UserId,
        text: "user-id",
        about: "ids of user and group, and so the owner of files; neither is root",
        needs: Need::Bubblewrap,
        carriers: &[Carrier::Namespace],
        cause: Cause::UserId,
        label: "user id",
        value: |_, side| match side {
            Side::A => Value::Count(1000),
            Side(k) => Value::Count(48_112 + 919 * u32::from(k) - 918),
        },
    },
    Variation {
        id: VariationId::Hostname,
        text: "hostname",
        about: "host name in HOSTNAME, HOST, COMPUTERNAME, gethostname, uname, /proc and /etc",
        needs: Need::BubblewrapForFiles,
        carriers: &[
            Carrier::Variables(&["HOSTNAME", "HOST", "COMPUTERNAME"]),
            Carrier::Preload,
            Carrier::Namespace,
        ],
        cause: Cause::Hostname,
        label: "host name",
        value: |c, side| c.name(side, "host"),
    },
    Variation {
        id: VariationId::Kernel,
        text: "kernel",
        about: "release and version of the kernel in uname and /proc",
        needs: Need::GlibcAndBubblewrap,
        carriers: &[Carrier::Preload, Carrier::Namespace],
        cause: Cause::Kernel,
        label: "kernel release",
        // Older than what builds run on: nothing is missing that programs then take to be there.
        value: |c, side| match (side, c.name(side, "0")) {
            (Side::A, name) => Value::Text(format!("5.10.{name}")),
            (Side(k), name) => Value::Text(format!("6.{k}.{name}")),
        },
    },
    Variation {
        id: VariationId::Timezone,
        text: "timezone",
        about: "TZ",
        needs: Need::Nothing,
        carriers: &[Carrier::Variables(&["TZ"])],
        cause: Cause::Timezone,
        label: "TZ",
        value: |_, side| match side {
            Side::A => Value::Text("UTC".into()),
            Side(k) => {
                let east = 825 - 61 * (i32::from(k) - 1);
                let sign = if east > 0 { '-' } else { '+' };
                let (hours, minutes) = (east.abs() / 60, east.abs() % 60);
                Value::Text(format!("RP{}{sign}{hours:02}:{minutes:02}", side.label()))
            }
        },
    },
    Variation {
        id: VariationId::Locale,
        text: "locale",
        about: "LC_ALL and LANG",
        needs: Need::OtherLocale,
        carriers: &[Carrier::Variables(&["LC_ALL", "LANG"])],
        cause: Cause::Locale,
        label: "LC_ALL",
        value: |c, side| Value::Text(c.locale(side)),
    },
    Variation {
        id: VariationId::Umask,
        text: "umask",
        about: "permissions that new files do not get, those of the sources among them",
        needs: Need::Unix,
        carriers: &[Carrier::Umask],
        cause: Cause::Umask,
        label: "umask",
        value: |_, side| match side {
            Side::A => Value::Mask(0o022),
            Side::B => Value::Mask(0o027),
            Side(k) => Value::Mask(0o077 - (u32::from(k) - 2)),
        },
    },
    Variation {
        id: VariationId::Jobs,
        text: "jobs",
        about: "number of parallel jobs, which build scripts see as NUM_JOBS",
        needs: Need::Nothing,
        carriers: &[Carrier::Jobs],
        cause: Cause::Parallelism,
        label: "number of jobs",
        // What build scripts are told; how much runs at once is up to the jobserver.
        value: |c, side| Value::Count(c.cpus + u32::from(side.0)),
    },
    Variation {
        id: VariationId::CpuCount,
        text: "cpu-count",
        about: "CPUs in sched_getaffinity, sysconf, get_nprocs, /proc/cpuinfo, /proc/stat and /sys",
        needs: Need::GlibcAndBubblewrap,
        carriers: &[Carrier::Preload, Carrier::Namespace],
        cause: Cause::Parallelism,
        label: "number of CPUs",
        value: |c, side| Value::Count(c.cpus + 3 * u32::from(side.0)),
    },
    Variation {
        id: VariationId::SourceMtime,
        text: "source-mtime",
        about: "modification time of all source files, in seconds since 1970",
        needs: Need::Nothing,
        carriers: &[Carrier::Mtime],
        cause: Cause::SourceMtime,
        label: "time of the source files",
        value: |_, side| match side {
            Side::A => Value::Time(1_265_169_906),
            Side(k) => Value::Time(1_404_810_611 + 7_654_321 * (i64::from(k) - 1)),
        },
    },
    Variation {
        id: VariationId::DirectoryOrder,
        text: "directory-order",
        about: "order of directory entries: of all in readdir, of the sources by another file system",
        needs: Need::GlibcAndBubblewrap,
        carriers: &[Carrier::Preload, Carrier::Copies],
        cause: Cause::Ordering,
        label: "order of directories",
        value: |_, side| Value::Order(u32::from(side.0)),
    },
    Variation {
        id: VariationId::GitConfig,
        text: "git-config",
        about: "git settings in HOME: the user's name and address, the name of a first branch, dates",
        needs: Need::Nothing,
        carriers: &[Carrier::Within(&["HOME"])],
        cause: Cause::VcsState,
        label: "git setting of the user",
        value: |c, side| match side {
            Side::A => Value::Nothing,
            _ => c.name(side, "git"),
        },
    },
    Variation {
        id: VariationId::Environment,
        text: "environment",
        about: "a stray environment variable",
        needs: Need::Nothing,
        carriers: &[Carrier::Variables(&[])],
        cause: Cause::Environment,
        label: "a variable of the environment",
        value: |c, side| {
            let own = match side {
                Side::A => return Value::Variable(None),
                Side::B => c.token.clone(),
                _ => format!("{}_{}", side.lower(), c.token),
            };
            let name = format!("REPRO_STRAY_{}", own.to_uppercase());
            Value::Variable(Some((name, format!("stray-{own}"))))
        },
    },
    Variation {
        id: VariationId::Clock,
        text: "clock",
        about: "the time of day, by more than a year: clock_gettime, gettimeofday, time, and times of new files in stat",
        needs: Need::Glibc,
        carriers: &[Carrier::Preload],
        cause: Cause::Timestamp,
        label: "time of the build",
        value: |_, side| Value::Offset(CLOCK_OFFSET * i64::from(side.0)),
    },
];

impl VariationId {
    /// The directory that builds of everyone can have in common, of a variation that is one.
    pub fn canonical(self, name: &str) -> Option<PathBuf> {
        Some(match self {
            VariationId::BuildPath => Path::new("/build").join(name),
            VariationId::TargetDir => Path::new("/build").join(name).join("target"),
            VariationId::CargoHome => "/cargo".into(),
            // No name of a project begins so.
            VariationId::ToolchainPath => "/build/.toolchain".into(),
            VariationId::Home => "/tmp/home".into(),
            VariationId::Tmpdir => "/tmp/build".into(),
            _ => return None,
        })
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

/// The value of a variation on one side, by its kind. Displayed as reports print it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A directory.
    Path(PathBuf),
    /// A word of an environment variable.
    Text(String),
    /// Permission bits that new files do not get.
    Mask(u32),
    /// How many there are.
    Count(u32),
    /// Seconds since 1970.
    Time(i64),
    /// An environment variable, name and value; `None` if it is not set.
    Variable(Option<(String, String)>),
    /// Seconds by which the clock runs ahead.
    Offset(i64),
    /// An order of names: 0 as they are sorted, 1 reversed, more by digests. It never shows as such.
    Order(u32),
    /// Nothing is added.
    Nothing,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Path(path) => path.display().fmt(f),
            Value::Text(text) => f.write_str(text),
            Value::Mask(mask) => write!(f, "{mask:03o}"),
            Value::Count(n) => n.fmt(f),
            Value::Time(seconds) => seconds.fmt(f),
            Value::Variable(None) => f.write_str("(unset)"),
            Value::Order(0) => f.write_str("by name"),
            Value::Order(1) => f.write_str("by name, reversed"),
            Value::Order(n) => write!(f, "by a digest of the name and {n}"),
            Value::Nothing => f.write_str("(none)"),
            Value::Variable(Some((name, value))) => write!(f, "{name}={value}"),
            Value::Offset(0) => f.write_str("this machine's"),
            Value::Offset(seconds) => {
                let (days, hours) = (seconds / 86_400, seconds % 86_400 / 3_600);
                let minutes = seconds % 3_600 / 60;
                write!(f, "{days} days, {hours} hours and {minutes} minutes ahead")
            }
        }
    }
}

/// The value of one variation on each side, A's first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values(Vec<Value>);

impl Values {
    /// Of these sides, of which there is at least one.
    pub fn new(values: Vec<Value>) -> Values {
        assert!(!values.is_empty(), "there is always a build A");
        Values(values)
    }

    /// The value of one side; A's where only that was ever made.
    pub fn of(&self, side: Side) -> &Value {
        self.0.get(usize::from(side.0)).unwrap_or(&self.0[0])
    }

    /// The same for A and one other side, which is B there.
    pub fn between(&self, other: Side) -> Values {
        Values(vec![self.0[0].clone(), self.of(other).clone()])
    }

    /// A with B's value, and B with A's.
    pub fn swapped(&self) -> Values {
        Values(vec![self.of(Side::B).clone(), self.0[0].clone()])
    }

    /// The same with another value of one side.
    pub fn with(mut self, side: Side, value: Value) -> Values {
        if let Some(old) = self.0.get_mut(usize::from(side.0)) {
            *old = value;
        }
        self
    }

    /// All of them.
    pub fn all(&self) -> &[Value] {
        &self.0
    }

    /// The directory of one side; empty if this is none.
    pub fn path(&self, side: Side) -> &Path {
        match self.of(side) {
            Value::Path(path) => path,
            _ => Path::new(""),
        }
    }

    /// The number of one side, of whatever it is; 0 if this is none.
    pub fn number(&self, side: Side) -> i64 {
        match self.of(side) {
            Value::Mask(n) | Value::Count(n) | Value::Order(n) => i64::from(*n),
            Value::Time(n) | Value::Offset(n) => *n,
            _ => 0,
        }
    }

    /// Whether the sides differ.
    pub fn varied(&self) -> bool {
        self.0.iter().any(|value| *value != self.0[0])
    }
}

/// One of the builds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Side(u8);

/// What builds are called.
const LETTERS: &str = "ABCDEFGHIJKLMNOP";

impl Side {
    /// The build whose values are those of the recipe.
    pub const A: Side = Side(0);
    /// The first that differs from it on purpose.
    pub const B: Side = Side(1);
    /// As many as there can be.
    pub const MOST: usize = LETTERS.len();

    /// The first `n`, at most as many as have a letter.
    pub fn first(n: usize) -> impl Iterator<Item = Side> {
        (0..n.min(Side::MOST) as u8).map(Side)
    }

    /// `A`, `B`, ….
    pub fn label(self) -> &'static str {
        let i = usize::from(self.0);
        &LETTERS[i..=i]
    }

    /// The same as directories are named.
    pub fn lower(self) -> String {
        self.label().to_lowercase()
    }

    /// How many are before it.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Who chose the variations of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChosenBy {
    /// The user, with `--vary`.
    Flag,
    /// The project, in its own metadata: who reads the report must learn of it first.
    Project,
    /// Either of them, with `--same-path` or `same-path`: the verdict tells.
    SamePath,
}

/// What `--same-path` keeps at one path.
pub const SAME_PATH: [VariationId; 4] = [
    VariationId::BuildPath,
    VariationId::CargoHome,
    VariationId::TargetDir,
    VariationId::ToolchainPath,
];

impl ChosenBy {
    /// The name in JSON and in the manifest.
    pub fn name(self) -> &'static str {
        match self {
            ChosenBy::Flag => "flag",
            ChosenBy::Project => "project",
            ChosenBy::SamePath => "same-path",
        }
    }
}

/// Which variations are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariationSet {
    on: Vec<VariationId>,
    by: ChosenBy,
    /// Those that are off for another reason.
    fixed: Vec<VariationId>,
}

impl Default for VariationSet {
    fn default() -> VariationSet {
        VariationSet {
            on: VARIATIONS.iter().map(|v| v.id).collect(),
            by: ChosenBy::Flag,
            fixed: Vec::new(),
        }
    }
}

impl VariationSet {
    /// Parses `--vary`: `none`, `all`, names (only these), or names with `+` and `-` (changes of
    /// the default). The error is a sentence.
    pub fn of_flag(text: &str) -> Result<VariationSet, String> {
        VariationSet::parse(text, ChosenBy::Flag)
    }

    /// Parses the same of the project's metadata.
    pub fn of_project(text: &str) -> Result<VariationSet, String> {
        VariationSet::parse(text, ChosenBy::Project)
    }

    fn parse(text: &str, by: ChosenBy) -> Result<VariationSet, String> {
        let all = VariationSet::default().on;
        match text {
            "none" => return Ok(VariationSet { on: Vec::new(), by, fixed: Vec::new() }),
            "all" => return Ok(VariationSet { on: all, by, fixed: Vec::new() }),
            _ => {}
        }
        let items: Vec<&str> = text.split(',').map(str::trim).collect();
        let signed = items.iter().filter(|i| i.starts_with(['+', '-'])).count();
        if signed != 0 && signed != items.len() {
            return Err(format!(
                "`{text}` mixes names with and without a sign: write `+name,-name` to change the default, or names alone to choose"
            ));
        }
        let mut on = if signed == 0 { Vec::new() } else { all };
        for item in items {
            let id = named(item.trim_start_matches(['+', '-']))?;
            on.retain(|n| *n != id);
            if !item.starts_with('-') {
                on.push(id);
            }
        }
        on.sort();
        Ok(VariationSet { on, by, fixed: Vec::new() })
    }

    /// The same without these.
    pub fn at_one_path(mut self, ids: &[VariationId]) -> VariationSet {
        self.fixed.extend(ids);
        self
    }

    /// Whether a variation is on.
    pub fn has(&self, id: VariationId) -> bool {
        self.on.contains(&id) && !self.fixed.contains(&id)
    }

    /// Who switched a variation off.
    pub fn off_by(&self, id: VariationId) -> ChosenBy {
        if self.fixed.contains(&id) { ChosenBy::SamePath } else { self.by }
    }

    /// The values of a variation in this run.
    pub fn values(&self, id: VariationId, canaries: &Canaries) -> Values {
        let value = |side| (id.row().value)(canaries, side);
        if self.has(id) {
            return Values(Side::first(canaries.sides).map(value).collect());
        }
        let canonical = canaries.canonical.as_ref().and_then(|name| id.canonical(name));
        // A toolchain that cannot be moved stays where it is.
        let canonical = canonical.filter(|_| value(Side::A) != Value::Nothing);
        let one = canonical.map_or_else(|| value(Side::A), Value::Path);
        Values(vec![one; canaries.sides])
    }
}

fn named(text: &str) -> Result<VariationId, String> {
    let names = || VARIATIONS.iter().map(|v| v.text).collect::<Vec<_>>();
    VARIATIONS.iter().find(|v| v.text == text).map(|v| v.id).ok_or_else(|| {
        format!("unknown variation `{text}`; expected one of: {}", names().join(", "))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn canaries() -> Canaries {
        Canaries {
            scratch: "/s".into(),
            token: "q7x".into(),
            sides: Side::MOST,
            cpus: 2,
            locale: None,
            outer_configs: 1,
            toolchain: Some("/toolchain".into()),
            canonical: None,
            apart: None,
        }
    }

    #[test]
    fn every_variation_differs_between_all_sides_and_names_are_unique() {
        let all = VariationSet::default();
        for row in VARIATIONS {
            let v = all.values(row.id, &canaries());
            let shown: BTreeSet<String> = v.all().iter().map(ToString::to_string).collect();
            assert_eq!(shown.len(), Side::MOST, "{}: {:?}", row.text, v.all());
            assert_eq!(VARIATIONS.iter().filter(|r| r.text == row.text).count(), 1);
            assert_eq!(row.id.row().text, row.text);
        }
    }

    #[test]
    fn paths_differ_in_length_and_depth() {
        let v = VariationSet::default().values(VariationId::BuildPath, &canaries());
        assert_eq!(v.of(Side::A).to_string(), "/s/a/build-path-a-q7x/outer/src");
        let of_b = "/s/b/build-path-b-r8y/some/levels/deeper/outer/checkout";
        assert_eq!(v.of(Side::B).to_string(), of_b);
        let mut apart = canaries();
        (apart.apart, apart.outer_configs) = (Some(apart.place_apart()), 0);
        for id in VARIATIONS.iter().filter(|row| row.id.canonical("").is_some()).map(|row| row.id) {
            let v = VariationSet::default().values(id, &apart);
            let of = |side| v.path(side).components().collect::<Vec<_>>();
            let (a, b) = (of(Side::A), of(Side::B));
            assert_ne!(a.len(), b.len(), "{id}");
            let in_tmp = id == VariationId::Tmpdir;
            assert!(in_tmp || a[1..].iter().all(|part| !b.contains(part)), "{id}: {a:?} {b:?}");
        }
    }

    #[test]
    fn selections_are_parsed() {
        let parse = |t| VariationSet::of_flag(t).unwrap();
        assert_eq!(parse("none").on, vec![]);
        assert_eq!(parse("umask,clock").on, vec![VariationId::Umask, VariationId::Clock]);
        assert!(!parse("-clock,+umask").has(VariationId::Clock));
        assert!(parse("-clock,+umask").has(VariationId::Home));
        assert!(!parse("none").values(VariationId::Home, &canaries()).varied());
    }

    #[test]
    fn wrong_selections_are_refused_with_a_sentence() {
        assert!(
            VariationSet::of_flag("color")
                .unwrap_err()
                .contains("unknown variation `color`; expected one of: build-path")
        );
        assert!(VariationSet::of_flag("clock,-umask").unwrap_err().contains("mixes"));
    }

    #[test]
    fn the_clock_differs_in_hour_day_month_and_year_whenever_it_is() {
        let civil = |secs: i64| {
            let (year, month, day) = repro_explain::time::civil(secs);
            (year, month, day, secs.rem_euclid(86_400) / 3_600)
        };
        for day in 0..(4 * 366) {
            for hour in [0, 11, 23] {
                let now = 1_700_000_000 / 86_400 * 86_400 + day * 86_400 + hour * 3_600;
                let (a, b) = (civil(now), civil(now + CLOCK_OFFSET));
                assert!(a.0 != b.0 && a.1 != b.1 && a.2 != b.2 && a.3 != b.3, "{a:?} {b:?}");
            }
        }
    }
}
