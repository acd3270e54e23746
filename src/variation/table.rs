//! The table of what is varied, and the list of what no run varies.

use repro_explain::cause::Cause;

use super::row::{Canaries, Carrier, Need, Shared, Value, ValuePair, Variation, VariationId};

/// Seconds by which B's clock runs ahead: 400 days, 5 hours and 17 minutes. The hour, the day of
/// the month, the month and the year all differ, whenever the build is made.
pub const CLOCK_OFFSET: i64 = 400 * 86_400 + 5 * 3_600 + 17 * 60;

/// What no run varies.
pub const SHARED: &[Shared] = &[
    Shared { text: "cpu-model", about: "model, features and caches of the CPU; target-cpu=native" },
    Shared {
        text: "memory",
        about: "size of memory, swap and pages: sysinfo, sysconf, /proc/meminfo",
    },
    Shared {
        text: "devices",
        about: "disks, network devices and their addresses, file systems, /sys",
    },
    Shared {
        text: "boot",
        about: "time since boot, load, limits, /proc/cmdline, /proc/sys, control groups, address randomization",
    },
    Shared {
        text: "installed-software",
        about: "files of this machine in /usr, /etc and elsewhere: compilers, libraries, os-release, localtime",
    },
    Shared {
        text: "git-refs",
        about: "both builds are in a repository with a detached HEAD: branch, tags, remotes, depth of the clone",
    },
    Shared {
        text: "file-times",
        about: "times that the kernel gives to files made during the build, to the second",
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
        carriers: &[Carrier::Directory(&[])],
        cause: Cause::BuildPath,
        label: "directory of the source",
        values: Canaries::sources,
    },
    Variation {
        id: VariationId::CargoHome,
        text: "cargo-home",
        about: "absolute path of CARGO_HOME, with directories of its own for the sources in it",
        needs: Need::Nothing,
        carriers: &[Carrier::Directory(&["CARGO_HOME"])],
        cause: Cause::BuildPath,
        label: "CARGO_HOME",
        values: |c| c.dirs("cargo-home", "of/the/other"),
    },
    Variation {
        id: VariationId::TargetDir,
        text: "target-dir",
        about: "absolute path of the target directory, and so of OUT_DIR",
        needs: Need::Nothing,
        carriers: &[Carrier::Directory(&["CARGO_TARGET_DIR", "CARGO_BUILD_BUILD_DIR"])],
        cause: Cause::BuildPath,
        label: "target directory",
        values: |c| c.dirs("target-dir", "elsewhere"),
    },
    Variation {
        id: VariationId::ToolchainPath,
        text: "toolchain-path",
        about: "absolute path of the toolchain: cargo, rustc, the sources of the standard library",
        needs: Need::Bubblewrap,
        carriers: &[Carrier::Toolchain],
        cause: Cause::BuildPath,
        label: "directory of the toolchain",
        values: |c| {
            let dirs = c.dirs("toolchain-path", "of/the/other");
            let real = c.toolchain.clone();
            real.map_or(ValuePair { a: Value::Nothing, b: Value::Nothing }, |real| ValuePair {
                a: Value::Path(real),
                ..dirs
            })
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
        values: |c| ValuePair { a: Value::Nothing, ..c.dirs("search-path", "bin") },
    },
    Variation {
        id: VariationId::Home,
        text: "home",
        about: "HOME (USERPROFILE), an empty directory",
        needs: Need::Nothing,
        carriers: &[Carrier::Directory(&["HOME", "USERPROFILE"])],
        cause: Cause::Home,
        label: "HOME",
        values: |c| c.dirs("home", "another"),
    },
    Variation {
        id: VariationId::Tmpdir,
        text: "tmpdir",
        about: "TMPDIR (TEMP, TMP), an empty directory",
        needs: Need::Nothing,
        carriers: &[Carrier::Directory(&["TMPDIR", "TEMP", "TMP"])],
        cause: Cause::BuildPath,
        label: "TMPDIR",
        values: |c| c.dirs("tmp", "another"),
    },
    Variation {
        id: VariationId::Username,
        text: "username",
        about: "user name in USER, LOGNAME, USERNAME and /etc/passwd",
        needs: Need::BubblewrapForFiles,
        carriers: &[Carrier::Variables(&["USER", "LOGNAME", "USERNAME"]), Carrier::Namespace],
        cause: Cause::Username,
        label: "user name",
        values: |c| c.names("user"),
    },
    Variation {
        id: VariationId::UserId,
        text: "user-id",
        about: "ids of user and group, and so the owner of files; neither is root",
        needs: Need::Bubblewrap,
        carriers: &[Carrier::Namespace],
        cause: Cause::UserId,
        label: "user id",
        values: |_| ValuePair { a: Value::Count(1000), b: Value::Count(48_113) },
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
        values: |c| c.names("host"),
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
        values: |c| ValuePair {
            a: Value::Text(format!("5.10.0-a-{}", c.token)),
            b: Value::Text(format!("6.1.0-bb-{}", c.token)),
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
        values: |_| ValuePair { a: Value::Text("UTC".into()), b: Value::Text("RPB-13:45".into()) },
    },
    Variation {
        id: VariationId::Locale,
        text: "locale",
        about: "LC_ALL and LANG",
        needs: Need::OtherLocale,
        carriers: &[Carrier::Variables(&["LC_ALL", "LANG"])],
        cause: Cause::Locale,
        label: "LC_ALL",
        values: |c| ValuePair {
            a: Value::Text("C.UTF-8".into()),
            b: Value::Text(c.locale.clone().unwrap_or_else(|| "C".into())),
        },
    },
    Variation {
        id: VariationId::Umask,
        text: "umask",
        about: "permissions that new files do not get, those of the sources among them",
        needs: Need::Unix,
        carriers: &[Carrier::Umask],
        cause: Cause::Umask,
        label: "umask",
        values: |_| ValuePair { a: Value::Mask(0o022), b: Value::Mask(0o027) },
    },
    Variation {
        id: VariationId::Jobs,
        text: "jobs",
        about: "number of parallel jobs, which build scripts see as NUM_JOBS",
        needs: Need::Nothing,
        carriers: &[Carrier::Jobs],
        cause: Cause::Parallelism,
        label: "number of jobs",
        values: // What build scripts are told; how much runs at once is up to the jobserver.
        |c| ValuePair { a: Value::Count(c.cpus), b: Value::Count(c.cpus + 1) },
    },
    Variation {
        id: VariationId::CpuCount,
        text: "cpu-count",
        about: "CPUs in sched_getaffinity, sysconf, get_nprocs, /proc/cpuinfo, /proc/stat and /sys",
        needs: Need::GlibcAndBubblewrap,
        carriers: &[Carrier::Preload, Carrier::Namespace],
        cause: Cause::Parallelism,
        label: "number of CPUs",
        values: |c| ValuePair { a: Value::Count(c.cpus), b: Value::Count(c.cpus + 3) },
    },
    Variation {
        id: VariationId::SourceMtime,
        text: "source-mtime",
        about: "modification time of all source files, in seconds since 1970",
        needs: Need::Nothing,
        carriers: &[Carrier::Mtime],
        cause: Cause::SourceMtime,
        label: "time of the source files",
        values: |_| ValuePair { a: Value::Time(1_265_169_906), b: Value::Time(1_404_810_611) },
    },
    Variation {
        id: VariationId::DirectoryOrder,
        text: "directory-order",
        about: "order of directory entries: of all in readdir, of the sources by another file system",
        needs: Need::GlibcAndBubblewrap,
        carriers: &[Carrier::Preload, Carrier::Copies],
        cause: Cause::Ordering,
        label: "order of directories",
        values: |_| ValuePair { a: Value::Order("by name"), b: Value::Order("by name, reversed") },
    },
    Variation {
        id: VariationId::GitConfig,
        text: "git-config",
        about: "git settings in HOME: the user's name and address, the name of a first branch, dates",
        needs: Need::Nothing,
        carriers: &[Carrier::Within(&["HOME"])],
        cause: Cause::VcsState,
        label: "git setting of the user",
        values: |c| ValuePair { a: Value::Nothing, b: Value::Text(format!("git-bb-{}", c.token)) },
    },
    Variation {
        id: VariationId::Environment,
        text: "environment",
        about: "a stray environment variable",
        needs: Need::Nothing,
        carriers: &[Carrier::Variables(&[])],
        cause: Cause::Environment,
        label: "a variable of the environment",
        values: |c| ValuePair {
            a: Value::Variable(None),
            b: Value::Variable(Some((
                format!("REPRO_STRAY_{}", c.token.to_uppercase()),
                format!("stray-{}", c.token),
            ))),
        },
    },
    Variation {
        id: VariationId::Clock,
        text: "clock",
        about: "the time of day, by more than a year: clock_gettime, gettimeofday, time",
        needs: Need::Glibc,
        carriers: &[Carrier::Preload],
        cause: Cause::Timestamp,
        label: "time of the build",
        values: |_| ValuePair { a: Value::Offset(0), b: Value::Offset(CLOCK_OFFSET) },
    },
];
