//! The preload shim: what the environment cannot carry into a build (clock, names of host and
//! kernel, CPU count, order of directories).
//!
//! Owns the compiling, patching and trying of the shared object whose source is `preload.rs`;
//! decides nothing about which build gets which values, nor about `LD_PRELOAD` of a build.
//!
//! One object, compiled once, serves every build: its configuration is a block of bytes found by
//! its magic. Integers are little-endian.
//!
//! | offset | size | what |
//! | --- | --- | --- |
//! | 0 | 32 | magic |
//! | 32 | 8 | seconds added to the clock (signed) |
//! | 40 | 4 | CPU count, 0 for the real one |
//! | 44 | 4 | order of directories: 0 as it is, 1 by name, 2 by name from the end |
//! | 48 | 72 | host name, of at most 64 bytes; all zero for the real one |
//! | 120 | 72 | the same of the kernel's release |
//! | 192 | 72 | and of its version |
//! | 264 | 272 | the variable that preloads the object |
//! | 536 | 272 | the file that programs it cannot be preloaded into are recorded in |
//!
//! Not reached: statically linked programs, set-user-ID programs, programs that make their system
//! calls themselves, `/proc`, and the times that the kernel gives files. Of the order of directories
//! also what the C library reads within itself: scandir, glob, nftw and fts.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::error::host;
use crate::fs;
use crate::process::Cmd;
use crate::variation::{Side, ValuePair, VariationId};

/// The parts of the object; the first one names the others.
const SOURCES: [(&str, &str); 3] = [
    ("preload.rs", include_str!("preload.rs")),
    ("directories.rs", include_str!("directories.rs")),
    ("programs.rs", include_str!("programs.rs")),
];
const MAGIC: &[u8; 32] = b"repro-shim/3:8d1f0b67c4e95a23\r\n\x1a";

const OFFSET: Range<usize> = 32..40;
const CPUS: Range<usize> = 40..44;
const ORDER: Range<usize> = 44..48;
const HOST: Range<usize> = 48..120;
const RELEASE: Range<usize> = 120..192;
const KERNEL: Range<usize> = 192..264;
const PRELOAD: Range<usize> = 264..536;
const RECORD: Range<usize> = 536..808;
const BLOCK: usize = 808;
/// Of the fields of a utsname, without their NUL.
const NAME: usize = 64;

/// The architectures whose system call numbers the source holds.
const ARCHITECTURES: [&str; 4] = ["x86_64", "aarch64", "riscv64gc", "loongarch64"];

/// How far the clock under the shim may be from the one expected, in seconds.
const CLOCK_SLACK: i64 = 60;

/// What the processes of one build are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Seconds added to the wall clock.
    pub clock_offset: i64,
    /// How many CPUs there are; 0 for the real number.
    pub cpu_count: u32,
    /// The name of the host; `None` for the real one.
    pub host_name: Option<String>,
    /// The kernel's release; `None` for the real one.
    pub kernel: Option<String>,
    /// In which order directories are listed.
    pub order: Order,
    /// Where programs are recorded that are run and linked statically.
    pub record: Option<PathBuf>,
}

/// In which order directories are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As the file system has them.
    #[default]
    AsTheyAre,
    /// By name.
    Sorted,
    /// By name, from the end.
    Reversed,
}

/// The version of a kernel of this release.
pub fn kernel_version(release: &str) -> String {
    format!("#1 SMP {release}")
}

impl Settings {
    /// Those of one side: the hook of each variation that is carried by preloading.
    pub fn of(side: Side, value: &dyn Fn(VariationId) -> ValuePair) -> Settings {
        let varied = |id| Some(value(id)).filter(ValuePair::varied);
        Settings {
            clock_offset: value(VariationId::Clock).number(side),
            cpu_count: u32::try_from(value(VariationId::CpuCount).number(side)).unwrap_or(0),
            host_name: Some(value(VariationId::Hostname).of(side).to_string()),
            // Not varied means this machine's: what a rebuilder has is not known.
            kernel: varied(VariationId::Kernel).map(|v| v.of(side).to_string()),
            order: match (varied(VariationId::DirectoryOrder), side) {
                (None, _) => Order::AsTheyAre,
                (_, Side::A) => Order::Sorted,
                (_, Side::B) => Order::Reversed,
            },
            record: None,
        }
    }
}

/// Whether a build on this host (a target triple) can be reached at all; an error says why not.
pub fn supported(host: &str) -> Result<(), String> {
    if !host.ends_with("-linux-gnu") {
        return Err("the host is not Linux with glibc".into());
    }
    let arch = host.split('-').next().unwrap_or_default();
    if !ARCHITECTURES.contains(&arch) {
        return Err(format!("the preload shim has no system call numbers for {arch}"));
    }
    Ok(())
}

/// The compiled shim.
pub struct Shim {
    object: Vec<u8>,
    /// Where the configuration block begins; it lies within `object`.
    block: usize,
}

impl Shim {
    /// Compiles the shim with `rustc`, in the directory `scratch`.
    pub fn compile(rustc: &Path, scratch: &Path) -> Result<Shim> {
        for (name, text) in SOURCES {
            fs::write(&scratch.join(name), text)?;
        }
        let source = scratch.join(SOURCES[0].0);
        let object = scratch.join("repro_shim.so");
        Cmd::new(rustc)
            .args(["--edition", "2021", "--crate-type", "cdylib"])
            .args(["--crate-name", "repro_shim", "--cap-lints", "allow"])
            .args(["-C", "panic=abort", "-C", "opt-level=2"])
            .args(["-C", "codegen-units=1", "-C", "strip=symbols"])
            // A cancelled thread is unwound through a wait that the shim forwards.
            .args(["-C", "force-unwind-tables=yes"])
            .arg("-o")
            .arg(&object)
            .arg(&source)
            .checked()
            .context("failed to compile the preload shim")?;
        let bytes = std::fs::read(&object)
            .with_context(|| format!("failed to read `{}`", object.display()))?;
        Shim::from_object(bytes)
    }

    fn from_object(object: Vec<u8>) -> Result<Shim> {
        let mut found = object
            .windows(MAGIC.len())
            .enumerate()
            .filter(|(_, window)| window == MAGIC)
            .map(|(at, _)| at);
        match (found.next(), found.next()) {
            (Some(block), None) if object.len() - block >= BLOCK => Ok(Shim { object, block }),
            _ => Err(host("the compiled preload shim holds no configuration")),
        }
    }

    /// The object's bytes with the settings in them. `seen` is the path by which it is preloaded.
    fn patched(&self, settings: &Settings, seen: &Path) -> Result<Vec<u8>> {
        let kernel = settings.kernel.as_deref();
        let names = [
            (HOST, settings.host_name.clone()),
            (RELEASE, kernel.map(str::to_string)),
            (KERNEL, kernel.map(kernel_version)),
        ];
        let mut bytes = self.object.clone();
        // Within bounds: `from_object` has seen the whole block.
        let block = &mut bytes[self.block..self.block + BLOCK];
        block[OFFSET].copy_from_slice(&settings.clock_offset.to_le_bytes());
        block[CPUS].copy_from_slice(&settings.cpu_count.to_le_bytes());
        block[ORDER].copy_from_slice(&(settings.order as u32).to_le_bytes());
        for (field, name) in names {
            let name = name.unwrap_or_default();
            if name.len() > NAME || name.contains('\0') {
                return Err(host(format!(
                    "a name of a host or kernel has at most {NAME} bytes and no NUL, unlike {name:?}"
                )));
            }
            fill(&mut block[field], name.as_bytes());
        }
        // Of a path that is too long there is no second way.
        let variable = format!("LD_PRELOAD={}", seen.display()).into_bytes();
        fill(&mut block[PRELOAD], if variable.len() < PRELOAD.len() { &variable } else { b"" });
        let record = settings.record.as_deref().unwrap_or(Path::new("")).display().to_string();
        if record.len() >= RECORD.len() {
            return Err(host(format!("the path `{record}` is too long for the preload shim")));
        }
        fill(&mut block[RECORD], record.as_bytes());
        Ok(bytes)
    }

    /// Writes the shared object with these settings to `path`, for all to read and execute. A build
    /// preloads it as `seen`, which must be a path that `LD_PRELOAD` can carry.
    pub fn write(&self, settings: &Settings, path: &Path, seen: &Path) -> Result<()> {
        let shown = seen.to_string_lossy();
        if !seen.is_absolute() || shown.contains([' ', '\t', '\n', ':', '$']) {
            return Err(host(format!(
                "LD_PRELOAD cannot carry the path `{shown}`: it must be absolute, without blanks, `:` and `$`"
            )));
        }
        fs::write(path, self.patched(settings, seen)?)?;
        executable(path).with_context(|| format!("failed to set the mode of `{}`", path.display()))
    }
}

fn fill(field: &mut [u8], text: &[u8]) {
    field.fill(0);
    field[..text.len()].copy_from_slice(text);
}

#[cfg(unix)]
fn executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Runs the system's own tools under the shim and returns which variations of `settings`, those it
/// was written with, they do not see, and why. A setting that changes nothing counts as seen.
pub fn probe(shim: &Path, settings: &Settings) -> Vec<(VariationId, String)> {
    let ask = |question| ask(shim, question);
    let clock = match settings.clock_offset {
        0 => Ok(()),
        offset => ask("date +%s").and_then(|said| judge_clock(&said, offset)),
    };
    let host_name = match &settings.host_name {
        None => Ok(()),
        Some(name) => ask("uname -n").and_then(|said| judge(&said, name)),
    };
    let cpu_count = match settings.cpu_count {
        0 => Ok(()),
        // nproc heeds variables and control groups as well.
        count => ask("getconf _NPROCESSORS_ONLN 2>/dev/null || nproc")
            .and_then(|said| judge(&said, &count.to_string())),
    };
    let kernel = match &settings.kernel {
        None => Ok(()),
        Some(release) => ask("uname -r").and_then(|said| judge(&said, release)),
    };
    let order = match settings.order {
        Order::AsTheyAre => Ok(()),
        order => listing(shim)
            .and_then(|said| judge(&said, if order == Order::Sorted { "a b c" } else { "c b a" })),
    };
    let tried = [
        (VariationId::Kernel, kernel),
        (VariationId::DirectoryOrder, order),
        (VariationId::Clock, clock),
        (VariationId::Hostname, host_name),
        (VariationId::CpuCount, cpu_count),
    ];
    tried.into_iter().filter_map(|(id, result)| Some((id, result.err()?))).collect()
}

/// How a directory is listed under the shim, beside which it is made.
fn listing(shim: &Path) -> Result<String, String> {
    let dir = shim.with_extension("listed");
    for name in ["b", "a", "c"] {
        fs::write(&dir.join(name), "").map_err(|e| crate::error::one_line(&e))?;
    }
    let said = ask(shim, &format!("ls -U '{}'", dir.display()))?;
    Ok(said.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn ask(shim: &Path, question: &str) -> Result<String, String> {
    let out = Cmd::new("sh")
        .args(["-c", question])
        .env("LD_PRELOAD", shim)
        .output()
        .map_err(|e| crate::error::one_line(&e))?;
    if !out.status.success() {
        return Err(format!("`{question}` failed under the preload shim"));
    }
    Ok(out.text())
}

fn judge(said: &str, want: &str) -> Result<(), String> {
    if said == want {
        return Ok(());
    }
    Err(format!("the preload shim has no effect: {said:?} instead of {want:?}"))
}

fn judge_clock(said: &str, offset: i64) -> Result<(), String> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX));
    let want = now.saturating_add(offset);
    match said.parse::<i64>() {
        Ok(time) if time.saturating_sub(want).saturating_abs() <= CLOCK_SLACK => Ok(()),
        _ => judge(said, &want.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variation::{Canaries, Carrier, VARIATIONS, VariationSet};

    #[test]
    fn only_linux_with_glibc_is_supported() {
        assert_eq!(supported("x86_64-unknown-linux-gnu"), Ok(()));
        assert_eq!(supported("aarch64-unknown-linux-gnu"), Ok(()));
        for host in [
            "x86_64-unknown-linux-musl",
            "x86_64-unknown-linux-gnux32",
            "aarch64-apple-darwin",
            "x86_64-pc-windows-gnu",
            "i686-unknown-linux-gnu",
            "",
        ] {
            assert!(supported(host).is_err(), "{host}");
        }
    }

    #[test]
    fn each_variation_that_is_preloaded_has_its_hook() {
        let canaries = Canaries {
            scratch: "/s".into(),
            token: "q7x".into(),
            cpus: 2,
            locale: None,
            outer_configs: 0,
            toolchain: None,
            canonical: None,
        };
        for row in VARIATIONS {
            let set = VariationSet::of_flag(row.text).unwrap();
            let of = |side| Settings::of(side, &|id| set.values(id, &canaries));
            let preloaded = row.carriers.contains(&Carrier::Preload);
            assert_eq!(of(Side::A) != of(Side::B), preloaded, "{}", row.text);
        }
    }

    #[test]
    fn an_object_without_exactly_one_whole_block_is_refused() {
        let whole = [&MAGIC[..], &[0; BLOCK - 32]].concat();
        assert!(Shim::from_object(whole.clone()).is_ok());
        assert!(Shim::from_object(whole[..BLOCK - 1].to_vec()).is_err());
        assert!(Shim::from_object(whole.repeat(2)).is_err());
        assert!(Shim::from_object(Vec::new()).is_err());
    }

    #[test]
    fn settings_land_in_the_block_and_nowhere_else() {
        let mut object = vec![0xaa; BLOCK + 20];
        object[10..42].copy_from_slice(MAGIC);
        let shim = Shim::from_object(object).unwrap();
        let settings = Settings {
            clock_offset: -2,
            cpu_count: 7,
            host_name: Some("canary".into()),
            kernel: Some("6.1.0-x".into()),
            order: Order::Reversed,
            record: Some("/r".into()),
        };
        let bytes = shim.patched(&settings, Path::new("/run/s.so")).unwrap();
        let block = &bytes[10..10 + BLOCK];
        assert_eq!(block[OFFSET], (-2_i64).to_le_bytes());
        assert_eq!(block[CPUS], [7, 0, 0, 0]);
        assert_eq!(block[ORDER], [2, 0, 0, 0]);
        assert!(block[HOST].starts_with(b"canary\0"));
        assert!(block[RELEASE].starts_with(b"6.1.0-x\0"));
        assert!(block[KERNEL].starts_with(b"#1 SMP 6.1.0-x\0"));
        assert!(block[PRELOAD].starts_with(b"LD_PRELOAD=/run/s.so\0"));
        assert!(block[RECORD].starts_with(b"/r\0"));
        assert_eq!(bytes[..10], [0xaa; 10]);
        assert_eq!(bytes[10 + BLOCK..], [0xaa; 10]);
        for bad in ["x".repeat(65), "a\0b".into()] {
            let settings = Settings { host_name: Some(bad), ..Settings::default() };
            assert!(shim.patched(&settings, Path::new("/s")).is_err());
        }
    }

    #[test]
    fn paths_that_the_loader_would_split_are_refused() {
        let shim = Shim::from_object([&MAGIC[..], &[0; BLOCK - 32]].concat()).unwrap();
        for path in ["shim.so", "/tmp/a b/shim.so", "/tmp/a:b.so", "/tmp/$LIB.so"] {
            let path = Path::new(path);
            assert!(shim.write(&Settings::default(), path, path).is_err(), "{path:?}");
        }
    }

    /// What only a host that is supported can show: the object compiled, and programs under it.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    mod live {
        use super::*;
        use std::sync::OnceLock;
        use std::time::{Duration, Instant};

        const FORWARD: i64 = 400 * 86_400 + 5 * 3_600 + 17 * 60;
        const BACK: i64 = -123_456_789;

        /// Waits 50 ms in each way that takes an absolute deadline, and says how each one ended.
        const WAITS: &str = r#"
use std::ffi::c_void;
use std::time::Instant;

type Ptr = *mut c_void;

#[repr(C)]
struct Timespec {
    sec: i64,
    nsec: i64,
}

#[repr(C, align(16))]
struct Room([u8; 128]);

impl Room {
    fn new() -> Room {
        Room([0; 128])
    }

    fn at(&mut self) -> Ptr {
        self.0.as_mut_ptr().cast()
    }
}

extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
    fn clock_nanosleep(clock: i32, flags: i32, until: *const Timespec, left: Ptr) -> i32;
    fn pthread_condattr_init(attr: Ptr) -> i32;
    fn pthread_condattr_setclock(attr: Ptr, clock: i32) -> i32;
    fn pthread_cond_init(cond: Ptr, attr: Ptr) -> i32;
    fn pthread_cond_timedwait(cond: Ptr, mutex: Ptr, until: *const Timespec) -> i32;
    fn pthread_mutex_lock(mutex: Ptr) -> i32;
    fn pthread_mutex_timedlock(mutex: Ptr, until: *const Timespec) -> i32;
    fn pthread_rwlock_wrlock(lock: Ptr) -> i32;
    fn pthread_rwlock_rdlock(lock: Ptr) -> i32;
    fn pthread_rwlock_timedrdlock(lock: Ptr, until: *const Timespec) -> i32;
    fn pthread_rwlock_timedwrlock(lock: Ptr, until: *const Timespec) -> i32;
    fn sem_init(sem: Ptr, shared: i32, value: u32) -> i32;
    fn sem_timedwait(sem: Ptr, until: *const Timespec) -> i32;
    fn mtx_init(mutex: Ptr, kind: i32) -> i32;
    fn mtx_lock(mutex: Ptr) -> i32;
    fn mtx_timedlock(mutex: Ptr, until: *const Timespec) -> i32;
}

fn report(name: &str, clock: i32, want: i32, wait: impl FnOnce(*const Timespec) -> i32) {
    let mut until = Timespec { sec: 0, nsec: 0 };
    unsafe { clock_gettime(clock, &mut until) };
    until.nsec += 50_000_000;
    until.sec += until.nsec / 1_000_000_000;
    until.nsec %= 1_000_000_000;
    let start = Instant::now();
    let result = wait(&until);
    let ms = start.elapsed().as_millis();
    if result == want && (45..5_000).contains(&ms) {
        println!("{name} ok");
    } else {
        println!("{name}: {result} after {ms} ms");
    }
}

fn main() {
    const ETIMEDOUT: i32 = 110;
    let (mut a, mut b, mut c) = (Room::new(), Room::new(), Room::new());
    let (a, b, c) = (a.at(), b.at(), c.at());
    unsafe {
        pthread_mutex_lock(a);
        report("cond", 0, ETIMEDOUT, |t| pthread_cond_timedwait(b, a, t));
        pthread_condattr_init(b);
        pthread_condattr_setclock(b, 1);
        pthread_cond_init(c, b);
        report("cond mono", 1, ETIMEDOUT, |t| {
            pthread_cond_timedwait(c, a, t)
        });
        report("mutex", 0, ETIMEDOUT, |t| pthread_mutex_timedlock(a, t));
        let (mut read, mut write) = (Room::new(), Room::new());
        pthread_rwlock_wrlock(read.at());
        pthread_rwlock_rdlock(write.at());
        // The owner of a write lock is told of the deadlock; another thread waits.
        let lock = read.at() as usize;
        let waiter = move || {
            report("read", 0, ETIMEDOUT, |t| {
                pthread_rwlock_timedrdlock(lock as Ptr, t)
            })
        };
        std::thread::spawn(waiter).join().unwrap();
        report("write", 0, ETIMEDOUT, |t| {
            pthread_rwlock_timedwrlock(write.at(), t)
        });
        let mut sem = Room::new();
        sem_init(sem.at(), 0, 0);
        report("sem", 0, -1, |t| sem_timedwait(sem.at(), t));
        let mut mtx = Room::new();
        mtx_init(mtx.at(), 2);
        mtx_lock(mtx.at());
        // thrd_timedout of glibc.
        report("mtx", 0, 4, |t| mtx_timedlock(mtx.at(), t));
        report("sleep", 0, 0, |t| {
            clock_nanosleep(0, 1, t, std::ptr::null_mut())
        });
    }
}
"#;

        struct Bench {
            dir: tempfile::TempDir,
            rustc: PathBuf,
        }

        fn rustc() -> PathBuf {
            let beside = Path::new(env!("CARGO")).with_file_name("rustc");
            if beside.is_file() { beside } else { PathBuf::from("rustc") }
        }

        fn compiled() -> &'static Shim {
            static SHIM: OnceLock<Shim> = OnceLock::new();
            SHIM.get_or_init(|| {
                let dir = tempfile::tempdir().unwrap();
                Shim::compile(&rustc(), dir.path()).unwrap()
            })
        }

        impl Bench {
            fn new(settings: &Settings) -> Bench {
                let dir = tempfile::tempdir().unwrap();
                let path = dir.path().join("s.so");
                compiled().write(settings, &path, &path).unwrap();
                Bench { dir, rustc: rustc() }
            }

            fn path(&self, name: &str) -> PathBuf {
                self.dir.path().join(name)
            }

            /// Runs under the shim; ended by `timeout`, itself not under it, should it hang.
            fn run(&self, program: impl AsRef<Path>, args: &[&str]) -> String {
                let preload = format!("LD_PRELOAD={}", self.path("s.so").display());
                Cmd::new("timeout")
                    .args(["60", "env", "-u", "OMP_NUM_THREADS", &preload])
                    .arg(program.as_ref())
                    .args(args)
                    .dir(self.dir.path())
                    .checked()
                    .unwrap()
                    .text()
            }

            /// Compiles a Rust program with a rustc that is itself under the shim.
            fn build(&self, source: &str) -> PathBuf {
                fs::write(&self.path("p.rs"), source).unwrap();
                self.run(&self.rustc, &["--edition", "2021", "-o", "p", "p.rs"]);
                self.path("p")
            }
        }

        fn real_now() -> i64 {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            now.as_secs() as i64
        }

        fn near(said: &str, offset: i64) {
            let time: i64 = said.trim().parse().unwrap();
            let off = time - real_now() - offset;
            assert!(off.abs() <= CLOCK_SLACK, "{off} seconds off");
        }

        fn settings(clock_offset: i64, cpu_count: u32) -> Settings {
            Settings {
                clock_offset,
                cpu_count,
                host_name: Some("shim-canary".into()),
                kernel: Some("6.1.0-shim".into()),
                order: Order::Reversed,
                record: None,
            }
        }

        #[test]
        fn the_systems_tools_see_every_setting() {
            for (offset, cpus) in [(FORWARD, 3), (BACK, 70)] {
                let bench = Bench::new(&settings(offset, cpus));
                near(&bench.run("date", &["+%s"]), offset);
                assert_eq!(bench.run("uname", &["-nr"]), "shim-canary 6.1.0-shim");
                assert_eq!(bench.run("getconf", &["_NPROCESSORS_CONF"]), cpus.to_string());
                assert_eq!(probe(&bench.path("s.so"), &settings(offset, cpus)), []);
            }
        }

        #[test]
        fn without_settings_nothing_changes_and_the_probe_tells() {
            let bench = Bench::new(&Settings::default());
            near(&bench.run("date", &["+%s"]), 0);
            let plain = Cmd::new("uname").arg("-a").checked().unwrap().text();
            assert_eq!(bench.run("uname", &["-a"]), plain);
            let cpus = Cmd::new("nproc").env_remove("OMP_NUM_THREADS");
            assert_eq!(bench.run("nproc", &[]), cpus.checked().unwrap().text());
            let missing = probe(&bench.path("s.so"), &settings(FORWARD, 71));
            let ids: Vec<VariationId> = missing.iter().map(|(id, _)| *id).collect();
            use VariationId::{Clock, CpuCount, DirectoryOrder, Hostname, Kernel};
            assert_eq!(ids, [Kernel, DirectoryOrder, Clock, Hostname, CpuCount]);
            assert!(missing[3].1.contains("shim-canary"), "{missing:?}");
        }

        #[test]
        fn rust_programs_built_by_a_shimmed_rustc_see_clock_and_cpus() {
            for offset in [FORWARD, BACK] {
                let bench = Bench::new(&settings(offset, 5));
                let program = bench.build(
                    "fn main() {
                        let now = std::time::SystemTime::now();
                        let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
                        let cpus = std::thread::available_parallelism().unwrap();
                            println!(\"{} {cpus}\", now.as_secs());
                    }",
                );
                let said = bench.run(program, &[]);
                let (time, cpus) = said.split_once(' ').unwrap();
                near(time, offset);
                // A quota of the control group may lower it.
                assert!(cpus.parse::<u32>().unwrap() <= 5, "{cpus}");
            }
        }

        /// Each wait has 50 ms; one whose deadline is taken wrongly ends at once or after a year.
        #[test]
        fn timed_waits_end_when_they_should() {
            for offset in [FORWARD, BACK] {
                let bench = Bench::new(&settings(offset, 0));
                let program = bench.build(WAITS);
                let start = Instant::now();
                let said = bench.run(program, &[]);
                assert!(start.elapsed() < Duration::from_secs(10));
                let wrong: Vec<&str> = said.lines().filter(|l| !l.ends_with(" ok")).collect();
                assert_eq!((wrong, said.lines().count()), (vec![], 8), "{said}");
            }
        }
    }
}
