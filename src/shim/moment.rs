//! Part of the preload shim: how a build script is started is written down, and the clock starts or
//! stands at a given time.

use super::{__errno_location, clock_offset, now, patched, Int, Timespec, CLOCK_REALTIME, CONFIG};

/// Nanoseconds that the wall clock is ahead besides whole seconds.
pub fn clock_nanos() -> i64 {
    patched(&CONFIG.nanos)
}

/// From when on files are new, in seconds and nanoseconds by the kernel's clock; zero if none is.
pub fn since() -> (i64, i64) {
    let nanos = patched(&CONFIG.since);
    (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000))
}

/// The wall clock as processes are told it.
pub fn shown(time: Timespec) -> Timespec {
    let still = patched(&CONFIG.still);
    if still != 0 {
        return Timespec { sec: still, nsec: 0 };
    }
    let nanos = time.nsec + clock_nanos();
    Timespec {
        sec: time.sec.wrapping_add(clock_offset()) + nanos.div_euclid(1_000_000_000),
        nsec: nanos.rem_euclid(1_000_000_000),
    }
}

#[link(name = "c")]
extern "C" {
    pub fn getenv(name: *const u8) -> *const u8;
    pub fn open(path: *const u8, flags: Int, ...) -> Int;
    pub fn read(fd: Int, into: *mut u8, size: usize) -> isize;
    pub fn write(fd: Int, from: *const u8, size: usize) -> isize;
    pub fn close(fd: Int) -> Int;
    fn readlink(path: *const u8, into: *mut u8, size: usize) -> isize;
}

/// Puts a byte where there is room for it: nothing here may panic.
fn put(into: &mut [u8], at: usize, byte: u8) {
    if let Some(place) = into.get_mut(at) {
        *place = byte;
    }
}

/// Writes down how the first process with an OUT_DIR was started, which is its build script: when,
/// its program, its directory, its environment.
extern "C" fn write_down() {
    const WRITE_NEW: Int = 0o1 | 0o100 | 0o200 | 0o2_000_000;
    const READ: Int = 0o2_000_000;
    // SAFETY: names end in NUL, sizes are those of the buffers, errno is the thread's own.
    unsafe {
        let mut path = [0_u8; 540];
        let mut end = 0;
        for byte in patched(&CONFIG.records).iter().take_while(|byte| **byte != 0) {
            put(&mut path, end, *byte);
            end += 1;
        }
        let out_dir = getenv(b"OUT_DIR\0".as_ptr());
        if end == 0 || out_dir.is_null() {
            return;
        }
        // FNV-1a.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut at = out_dir;
        while *at != 0 {
            hash = (hash ^ u64::from(*at)).wrapping_mul(0x0100_0000_01b3);
            at = at.add(1);
        }
        put(&mut path, end, b'/');
        for i in 0..16 {
            let digit = (hash >> (60 - 4 * i) & 15) as u8;
            put(&mut path, end + 1 + i, if digit < 10 { b'0' + digit } else { b'a' - 10 + digit });
        }
        let before = *__errno_location();
        let record = open(path.as_ptr(), WRITE_NEW, 0o600 as Int);
        if record >= 0 {
            let at = now(CLOCK_REALTIME).sec.to_le_bytes();
            write(record, at.as_ptr(), 8);
            let mut buffer = [0_u8; 4096];
            for link in [&b"/proc/self/exe\0"[..], b"/proc/self/cwd\0"] {
                let n = readlink(link.as_ptr(), buffer.as_mut_ptr(), buffer.len() - 1);
                let n = n.max(0) as usize;
                put(&mut buffer, n, 0);
                write(record, buffer.as_ptr(), n + 1);
            }
            let environ = open(b"/proc/self/environ\0".as_ptr(), READ);
            if environ >= 0 {
                loop {
                    let n = read(environ, buffer.as_mut_ptr(), buffer.len());
                    if n <= 0 {
                        break;
                    }
                    write(record, buffer.as_ptr(), n as usize);
                }
                close(environ);
            }
            close(record);
        }
        *__errno_location() = before;
    }
}

#[used]
#[link_section = ".init_array"]
static WRITES_DOWN: extern "C" fn() = write_down;
