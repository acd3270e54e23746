//! Part of the watcher: system calls that no other library can stand in front of.

use core::arch::asm;

use super::Int;

#[cfg(target_arch = "x86_64")]
pub mod nr {
    pub const WRITE: i64 = 1;
    pub const FCNTL: i64 = 72;
    pub const CLOSE: i64 = 3;
    pub const GETTID: i64 = 186;
    pub const FUTEX: i64 = 202;
    pub const OPENAT: i64 = 257;
    pub const NEWFSTATAT: i64 = 262;
    pub const READLINKAT: i64 = 267;
    pub const GETRANDOM: i64 = 318;
    pub const STATX: i64 = 332;
}

#[cfg(target_arch = "aarch64")]
pub mod nr {
    pub const WRITE: i64 = 64;
    pub const FCNTL: i64 = 25;
    pub const CLOSE: i64 = 57;
    pub const GETTID: i64 = 178;
    pub const FUTEX: i64 = 98;
    pub const OPENAT: i64 = 56;
    pub const NEWFSTATAT: i64 = 79;
    pub const READLINKAT: i64 = 78;
    pub const GETRANDOM: i64 = 278;
    pub const STATX: i64 = 291;
}

#[link(name = "c")]
extern "C" {
    fn __errno_location() -> *mut Int;
}

/// A system call; a negative result is an error number.
#[cfg(target_arch = "x86_64")]
pub unsafe fn kernel(number: i64, args: [i64; 6]) -> i64 {
    let result;
    let [a, b, c, d, e, f] = args;
    // SAFETY: the caller's promise about the arguments.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    result
}

#[cfg(target_arch = "aarch64")]
pub unsafe fn kernel(number: i64, args: [i64; 6]) -> i64 {
    let result;
    let [a, b, c, d, e, f] = args;
    // SAFETY: the caller's promise about the arguments.
    unsafe {
        asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") a => result,
            in("x1") b, in("x2") c, in("x3") d, in("x4") e, in("x5") f,
            options(nostack),
        );
    }
    result
}

/// The same as the C library gives it: -1, and errno.
pub unsafe fn call(number: i64, args: [i64; 6]) -> i64 {
    // SAFETY: the caller's promise.
    let result = unsafe { kernel(number, args) };
    if (-4095..0).contains(&result) {
        set_errno(-result as Int);
        return -1;
    }
    result
}

/// Sets the thread's errno.
pub fn set_errno(errno: Int) {
    // SAFETY: glibc returns the address of the calling thread's errno.
    unsafe { *__errno_location() = errno };
}
