//! Tests of the shim: which hosts it is for, what is written into it, and, compiled with the toolchain at
//! hand, what programs see that run with it.

use super::*;
use crate::variation::{Canaries, VARIATIONS, VariationSet};

#[test]
fn only_linux_with_glibc_is_supported() {
    assert_eq!(supported("x86_64-unknown-linux-gnu"), Ok(()));
    assert_eq!(supported("aarch64-unknown-linux-gnu"), Ok(()));
    for host in [
        "x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnux32", "aarch64-apple-darwin",
        "x86_64-pc-windows-gnu", "i686-unknown-linux-gnu", "",
    ] {
        assert!(supported(host).is_err(), "{host}");
    }
}

#[test]
fn each_variation_that_is_preloaded_has_its_hook() {
    let canaries = Canaries {
        scratch: "/s".into(),
        token: "q7x".into(),
        sides: 3,
        cpus: 2,
        ..Canaries::default()
    };
    for row in VARIATIONS {
        let set = VariationSet::of_flag(row.text).unwrap();
        let of = |side| Settings::of(side, &|id| set.values(id, &canaries));
        let preloaded = row.carriers.contains(&Carrier::Preload);
        let sides: Vec<Settings> = Side::first(3).map(of).collect();
        for (x, y) in [(0, 1), (0, 2), (1, 2)] {
            assert_eq!(sides[x] != sides[y], preloaded, "{}", row.text);
        }
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
        order: 2,
        unreached: Some("/w/list".into()),
        nanos: 5,
        still: Some(-3),
        since: Some(Duration::new(1, 7)),
        records: Some("/w/runs".into()),
    };
    let bytes = shim.patched(&settings, Path::new("/run/s.so")).unwrap();
    let block = &bytes[10..10 + BLOCK];
    for (range, number) in [(OFFSET, -2), (NANOS, 5), (STILL, -3), (SINCE, 1_000_000_007_i64)] {
        assert_eq!(block[range], number.to_le_bytes());
    }
    assert_eq!(block[CPUS], [7, 0, 0, 0]);
    assert_eq!(block[ORDER], [2, 0, 0, 0]);
    assert!(block[HOST].starts_with(b"canary\0"));
    assert!(block[RELEASE].starts_with(b"6.1.0-x\0"));
    assert!(block[KERNEL].starts_with(b"#1 SMP 6.1.0-x\0"));
    assert!(block[UNREACHED].starts_with(b"/w/list\0"));
    assert!(block[RECORDS].starts_with(b"/w/runs\0"));
    assert!(block[PRELOAD].starts_with(b"LD_PRELOAD=/run/s.so\0"));
    assert_eq!(bytes[..10], [0xaa; 10]);
    assert_eq!(bytes[10 + BLOCK..], [0xaa; 10]);
    let of_host = |name| Settings { host_name: Some(name), ..Settings::default() };
    let long = Settings { records: Some("/x".repeat(256).into()), ..Settings::default() };
    for bad in [of_host("x".repeat(65)), of_host("a\0b".into()), long] {
        assert!(shim.patched(&bad, Path::new("/s")).is_err());
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
    use std::time::Instant;

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
        report("cond mono", 1, ETIMEDOUT, |t| pthread_cond_timedwait(c, a, t));
        report("mutex", 0, ETIMEDOUT, |t| pthread_mutex_timedlock(a, t));
        let (mut read, mut write) = (Room::new(), Room::new());
        pthread_rwlock_wrlock(read.at());
        pthread_rwlock_rdlock(write.at());
        // The owner of a write lock is told of the deadlock; another thread waits.
        let lock = read.at() as usize;
        let waiter = move || {
            report("read", 0, ETIMEDOUT, |t| pthread_rwlock_timedrdlock(lock as Ptr, t))
        };
        std::thread::spawn(waiter).join().unwrap();
        report("write", 0, ETIMEDOUT, |t| pthread_rwlock_timedwrlock(write.at(), t));
        let mut sem = Room::new();
        sem_init(sem.at(), 0, 0);
        report("sem", 0, -1, |t| sem_timedwait(sem.at(), t));
        let mut mtx = Room::new();
        mtx_init(mtx.at(), 2);
        mtx_lock(mtx.at());
        // thrd_timedout of glibc.
        report("mtx", 0, 4, |t| mtx_timedlock(mtx.at(), t));
        report("sleep", 0, 0, |t| clock_nanosleep(0, 1, t, std::ptr::null_mut()));
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
            let bench = Bench { dir: tempfile::tempdir().unwrap(), rustc: rustc() };
            bench.write(settings);
            bench
        }

        fn write(&self, settings: &Settings) {
            let path = self.path("s.so");
            compiled().write(settings, &path, &path).unwrap();
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

    /// Runs a shell in the way that its argument names.
    const RUNS: &str = r#"
use std::{ffi::CString, os::raw::c_char, ptr::null};
extern "C" {
    fn execl(path: *const c_char, arg: *const c_char, ...) -> i32;
    fn execlp(path: *const c_char, arg: *const c_char, ...) -> i32;
    fn execle(path: *const c_char, arg: *const c_char, ...) -> i32;
    fn clearenv() -> i32;
    fn system(command: *const c_char) -> i32;
}
fn main() {
    let text = |s: &str| CString::new(s).unwrap().into_raw();
    let none = || std::env::var_os("LD_PRELOAD").map_or("none".into(), |v| v.into_string().unwrap());
    let (sh, c, end) = (text("sh"), text("-c"), null::<c_char>());
    let ask = text("echo ${LD_PRELOAD-none} ${KEPT-cleared} $(/bin/uname -n)");
    let env = [text("KEPT=given"), end as _];
    unsafe {
        match &*std::env::args().nth(1).unwrap() {
            "vars" => println!("{}", none()),
            "system" => { clearenv(); system(ask); println!("{}", none()) }
            "execl" => { execl(text("/bin/sh"), sh, c, ask, end); }
            "execlp" => { execlp(sh, sh, c, ask, end); }
            "execle" => { execle(text("/bin/sh"), sh, c, ask, end, env.as_ptr()); }
            "cleared" => { clearenv(); execl(text("/bin/sh"), sh, c, ask, end); }
            _ => std::process::exit(1),
        }
    }
}
"#;

    #[test]
    fn programs_do_not_see_the_variable_and_those_that_they_run_are_reached() {
        let bench = Bench::new(&settings(0, 0));
        let program = bench.build(RUNS).display().to_string();
        for (how, want) in [
            ("vars", "none"),
            ("system", "none cleared shim-canary\nnone"),
            ("execl", "none mine shim-canary"),
            ("execlp", "none mine shim-canary"),
            ("execle", "none given shim-canary"),
            ("cleared", "none cleared shim-canary"),
        ] {
            assert_eq!(bench.run("env", &["KEPT=mine", &program, how]), want, "{how}");
        }
        // What somebody else preloads stays.
        let (own, other) = (bench.path("s.so").display().to_string(), "libm.so.6");
        for both in
            [format!("{own}:{other}"), format!("{other} {own}"), format!("{own}::{own}:{other}")]
        {
            let both = format!("LD_PRELOAD={both}");
            assert_eq!(bench.run("env", &[&both, &program, "vars"]), other, "{both}");
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
            order: 2,
            ..Settings::default()
        }
    }

    #[test]
    fn the_systems_tools_see_every_setting() {
        for (offset, cpus) in [(FORWARD, 3), (BACK, 70)] {
            let bench = Bench::new(&settings(offset, cpus));
            near(&bench.run("date", &["+%s"]), offset);
            assert_eq!(bench.run("uname", &["-nr"]), "shim-canary 6.1.0-shim");
            assert_eq!(bench.run("getconf", &["_NPROCESSORS_CONF"]), cpus.to_string());
            assert_eq!(probe(&bench.path("s.so"), &settings(offset, cpus)), Ok(vec![]));
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
        let missing = probe(&bench.path("s.so"), &settings(FORWARD, 71)).unwrap();
        let ids: Vec<VariationId> = missing.iter().map(|(id, _)| *id).collect();
        use VariationId::{Clock, CpuCount, DirectoryOrder, Hostname, Kernel};
        assert_eq!(ids, [Hostname, Kernel, CpuCount, DirectoryOrder, Clock]);
        assert!(missing[0].1.contains("shim-canary"), "{missing:?}");
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

    #[test]
    fn a_clock_starts_or_stands_where_it_is_told_and_starts_are_written_down() {
        let bench = Bench::new(&Settings::default());
        let records = bench.path("runs");
        fs::create_dir(&records).unwrap();
        bench.write(&Settings {
            still: Some(86_400),
            records: Some(records.clone()),
            ..Settings::default()
        });
        // The children of the first have the variable too.
        let script = ["-c", "OUT_DIR=/t/out PROBE=1 sh -c 'date +%s.%N; true'"];
        assert_eq!(bench.run("sh", &script), "86400.000000000");
        let started = record::started(&records, Path::new("/t/out")).unwrap().unwrap();
        assert_eq!((started.at, started.env["PROBE"].as_str()), (86_400, "1"));
        assert!(!started.program.ends_with("date"), "{started:?}");
        assert_eq!(started.dir, fs::canonical(bench.dir.path()));
        assert_eq!(record::started(&records, Path::new("/t/other")).unwrap(), None);
        bench.write(&Settings { nanos: 999_999_999, ..Settings::default() });
        near(&bench.run("date", &["+%s"]), 1);
    }

    #[test]
    fn new_files_are_of_the_time_that_the_clock_shows_and_old_ones_keep_theirs() {
        let bench = Bench::new(&Settings::default());
        for name in ["old", "next"] {
            fs::write(&bench.path(name), "").unwrap();
        }
        let old = bench.run("stat", &["-c", "%Y", "old"]);
        let write = |since| bench.write(&Settings { since, ..settings(FORWARD, 0) });
        let script = "touch new && cp -p new copy && touch -r new touched && touch -d @86400.5 set
            stat -c '%Y %X %Z' new; stat -c %Y copy touched set old";
        let ask = || -> Vec<String> {
            bench.run("sh", &["-c", script]).split_whitespace().map(str::to_string).collect()
        };
        let written = |name: &str| bench.path(name).metadata().unwrap().modified().unwrap();
        let since = written("old").duration_since(UNIX_EPOCH).unwrap() + Duration::from_nanos(1);
        // The kernel's clock for files goes in steps of some milliseconds.
        while written("next") <= written("old") {
            fs::write(&bench.path("next"), "").unwrap();
        }
        write(Some(since));
        let said = ask();
        said[..3].iter().for_each(|time| near(time, FORWARD));
        assert_eq!(said[3..], [said[0].as_str(), &said[0], "86400", &old].map(str::to_string));
        // None is new: the control.
        for since in [None, Some(since + Duration::from_secs(3600))] {
            write(since);
            let said = ask();
            said[..3].iter().for_each(|time| near(time, 0));
            assert_eq!(said[3..], [said[0].as_str(), &said[0], "86400", &old].map(str::to_string));
        }
    }

    /// Each wait has 50 ms; one whose deadline is taken wrongly ends at once or after a year.
    #[test]
    fn timed_waits_end_when_they_should() {
        for (offset, nanos) in [(FORWARD, 0), (BACK, 0), (BACK, 999_999_999)] {
            let bench = Bench::new(&Settings { nanos, ..settings(offset, 0) });
            let program = bench.build(WAITS);
            let start = Instant::now();
            let said = bench.run(program, &[]);
            assert!(start.elapsed() < Duration::from_secs(10));
            let wrong: Vec<&str> = said.lines().filter(|l| !l.ends_with(" ok")).collect();
            assert_eq!((wrong, said.lines().count()), (vec![], 8), "{said}");
        }
    }
}
