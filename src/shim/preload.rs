//! The preload shim: gives the processes of one build their own clock, times of new files, names of
//! host and kernel, CPU count and order of directories, and keeps itself in the environment of what they run.
//!
//! Not a module of the crate: `repro` compiles this file on the host that builds, as a `no_std`
//! shared object for Linux with glibc, and names it in `LD_PRELOAD`. One compilation serves every
//! build: what it tells is in [`CONFIG`], which is patched in the bytes of the finished object.
//!
//! Absolute deadlines on the wall clock are shifted back before the kernel sees them. Nothing here may panic: what
//! unwinds is in libraries that the programs of a build need not have. Rust 1.63 compiles it.

#![no_std]

mod cpus;
mod directories;
mod environment;
mod moment;
mod programs;
mod times;

use moment::{clock_nanos, shown};

use core::ffi::c_void;
use core::mem::{transmute, zeroed};
use core::ptr::{null_mut, read_volatile};
use core::sync::atomic::{AtomicPtr, Ordering};

type Int = i32;
type Long = i64;

/// What this object tells, in little-endian; `src/shim/mod.rs` finds it by its first field.
#[repr(C)]
struct Config {
    magic: [u8; 32],
    clock_offset: i64,
    cpu_count: u32,
    order: u32,
    host: Text,
    release: Text,
    version: Text,
    preload: [u8; 272],
    unreached: [u8; 272],
    nanos: i64,
    still: i64,
    since: i64,
    records: [u8; 512],
}

/// Ends in NUL; empty where nothing is to be told.
type Text = [u8; 72];

#[used]
static CONFIG: Config = Config {
    magic: *b"repro-shim/2:8d1f0b67c4e95a23\r\n\x1a",
    clock_offset: 0,
    cpu_count: 0,
    order: 0,
    host: [0; 72],
    release: [0; 72],
    version: [0; 72],
    preload: [0; 272],
    unreached: [0; 272],
    nanos: 0,
    still: 0,
    since: 0,
    records: [0; 512],
};

/// A field of `CONFIG`; volatile because it is patched after compilation.
fn patched<T: Copy>(field: &T) -> T {
    // SAFETY: a reference is valid.
    unsafe { read_volatile(field) }
}

#[cfg(target_arch = "x86_64")]
mod nr {
    pub const CLOCK_GETTIME: i64 = 228;
    pub const GETTIMEOFDAY: i64 = 96;
    pub const UNAME: i64 = 63;
    pub const SCHED_GETAFFINITY: i64 = 204;
    pub const GETCPU: i64 = 309;
}

/// The numbers that Linux gives every newer architecture.
#[cfg(any(target_arch = "aarch64", target_arch = "riscv64", target_arch = "loongarch64"))]
mod nr {
    pub const CLOCK_GETTIME: i64 = 113;
    pub const GETTIMEOFDAY: i64 = 169;
    pub const UNAME: i64 = 160;
    pub const SCHED_GETAFFINITY: i64 = 123;
    pub const GETCPU: i64 = 168;
}

const CLOCK_REALTIME: Int = 0;
const CLOCK_MONOTONIC: Int = 1;
const CLOCK_REALTIME_COARSE: Int = 5;
const CLOCK_TAI: Int = 11;
const TIMER_ABSTIME: Int = 1;
const EINVAL: Int = 22;
const ENAMETOOLONG: Int = 36;
const ENOSYS: Int = 38;
const THRD_ERROR: Int = 2;

#[link(name = "c")]
extern "C" {
    fn syscall(number: Long, ...) -> Long;
    fn __errno_location() -> *mut Int;
    fn mmap(at: *mut c_void, size: usize, prot: Int, flags: Int, fd: Int, from: i64)
        -> *mut c_void;
    fn abort() -> !;
    fn strlen(text: *const u8) -> usize;
}

// Part of libc since glibc 2.34, where `libdl` is empty.
#[link(name = "dl")]
extern "C" {
    fn dlsym(handle: *mut c_void, name: *const u8) -> *mut c_void;
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Timespec {
    sec: i64,
    nsec: Long,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Timeval {
    sec: i64,
    usec: Long,
}

#[repr(C)]
pub struct Timeb {
    time: i64,
    millitm: u16,
    timezone: i16,
    dstflag: i16,
}

#[repr(C)]
pub struct Utsname {
    sysname: [u8; 65],
    nodename: [u8; 65],
    release: [u8; 65],
    version: [u8; 65],
    machine: [u8; 65],
    domainname: [u8; 65],
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    // SAFETY: it takes nothing. A build that ends says more than one that waits for ever.
    unsafe { abort() }
}

fn clock_offset() -> i64 {
    patched(&CONFIG.clock_offset)
}

fn fail(errno: Int) -> Int {
    // SAFETY: glibc returns the address of the calling thread's errno.
    unsafe { *__errno_location() = errno };
    -1
}

// Clock

/// The kernel's answer, shifted where the clock is one of the wall.
///
/// # Safety
/// `time` is null or points to a timespec.
unsafe fn read_clock(clock: Int, time: *mut Timespec) -> Int {
    // SAFETY: the kernel checks both arguments.
    let result = unsafe { syscall(nr::CLOCK_GETTIME, clock as Long, time) } as Int;
    let wall = matches!(clock, CLOCK_REALTIME | CLOCK_REALTIME_COARSE | CLOCK_TAI);
    if result == 0 && wall && !time.is_null() {
        // SAFETY: the kernel has just written it.
        unsafe { *time = shown(*time) };
    }
    result
}

fn now(clock: Int) -> Timespec {
    let mut time = Timespec { sec: 0, nsec: 0 };
    // SAFETY: `time` is a timespec.
    unsafe { read_clock(clock, &mut time) };
    time
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn clock_gettime(clock: Int, time: *mut Timespec) -> Int {
    // SAFETY: the caller's promise.
    unsafe { read_clock(clock, time) }
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn gettimeofday(time: *mut Timeval, zone: *mut c_void) -> Int {
    // SAFETY: the kernel checks both arguments.
    let result = unsafe { syscall(nr::GETTIMEOFDAY, time, zone) } as Int;
    if result == 0 && !time.is_null() {
        // SAFETY: the kernel has just written it.
        unsafe {
            let Timespec { sec, nsec } =
                shown(Timespec { sec: (*time).sec, nsec: (*time).usec * 1_000 });
            *time = Timeval { sec, usec: nsec / 1_000 };
        }
    }
    result
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn time(into: *mut i64) -> i64 {
    let seconds = now(CLOCK_REALTIME_COARSE).sec;
    if !into.is_null() {
        // SAFETY: not null, so the caller's.
        unsafe { *into = seconds };
    }
    seconds
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn ftime(into: *mut Timeb) -> Int {
    let time = now(CLOCK_REALTIME);
    // SAFETY: the caller's promise.
    unsafe {
        *into = Timeb {
            time: time.sec,
            millitm: (time.nsec / 1_000_000) as u16,
            timezone: 0,
            dstflag: 0,
        };
    }
    0
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn timespec_get(time: *mut Timespec, base: Int) -> Int {
    // TIME_UTC, TIME_MONOTONIC, TIME_ACTIVE and TIME_THREAD_ACTIVE, in the order of the clocks.
    let known = (1..=4).contains(&base);
    // SAFETY: the caller's promise.
    if known && unsafe { read_clock(base - 1, time) } == 0 {
        base
    } else {
        0
    }
}

// Host and kernel names

/// Puts a text of the configuration, if there is one, in place of a field.
fn replace(field: &mut [u8; 65], text: &Text) {
    let text = patched(text);
    if text[0] != 0 {
        for (to, from) in field.iter_mut().zip(text) {
            *to = from;
        }
    }
}

/// The kernel's names with the host's and its own replaced.
///
/// # Safety
/// `names` points to a utsname.
unsafe fn read_names(names: *mut Utsname) -> Int {
    // SAFETY: the kernel checks the argument.
    if unsafe { syscall(nr::UNAME, names) } != 0 {
        return -1;
    }
    // SAFETY: the kernel has just written it.
    let names = unsafe { &mut *names };
    replace(&mut names.nodename, &CONFIG.host);
    replace(&mut names.release, &CONFIG.release);
    replace(&mut names.version, &CONFIG.version);
    replace(&mut names.domainname, &CONFIG.host);
    0
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn uname(names: *mut Utsname) -> Int {
    // SAFETY: the caller's promise.
    unsafe { read_names(names) }
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn gethostname(name: *mut u8, size: usize) -> Int {
    // SAFETY: the caller's promise.
    unsafe { one_name(|names| &names.nodename, name, size, ENAMETOOLONG) }
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn getdomainname(name: *mut u8, size: usize) -> Int {
    // SAFETY: the caller's promise; a name that is too long is cut off.
    unsafe { one_name(|names| &names.domainname, name, size, 0) }
}

/// # Safety
/// `name` points to `size` bytes.
unsafe fn one_name(
    which: fn(&Utsname) -> &[u8; 65],
    name: *mut u8,
    size: usize,
    too_long: Int,
) -> Int {
    // SAFETY: six arrays of bytes, for which zero is a value.
    let mut names: Utsname = unsafe { zeroed() };
    // SAFETY: `names` is a utsname.
    if unsafe { read_names(&mut names) } != 0 {
        return -1;
    }
    let field = which(&names);
    let needed = field.iter().take_while(|b| **b != 0).count() + 1;
    for (i, byte) in field.iter().take(needed.min(size)).enumerate() {
        // SAFETY: `i` is below `size`, the room the caller has.
        unsafe { *name.add(i) = *byte };
    }
    if needed > size && too_long != 0 {
        return fail(too_long);
    }
    0
}

// Deadlines

/// A function of the C library that one of ours stands for. Only deadlines, directories and programs look one up.
pub struct Real {
    name: &'static [u8],
    at: AtomicPtr<c_void>,
}

impl Real {
    const fn named(name: &'static [u8]) -> Real {
        Real { name, at: AtomicPtr::new(null_mut()) }
    }

    /// Its address, or null where the process has none. The newest version of the symbol is
    /// found, which is the one that a program linked today asks for.
    fn get(&self) -> *mut c_void {
        let mut at = self.at.load(Ordering::Relaxed);
        if at.is_null() {
            const RTLD_NEXT: *mut c_void = -1_isize as *mut c_void;
            // SAFETY: every name ends in NUL.
            at = unsafe { dlsym(RTLD_NEXT, self.name.as_ptr()) };
            self.at.store(at, Ordering::Relaxed);
        }
        at
    }
}

/// The deadline on the kernel's wall clock.
fn unshifted(deadline: Timespec) -> Timespec {
    let nanos = deadline.nsec - clock_nanos();
    Timespec {
        sec: deadline.sec.saturating_sub(clock_offset()) + nanos.div_euclid(1_000_000_000),
        nsec: nanos.rem_euclid(1_000_000_000),
    }
}

/// The same where the clock is known only to the waited-for object: of the two clocks possible
/// it is taken to be the one that is nearer, as decades lie between them.
fn unshifted_if_wall(deadline: Timespec) -> Timespec {
    let far = |clock| deadline.sec.saturating_sub(now(clock).sec).unsigned_abs();
    if far(CLOCK_REALTIME) < far(CLOCK_MONOTONIC) {
        unshifted(deadline)
    } else {
        deadline
    }
}

macro_rules! waits {
    ($($real:ident $name:ident($($arg:ident),*) $shift:ident else $missing:expr;)*) => {
        $(
            static $real: Real = Real::named(concat!(stringify!($name), "\0").as_bytes());

            /// # Safety
            /// As in C.
            #[no_mangle]
            pub unsafe extern "C" fn $name(
                $($arg: *mut c_void,)*
                deadline: *const Timespec,
            ) -> Int {
                type Wait = Option<
                    unsafe extern "C" fn($(waits!(@pointer $arg),)* *const Timespec) -> Int,
                >;
                // SAFETY: the caller's promise; the type is that of the C library's function.
                unsafe {
                    match transmute::<*mut c_void, Wait>($real.get()) {
                        None => $missing,
                        Some(real) if deadline.is_null() => real($($arg,)* deadline),
                        Some(real) => real($($arg,)* &$shift(*deadline)),
                    }
                }
            }
        )*

        extern "C" fn find_all() {
            if clock_offset() != 0 || clock_nanos() != 0 {
                $($real.get();)*
                SLEEP.get();
            }
        }
    };
    (@pointer $arg:ident) => { *mut c_void };
}

waits! {
    COND pthread_cond_timedwait(cond, mutex) unshifted_if_wall else ENOSYS;
    MUTEX pthread_mutex_timedlock(mutex) unshifted else ENOSYS;
    READ pthread_rwlock_timedrdlock(lock) unshifted else ENOSYS;
    WRITE pthread_rwlock_timedwrlock(lock) unshifted else ENOSYS;
    JOIN pthread_timedjoin_np(thread, result) unshifted else ENOSYS;
    SEM sem_timedwait(semaphore) unshifted else fail(ENOSYS);
    CND cnd_timedwait(cond, mutex) unshifted else THRD_ERROR;
    MTX mtx_timedlock(mutex) unshifted else THRD_ERROR;
}

/// Found while the process starts: a look-up takes the loader's lock, which a thread that waits
/// must not need.
#[used]
#[link_section = ".init_array"]
static AT_START: extern "C" fn() = find_all;

static SLEEP: Real = Real::named(b"clock_nanosleep\0");

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn clock_nanosleep(
    clock: Int,
    flags: Int,
    until: *const Timespec,
    left: *mut Timespec,
) -> Int {
    type Sleep = Option<unsafe extern "C" fn(Int, Int, *const Timespec, *mut Timespec) -> Int>;
    let wall = matches!(clock, CLOCK_REALTIME | CLOCK_TAI) && flags & TIMER_ABSTIME != 0;
    // SAFETY: the caller's promise; the type is that of the C library's function.
    unsafe {
        match transmute::<*mut c_void, Sleep>(SLEEP.get()) {
            None => ENOSYS,
            Some(real) if wall && !until.is_null() => real(clock, flags, &unshifted(*until), left),
            Some(real) => real(clock, flags, until, left),
        }
    }
}

// Memory

/// Zeroed memory of its own, as an allocator may be in use where this is needed; null without.
fn map(size: usize) -> *mut c_void {
    // SAFETY: a new private mapping, readable and writable, of no file.
    let at = unsafe { mmap(null_mut(), size, 3, 0x22, -1, 0) };
    if at as isize == -1 {
        null_mut()
    } else {
        at
    }
}

/// The bytes before the NUL.
///
/// # Safety
/// The text ends in NUL, and is there as long as it is used.
unsafe fn text<'a>(at: *const u8) -> &'a [u8] {
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts(at, strlen(at)) }
}

/// A text of `CONFIG`, of which the compiler does not know what it was compiled as.
fn patched_text(field: &'static [u8; 272]) -> *const u8 {
    patched(&field).as_ptr()
}
