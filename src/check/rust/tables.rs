//! What code can ask of the machine that it runs on, and where a value can go: const tables.
//! To recognize one more function, macro or variable, add a row here. [`super::flow`] follows values, and
//! [`super::reads`] decides which of them are reported.

use What::*;

/// Something that is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::check) struct CodeRead {
    pub(in crate::check) line: usize,
    pub(in crate::check) what: What,
    pub(in crate::check) detail: String,
    /// It is seen to reach the output.
    pub(in crate::check) emitted: bool,
}

/// What code is for. That of build scripts and procedural macros is searched completely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// It runs before its package is built.
    BuildScript,
    /// It runs in the compiler.
    ProcMacro,
    /// It is built for the target, and only searched for what `env!` and `include!` compile in.
    Target,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The time of day.
    Clock,
    /// A time that was measured.
    Elapsed,
    /// Times of files.
    Mtime,
    /// Random numbers.
    Randomness,
    /// Where something is in memory.
    Address,
    /// The order of a hash map or set.
    MapOrder,
    /// The order in which a directory lists its files.
    DirOrder,
    /// The name of the machine.
    Hostname,
    /// The release of the kernel.
    Kernel,
    /// The name of the user.
    User,
    /// Ids of processes and threads.
    Ids,
    /// The modes of files, which the umask leaves.
    Modes,
    /// Numbers that the file system gives to files.
    FileNumbers,
    /// How many processors there are.
    CpuCount,
    /// What the processor is, and can do.
    CpuModel,
    /// The current directory.
    CurrentDir,
    /// The absolute path of a file whose relative path is known.
    AbsolutePath,
    /// Directories and settings of the machine that end up in the output.
    Environment,
    /// A variable of the build's environment, compiled in.
    EnvMacro,
    /// A file that is included by its absolute path.
    Include,
    /// The version control system.
    Vcs,
    /// The model of the processor, by a flag for a C compiler.
    NativeCpu,
}

impl What {
    /// Whether it is reported only where it is seen to reach the output: most code that asks for it
    /// means to find something, or to run faster.
    pub(super) fn only_emitted(self) -> bool {
        matches!(
            self,
            DirOrder
                | CpuCount
                | Environment
                | Modes
                | FileNumbers
                | Elapsed
                | Address
                | AbsolutePath
        )
    }

    /// Whether it is the path of something, which the content of that has no part in.
    pub(super) fn is_path(self) -> bool {
        matches!(self, Environment | CurrentDir | AbsolutePath)
    }

    /// Whether comparing it is all that is usually done with it.
    pub(super) fn compares(self) -> bool {
        matches!(self, Mtime | NativeCpu)
    }
}

/// Rows of a table: what is read, and the names that tell it.
macro_rules! tells {
    ($($what:ident [$($name:literal),* $(,)?];)*) => { &[$($(($name, $what)),*),*] };
}

/// Items of the standard library and what naming them reads. They fit at the end of a path.
pub(super) const STD: &[(&str, What)] = tells! {
    Clock ["SystemTime::now"];
    Elapsed ["Instant::now"];
    Randomness ["RandomState::new", "RandomState::default"];
    Ids ["process::id", "process::parent_id", "thread::current", "ThreadId"];
    CpuCount ["thread::available_parallelism"];
    CpuModel [
        "x86_64::__cpuid", "x86_64::__cpuid_count", "x86::__cpuid", "x86::__cpuid_count",
    ];
    DirOrder ["fs::read_dir", "Path::read_dir"];
    Mtime ["Metadata::modified", "Metadata::created", "Metadata::accessed"];
    CurrentDir ["env::current_dir"];
    AbsolutePath ["fs::canonicalize", "Path::canonicalize", "path::absolute"];
    Environment [
        "env::temp_dir", "env::home_dir", "env::current_exe", "env::vars", "env::vars_os",
        "env::args", "env::args_os",
    ];
};

/// Those of other crates.
pub(super) const CRATES: &[(&str, What)] = tells! {
    Clock [
        "Utc::now", "Local::now", "OffsetDateTime::now_utc", "OffsetDateTime::now_local",
        "UtcDateTime::now", "time::now_utc", "time::now", "Zoned::now", "Timestamp::now",
        "libc::time", "libc::gettimeofday", "libc::clock_gettime", "FileTime::now",
    ];
    Mtime ["FileTime::from_last_modification_time"];
    Randomness [
        "rand::random", "rand::rng", "rand::thread_rng", "OsRng", "getrandom::getrandom",
        "getrandom::fill", "Uuid::new_v4", "Uuid::now_v7", "StdRng::from_entropy",
        "StdRng::from_os_rng", "SmallRng::from_entropy", "SmallRng::from_os_rng",
        "fastrand::Rng::new", "fastrand::u32", "fastrand::u64",
    ];
    Hostname [
        "gethostname::gethostname", "hostname::get", "whoami::hostname",
        "whoami::fallible::hostname", "whoami::devicename", "unistd::gethostname",
    ];
    User [
        "whoami::username", "whoami::realname", "users::get_current_username",
        "users::get_current_uid", "uzers::get_current_username", "libc::getuid", "libc::geteuid",
        "unistd::getuid", "unistd::geteuid",
    ];
    Ids [
        "libc::getpid", "libc::getppid", "libc::gettid", "unistd::getpid", "unistd::getppid",
        "unistd::gettid",
    ];
    CurrentDir ["unistd::getcwd"];
    AbsolutePath ["dunce::canonicalize"];
    CpuCount ["num_cpus::get", "num_cpus::get_physical"];
    CpuModel ["raw_cpuid::CpuId::new"];
    DirOrder ["WalkDir::new"];
    Environment ["dirs::home_dir", "dirs::cache_dir", "home::home_dir", "home::cargo_home"];
    Vcs ["git2::Repository::open", "git2::Repository::discover", "gix::open", "gix::discover"];
};

/// Crates that have the standard library's items, or their like, under its names.
pub(super) const LIKE_STD: &[&str] = &["std", "core", "fs_err", "async_std", "tokio", "web_time"];

/// Macros of the standard library that ask what the processor can do.
pub(super) const DETECTS: &[&str] = &[
    "is_x86_feature_detected",
    "is_aarch64_feature_detected",
    "is_arm_feature_detected",
    "is_riscv_feature_detected",
    "is_powerpc_feature_detected",
    "is_powerpc64_feature_detected",
    "is_s390x_feature_detected",
    "is_loongarch_feature_detected",
];

/// Functions that run a program.
pub(super) const RUNS: &[&str] = &["Command::new", "duct::cmd"];

/// Functions of the standard library that read a variable.
pub(super) const ASKS: &[&str] = &["env::var", "env::var_os"];

/// Methods without arguments.
pub(super) const METHODS: &[(&str, What)] = tells! {
    Mtime ["modified", "created", "accessed", "mtime", "mtime_nsec", "ctime", "atime"];
    DirOrder ["read_dir"];
    AbsolutePath ["canonicalize"];
    Modes ["mode"];
    FileNumbers ["ino", "dev"];
};

/// The traits of the standard library without which these methods are other ones, and their module.
pub(super) const OF_UNIX: [&str; 4] = ["MetadataExt", "PermissionsExt", "DirEntryExt", "unix"];

/// Variables. `HOST` is the host triple, which cargo sets itself.
pub(super) const VARIABLES: &[(&str, What)] = tells! {
    Hostname ["HOSTNAME", "COMPUTERNAME"];
    User ["USER", "USERNAME", "LOGNAME"];
    CurrentDir ["PWD"];
    CpuCount ["NUM_JOBS", "NPROC"];
    Randomness ["RANDOM"];
    Environment [
        "CARGO", "CARGO_HOME", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_TARGET_DIR",
        "HOME", "LANG", "LC_ALL", "OUT_DIR", "PATH", "RUSTC", "RUSTUP_HOME", "TEMP", "TMP",
        "TMPDIR", "TZ", "USERPROFILE",
    ];
};

/// Directories of the build that generated code may name: `include!` of them compiles nothing in.
/// They are reported in variables for the compiler alone.
pub(super) const OF_CARGO: &[&str] =
    &["OUT_DIR", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_TARGET_DIR"];

/// Files that say such things.
pub(super) const FILES: &[(&str, What)] = tells! {
    Randomness ["/dev/urandom", "/dev/random", "/proc/sys/kernel/random/uuid"];
    Hostname [
        "/etc/hostname", "/etc/machine-id", "/var/lib/dbus/machine-id",
        "/proc/sys/kernel/hostname", "/proc/sys/kernel/random/boot_id",
    ];
    Kernel ["/proc/sys/kernel/osrelease", "/proc/sys/kernel/version", "/proc/version"];
    Clock ["/proc/uptime", "/proc/loadavg"];
    Ids ["/proc/self/stat", "/proc/self/status"];
    CurrentDir ["/proc/self/cwd"];
    User ["/etc/passwd"];
    CpuModel ["/proc/cpuinfo"];
    CpuCount [
        "/sys/devices/system/cpu/online", "/sys/devices/system/cpu/present",
        "/sys/devices/system/cpu/possible",
    ];
    Environment ["/proc/self/exe"];
};

/// Programs, what must be among their arguments for it, and what they then tell. The first row that
/// fits counts.
pub(super) const PROGRAMS: &[(&str, &[&str], What)] = &[
    ("date", &[], Clock),
    ("hostname", &[], Hostname),
    ("hostnamectl", &[], Hostname),
    ("hostid", &[], Hostname),
    ("uname", &["-n", "-a", "--nodename", "--all"], Hostname),
    ("uname", &["-r", "-v", "-rv", "-sr", "-srv", "-srm", "--kernel-release"], Kernel),
    ("whoami", &[], User),
    ("logname", &[], User),
    ("id", &[], User),
    ("nproc", &[], CpuCount),
    ("getconf", &["_NPROCESSORS_ONLN", "_NPROCESSORS_CONF", "NPROCESSORS_ONLN"], CpuCount),
    ("lscpu", &[], CpuModel),
    ("uuidgen", &[], Randomness),
    ("shuf", &[], Randomness),
    ("mktemp", &[], Environment),
    ("umask", &[], Modes),
    ("stat", &["%a", "%A"], Modes),
    ("stat", &["%i", "%d"], FileNumbers),
    ("ls", &["-U", "-f"], DirOrder),
    ("ls", &["-l", "-la", "-al", "-lt", "-t"], Mtime),
    ("find", &[], DirOrder),
    ("pwd", &[], CurrentDir),
    ("git", &["config", "var"], User),
    ("git", &[], Vcs),
    ("hg", &[], Vcs),
    ("jj", &[], Vcs),
];

/// Programs that run what their arguments say.
pub(super) const SHELLS: &[&str] = &[
    "sh", "bash", "dash", "zsh", "ksh", "fish", "env", "cmd", "cmd.exe", "powershell", "pwsh",
    "busybox",
];

/// Flags of C compilers that make code for the processor that they run on.
pub use crate::shim::ran::NATIVE_FLAGS;

/// Variables whose value differs from builder to builder, so that `env!` must not compile them in.
pub(in crate::check) const PRIVATE: &[&str] = &[
    "CARGO", "CARGO_HOME", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_TARGET_DIR",
    "COMPUTERNAME", "HOME", "HOSTNAME", "LOGNAME", "OUT_DIR", "PATH", "PWD", "RUSTUP_HOME", "TEMP",
    "TMP", "TMPDIR", "USER", "USERNAME", "USERPROFILE",
];

/// What a build script may have of them: it asks cargo for the same at run time.
pub(super) const FOR_BUILD_SCRIPTS: &[&str] =
    &["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"];

/// Macros that read a file: a path in them is not compiled in.
pub(super) const INCLUDES: &[&str] = &["include", "include_str", "include_bytes"];

/// Macros whose content is code of the crate that uses the macro.
pub(super) const QUOTES: &[&str] =
    &["quote", "quote_spanned", "parse_quote", "parse_quote_spanned"];

/// Macros of the standard library that put values into a text.
pub(super) const FORMATS: &[&str] =
    &["format", "format_args", "print", "println", "write", "writeln"];

/// Macros whose arguments reach the person who builds, or end the build.
pub(super) const MESSAGES: &[&str] = &[
    "eprintln", "eprint", "dbg", "panic", "assert", "assert_eq", "assert_ne", "debug_assert",
    "debug_assert_eq", "unreachable", "unimplemented", "todo", "bail", "anyhow", "compile_error",
    "error", "warn", "info", "debug", "trace",
];

/// Methods that append to what they are called on.
pub(super) const APPENDS: &[&str] =
    &["push", "push_str", "push_back", "push_front", "extend", "append", "append_all", "to_tokens"];

/// Methods that write to a file, or to something that is like one.
pub(super) const WRITES: &[&str] = &["write_all", "write_str", "write_fmt", "write"];

/// Methods that put things where order is no matter.
pub(super) const BY_KEY: &[&str] =
    &["insert", "remove", "entry", "or_insert", "or_default", "or_insert_with"];

/// Methods that hand sources to a compiler, in an order that the linker keeps.
pub(super) const COMPILES: &[&str] = &["file", "files", "object", "objects"];

/// Ends of a chain whose result does not depend on the order.
pub(super) const ORDERLESS: &[&str] = &[
    "all", "any", "contains", "count", "is_empty", "len", "max", "min", "product",
    "sort_by_file_name", "sort_by_key", "sort_by", "sorted", "sorted_by", "sorted_by_key",
    "sorted_unstable", "sorted_unstable_by_key", "sum",
];

/// Methods of a path that tell whether something is there, which says nothing of what it holds.
pub(super) const ASKS_FOR: &[&str] = &["exists", "try_exists", "is_file", "is_dir", "is_symlink"];

/// Methods whose result tells something about a value, but not the value.
pub(super) const COMPARES: &[&str] = &[
    "contains", "contains_key", "starts_with", "ends_with", "eq", "ne", "lt", "gt", "le", "ge",
    "cmp", "partial_cmp", "is_ok", "is_err", "is_some", "is_none", "is_empty", "len",
    "is_some_and", "is_ok_and", "eq_ignore_ascii_case",
];

/// Methods that make a value of their argument and what they are called on.
pub(super) const JOINS: &[&str] = &[
    "join", "strip_prefix", "duration_since", "unwrap_or", "replace", "or", "and", "zip", "chain",
    "with_extension", "with_file_name", "checked_sub", "set_extension", "concat",
];

/// Collections that have an order of their own, or none that anyone sees here.
pub(super) const COLLECTIONS: &[&str] =
    &["BTreeMap", "BTreeSet", "BinaryHeap", "HashMap", "HashSet"];
