//! Part of the preload shim: how many CPUs there are, and which of them a thread may use.
//! An allocator calls these while it sets itself up (`sysconf`, `sched_getaffinity`): they must not allocate, use
//! thread-local storage or look symbols up, or the process hangs. They use system calls and `__sysconf` only.

use core::ffi::c_void;
use core::mem::transmute;
use core::ptr::null_mut;

use super::{__errno_location, fail, nr, patched, syscall, Int, Long, Real, CONFIG, EINVAL, ENOSYS};

const SC_NPROCESSORS_CONF: Int = 83;
const SC_NPROCESSORS_ONLN: Int = 84;

// Only glibc has this name of `sysconf`. The reference is weak, as a program with another C library, musl's, could
// not be started otherwise.
core::arch::global_asm!(".weak __sysconf");

#[link(name = "c")]
extern "C" {
    fn __sysconf(name: Int) -> Long;
    fn pthread_self() -> usize;
}

type Sysconf = Option<unsafe extern "C" fn(Int) -> Long>;

/// Its address as the loader fills it in: null where there is none.
static OF_GLIBC: Sysconf = Some(__sysconf);

/// Found when it is asked for. Not with glibc: there the look-up may allocate, and allocators ask for the number of
/// CPUs when they start.
static OF_OTHERS: Real = Real::named(b"sysconf\0");

fn cpu_count() -> u32 {
    patched(&CONFIG.cpu_count)
}

/// Names the lowest `count` CPUs; the error number where the mask cannot hold them.
///
/// # Safety
/// `mask` points to `size` bytes.
unsafe fn fill(count: u32, size: usize, mask: *mut u8) -> Int {
    let count = count as usize;
    if size < 8 || size % 8 != 0 || size < (count + 7) / 8 {
        return EINVAL;
    }
    for i in 0..size {
        let left = count.saturating_sub(i.saturating_mul(8));
        let bits = if left >= 8 { 0xff } else { (1_u8 << left) - 1 };
        // SAFETY: `i` is below `size`. Little-endian architectures only, see `nr`.
        unsafe { *mask.add(i) = bits };
    }
    0
}

/// The kernel's mask of a thread, its rest zeroed as glibc does; -1 with errno on failure.
///
/// # Safety
/// `mask` points to `size` bytes.
unsafe fn read_affinity(pid: Int, size: usize, mask: *mut u8) -> Int {
    // SAFETY: the kernel checks its arguments.
    let written = unsafe {
        let size = size.min(i32::MAX as usize);
        syscall(nr::SCHED_GETAFFINITY, pid as Long, size, mask)
    };
    if written < 0 {
        return -1;
    }
    for i in written as usize..size {
        // SAFETY: `i` is below `size`.
        unsafe { *mask.add(i) = 0 };
    }
    0
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn sched_getaffinity(pid: Int, size: usize, mask: *mut u8) -> Int {
    let count = cpu_count();
    // SAFETY: the caller's promise.
    unsafe {
        if count == 0 {
            return read_affinity(pid, size, mask);
        }
        match fill(count, size, mask) {
            0 => 0,
            error => fail(error),
        }
    }
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn pthread_getaffinity_np(thread: usize, size: usize, mask: *mut u8) -> Int {
    static REAL: Real = Real::named(b"pthread_getaffinity_np\0");
    let count = cpu_count();
    // SAFETY: the caller's promise; the type is that of the C library's function.
    unsafe {
        if count != 0 {
            return fill(count, size, mask);
        }
        // An allocator asks for its own thread while it sets itself up: no look-up then.
        if thread == pthread_self() {
            return match read_affinity(0, size, mask) {
                0 => 0,
                _ => *__errno_location(),
            };
        }
        type Get = Option<unsafe extern "C" fn(usize, usize, *mut u8) -> Int>;
        match transmute::<*mut c_void, Get>(REAL.get()) {
            Some(real) => real(thread, size, mask),
            None => ENOSYS,
        }
    }
}

/// The CPU that the thread is on, brought below the number of CPUs that programs see: they make tables of
/// that size and use the CPU as the index.
fn current_cpu(node: *mut u32) -> Result<u32, ()> {
    let mut cpu = 0_u32;
    let no_cache = null_mut::<c_void>();
    // SAFETY: `cpu` is ours, the kernel checks `node`.
    if unsafe { syscall(nr::GETCPU, &mut cpu as *mut u32, node, no_cache) } != 0 {
        return Err(());
    }
    Ok(cpu.checked_rem(cpu_count()).unwrap_or(cpu))
}

#[no_mangle]
pub extern "C" fn sched_getcpu() -> Int {
    current_cpu(null_mut()).map_or(-1, |cpu| cpu as Int)
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn getcpu(cpu: *mut u32, node: *mut u32) -> Int {
    match current_cpu(node) {
        Ok(current) => {
            if !cpu.is_null() {
                // SAFETY: not null, so the caller's.
                unsafe { *cpu = current };
            }
            0
        }
        Err(()) => -1,
    }
}

#[no_mangle]
pub extern "C" fn sysconf(name: Int) -> Long {
    let count = cpu_count();
    if count != 0 && matches!(name, SC_NPROCESSORS_CONF | SC_NPROCESSORS_ONLN) {
        return count as Long;
    }
    // SAFETY: volatile because only the loader knows the address; the function takes any number.
    unsafe {
        let of_glibc = patched(&OF_GLIBC);
        let others = || transmute::<*mut c_void, Sysconf>(OF_OTHERS.get());
        of_glibc.or_else(others).map_or(-1, |sysconf| sysconf(name))
    }
}

#[no_mangle]
pub extern "C" fn get_nprocs() -> Int {
    sysconf(SC_NPROCESSORS_ONLN) as Int
}

#[no_mangle]
pub extern "C" fn get_nprocs_conf() -> Int {
    sysconf(SC_NPROCESSORS_CONF) as Int
}
