//! What a row of the table is made of: names, carriers, needs, and the values of both sides.

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
    /// What differs between A and B.
    pub about: &'static str,
    /// What the machine must have.
    pub needs: Need,
    /// What brings it into a build; a run that lacks some of these varies it in part.
    pub carriers: &'static [Carrier],
    /// What a difference is found as that holds one of the values.
    pub cause: Cause,
    /// What the value is called in explanations.
    pub label: &'static str,
    /// The values of A and B.
    pub(super) values: fn(&Canaries) -> ValuePair,
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

/// What the values of one run are made from.
#[derive(Clone, Debug)]
pub struct Canaries {
    /// The scratch directory of the run, canonical.
    pub scratch: PathBuf,
    /// Eight characters that no other run has.
    pub token: String,
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
}

impl Canaries {
    /// A directory of each side; B's lies in `deeper`.
    pub(super) fn dirs(&self, what: &str, deeper: &str) -> ValuePair {
        let dir =
            |side: &str| self.scratch.join(side).join(format!("{what}-{side}-{}", self.token));
        ValuePair { a: Value::Path(dir("a")), b: Value::Path(dir("b").join(deeper)) }
    }

    /// The copies of the source, below a directory for each config file above them.
    pub(super) fn sources(&self) -> ValuePair {
        let below = |value: Value| match value {
            Value::Path(mut path) => {
                path.extend((0..self.outer_configs).map(|_| "outer"));
                Value::Path(path.join("src"))
            }
            other => other,
        };
        let dirs = self.dirs("build-path", "some/levels/deeper");
        ValuePair { a: below(dirs.a), b: below(dirs.b) }
    }

    /// A name of each side.
    pub(super) fn names(&self, what: &str) -> ValuePair {
        let name = |side: &str| Value::Text(format!("{what}-{side}-{}", self.token));
        ValuePair { a: name("a"), b: name("bb") }
    }
}

/// What both builds have in common, whatever is varied: one machine, and one tree of its files.
pub struct Shared {
    /// Its name in reports.
    pub text: &'static str,
    /// What it is.
    pub about: &'static str,
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
    /// An order, which never shows as such.
    Order(&'static str),
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
            Value::Order(text) => f.write_str(text),
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

/// The value of one variation on each side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuePair {
    /// Build A's.
    pub a: Value,
    /// Build B's; equal to A's where it is not varied.
    pub b: Value,
}

impl ValuePair {
    /// The value of one side.
    pub fn of(&self, side: Side) -> &Value {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
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
            Value::Mask(n) | Value::Count(n) => i64::from(*n),
            Value::Time(n) | Value::Offset(n) => *n,
            _ => 0,
        }
    }

    /// Whether the sides differ.
    pub fn varied(&self) -> bool {
        self.a != self.b
    }
}

/// One of the two builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The build whose values are those of the recipe.
    A,
    /// The build that differs from it on purpose.
    B,
}

impl Side {
    /// Both.
    pub const BOTH: [Side; 2] = [Side::A, Side::B];

    /// `A` or `B`.
    pub fn label(self) -> &'static str {
        match self {
            Side::A => "A",
            Side::B => "B",
        }
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
