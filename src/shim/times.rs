//! Part of the preload shim: files that are made while the build runs are of the time that its clock
//! shows. What was there before, such as the sources, keeps its time.
//!
//! Times that a program sets are shifted back, so that it reads what it has set.

use core::ffi::c_void;
use core::mem::transmute;

use super::moment::{since, shown};
use super::{fail, unshifted, Int, Long, Real, Timespec, Timeval, ENOSYS};

/// Where the times of access, modification and status are in a `struct stat`, in bytes: the same on
/// every architecture of this shim.
const OF_STAT: [usize; 3] = [72, 88, 104];
/// Where these, and that of birth, are in a `struct statx`.
const OF_STATX: [usize; 4] = [64, 80, 96, 112];
/// What `UTIME_NOW` and `UTIME_OMIT` are above.
const NSEC_MAX: Long = 999_999_999;

/// A time in a `struct statx`.
#[repr(C)]
struct Short {
    sec: i64,
    nsec: u32,
}

/// What `utime` takes, once for access and once for modification.
type Seconds = i64;

fn is_new(time: Timespec) -> bool {
    let (sec, nsec) = since();
    sec != 0 && (time.sec, time.nsec) >= (sec, nsec)
}

fn seen(time: Timespec) -> Timespec {
    if is_new(time) {
        shown(time)
    } else {
        time
    }
}

/// The time that a file must have, for a program to see this one.
fn kept(time: Timespec) -> Timespec {
    let before = unshifted(time);
    if time.nsec <= NSEC_MAX && is_new(before) {
        before
    } else {
        time
    }
}

/// # Safety
/// `stat` points to a `struct stat` that the C library has written.
unsafe fn shift(stat: *mut u8) {
    for at in OF_STAT {
        // SAFETY: the caller's promise; the times are aligned as the structure is.
        unsafe {
            let time = stat.add(at) as *mut Timespec;
            *time = seen(*time);
        }
    }
}

/// # Safety
/// `stat` points to a `struct statx` that the C library has written.
unsafe fn shift_extended(stat: *mut u8) {
    for at in OF_STATX {
        // SAFETY: as in `shift`.
        unsafe {
            let time = stat.add(at) as *mut Short;
            let nsec = Long::from((*time).nsec);
            let shown = seen(Timespec { sec: (*time).sec, nsec });
            (*time).sec = shown.sec;
            (*time).nsec = shown.nsec as u32;
        }
    }
}

macro_rules! reads {
    ($($real:ident $name:ident($($arg:ident: $type:ty),*; $($more:ident: $other:ty),*) $shift:ident;)*) => {
        $(
            static $real: Real = Real::named(concat!(stringify!($name), "\0").as_bytes());

            /// # Safety
            /// As in C.
            #[no_mangle]
            pub unsafe extern "C" fn $name($($arg: $type,)* into: *mut u8, $($more: $other),*) -> Int {
                type Read = Option<unsafe extern "C" fn($($type,)* *mut u8, $($other),*) -> Int>;
                // SAFETY: the caller's promise; the type is that of the C library's function.
                unsafe {
                    match transmute::<*mut c_void, Read>($real.get()) {
                        None => fail(ENOSYS),
                        Some(real) => {
                            let result = real($($arg,)* into, $($more),*);
                            if result == 0 {
                                $shift(into);
                            }
                            result
                        }
                    }
                }
            }
        )*

        fn find_readers() {
            $($real.get();)*
        }
    };
}

reads! {
    STAT stat(path: *const u8;) shift;
    LSTAT lstat(path: *const u8;) shift;
    FSTAT fstat(fd: Int;) shift;
    FSTATAT fstatat(dir: Int, path: *const u8; flags: Int) shift;
    STAT64 stat64(path: *const u8;) shift;
    LSTAT64 lstat64(path: *const u8;) shift;
    FSTAT64 fstat64(fd: Int;) shift;
    FSTATAT64 fstatat64(dir: Int, path: *const u8; flags: Int) shift;
    XSTAT __xstat(version: Int, path: *const u8;) shift;
    LXSTAT __lxstat(version: Int, path: *const u8;) shift;
    FXSTAT __fxstat(version: Int, fd: Int;) shift;
    FXSTATAT __fxstatat(version: Int, dir: Int, path: *const u8; flags: Int) shift;
    XSTAT64 __xstat64(version: Int, path: *const u8;) shift;
    LXSTAT64 __lxstat64(version: Int, path: *const u8;) shift;
    FXSTAT64 __fxstat64(version: Int, fd: Int;) shift;
    FXSTATAT64 __fxstatat64(version: Int, dir: Int, path: *const u8; flags: Int) shift;
    STATX statx(dir: Int, path: *const u8, flags: Int, mask: u32;) shift_extended;
}

fn kept_short(time: Timeval) -> Timeval {
    let Timespec { sec, nsec } = kept(Timespec { sec: time.sec, nsec: time.usec * 1_000 });
    Timeval { sec, usec: nsec / 1_000 }
}

fn kept_seconds(time: Seconds) -> Seconds {
    kept(Timespec { sec: time, nsec: 0 }).sec
}

macro_rules! sets {
    ($($real:ident $name:ident($($arg:ident: $type:ty),*; $time:ident by $kept:ident; $($more:ident: $other:ty),*);)*) => {
        $(
            static $real: Real = Real::named(concat!(stringify!($name), "\0").as_bytes());

            /// # Safety
            /// As in C.
            #[no_mangle]
            pub unsafe extern "C" fn $name(
                $($arg: $type,)* times: *const [$time; 2], $($more: $other),*
            ) -> Int {
                type Set = Option<unsafe extern "C" fn($($type,)* *const [$time; 2], $($other),*) -> Int>;
                // SAFETY: the caller's promise; the type is that of the C library's function.
                unsafe {
                    match transmute::<*mut c_void, Set>($real.get()) {
                        None => fail(ENOSYS),
                        Some(real) if times.is_null() => real($($arg,)* times, $($more),*),
                        Some(real) => {
                            let [read, written] = *times;
                            real($($arg,)* &[$kept(read), $kept(written)], $($more),*)
                        }
                    }
                }
            }
        )*

        fn find_writers() {
            $($real.get();)*
        }
    };
}

sets! {
    UTIMENSAT utimensat(dir: Int, path: *const u8; Timespec by kept; flags: Int);
    FUTIMENS futimens(fd: Int; Timespec by kept;);
    UTIMES utimes(path: *const u8; Timeval by kept_short;);
    LUTIMES lutimes(path: *const u8; Timeval by kept_short;);
    FUTIMES futimes(fd: Int; Timeval by kept_short;);
    FUTIMESAT futimesat(dir: Int, path: *const u8; Timeval by kept_short;);
    UTIME utime(path: *const u8; Seconds by kept_seconds;);
}

extern "C" fn find_all() {
    if since().0 != 0 {
        find_readers();
        find_writers();
    }
}

/// As for functions that wait.
#[used]
#[link_section = ".init_array"]
static AT_START: extern "C" fn() = find_all;
