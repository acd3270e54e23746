//! Part of the preload shim: it stays in the environment of the programs that are run, where a
//! program clears or replaces theirs.

use core::ffi::c_void;
use core::mem::{size_of, transmute};
use core::ptr::{addr_of, null_mut};

use super::directories::{CLOSE, ENTRY, ENTRY_INTO, REWIND, SEEK, TELL};
use super::{fail, map, Int, Real, CONFIG, ENOSYS};

type Words = *const *const u8;

#[link(name = "c")]
extern "C" {
    static environ: Words;
}

/// The environment with this object named in it, where it was taken out: in memory that goes with
/// the process image, or stays behind where a program cannot be run.
///
/// # Safety
/// `env` is null or a list of variables that ends in null.
unsafe fn with_shim(env: Words) -> Words {
    const NAME: &[u8] = b"LD_PRELOAD=";
    // The compiler knows what is in a static that it has not seen patched.
    let own = core::hint::black_box(addr_of!(CONFIG.preload) as *const u8);
    // SAFETY: the caller's promise; every text ends in NUL.
    unsafe {
        if *own == 0 {
            return env;
        }
        let text = |at: *const u8| core::ffi::CStr::from_ptr(at.cast()).to_bytes();
        let (mut count, mut theirs) = (0, None);
        while !env.is_null() && !(*env.add(count)).is_null() {
            if text(*env.add(count)).starts_with(NAME) {
                theirs = Some(count);
            }
            count += 1;
        }
        let value = |at: *const u8| text(at).strip_prefix(NAME).unwrap_or_default();
        let path = value(own);
        let rest = theirs.map_or(&[][..], |i| value(*env.add(i)));
        if rest.split(|b| matches!(b, b':' | b' ')).any(|p| p == path) {
            return env;
        }
        let words = size_of::<Words>() * (count + 2);
        let new = map(words + NAME.len() + path.len() + rest.len() + 2);
        if new.is_null() {
            return env;
        }
        let list = new as *mut *const u8;
        for i in 0..count {
            *list.add(i) = *env.add(i);
        }
        let mut to = (new as *mut u8).add(words);
        *list.add(theirs.unwrap_or(count)) = to;
        for part in [NAME, path, if rest.is_empty() { b"" } else { b":" }, rest] {
            core::ptr::copy_nonoverlapping(part.as_ptr(), to, part.len());
            to = to.add(part.len());
        }
        list
    }
}

#[link(name = "c")]
extern "C" {
    fn open(path: *const u8, flags: Int, ...) -> Int;
    fn read(file: Int, into: *mut u8, size: usize) -> isize;
    fn write(file: Int, from: *const u8, size: usize) -> isize;
    fn close(file: Int) -> Int;
    fn getenv(name: *const u8) -> *const u8;
}

const O_RECORD: Int = 0o2002001; // O_WRONLY, O_APPEND, O_CLOEXEC

/// Whether nothing is preloaded into an ELF file: it is of 32 bits, or names no dynamic linker. Only
/// what is certain counts: program headers are at the start of what a linker writes.
fn is_out_of_reach(head: &[u8]) -> bool {
    let number = |at: usize, size: usize| {
        let bytes = head.get(at..at + size)?;
        Some(bytes.iter().rev().fold(0_usize, |n, b| n << 8 | *b as usize))
    };
    let headers = || {
        let (start, size, count) = (number(32, 4)?, number(54, 2)?, number(56, 2)?);
        let mut found = true;
        for i in 0..count {
            found &= number(start + i * size, 4)? != 3;
        }
        Some(found)
    };
    head.starts_with(b"\x7fELF") && (head.get(4) == Some(&1) || headers() == Some(true))
}

/// Records a program, if there is one of this path and nothing is preloaded into it.
///
/// # Safety
/// `path` ends in NUL. Between fork and exec: system calls only.
unsafe fn record(path: *const u8) -> bool {
    // SAFETY: the caller's promise; what is read is within `head`.
    unsafe {
        let to = core::hint::black_box(addr_of!(CONFIG.record) as *const u8);
        if *to == 0 {
            return true;
        }
        let errno = *super::__errno_location();
        let file = open(path, 0o2000000);
        let mut head = [0_u8; 1024];
        let size = if file < 0 { -1 } else { read(file, head.as_mut_ptr(), head.len()) };
        if file >= 0 {
            close(file);
        }
        if head.get(..size.max(0) as usize).map_or(false, is_out_of_reach) {
            let list = open(to, O_RECORD);
            let text = core::ffi::CStr::from_ptr(path.cast()).to_bytes();
            let mut line = [b'\n'; 1024];
            let length = text.len().min(line.len() - 1);
            for (to, from) in line.iter_mut().zip(text.get(text.len() - length..).unwrap_or_default()) {
                *to = *from;
            }
            // One call: lines of several processes do not mix.
            write(list, line.as_ptr(), length + 1);
            close(list);
        }
        *super::__errno_location() = errno;
        file >= 0
    }
}

/// The same of a program that is looked for in PATH.
///
/// # Safety
/// As of `record`.
unsafe fn record_found(file: *const u8) {
    // SAFETY: the caller's promise; `path` has room for what is copied, and its NUL.
    unsafe {
        let name = core::ffi::CStr::from_ptr(file.cast()).to_bytes();
        let dirs = getenv(b"PATH\0".as_ptr());
        if name.iter().any(|b| *b == b'/') || dirs.is_null() {
            record(file);
            return;
        }
        let mut left = core::ffi::CStr::from_ptr(dirs.cast()).to_bytes().iter();
        while !left.as_slice().is_empty() {
            let mut path = [0_u8; 1024];
            let dir = left.by_ref().take_while(|b| **b != b':');
            // The last byte stays NUL.
            let room = path.iter_mut().take(1023);
            room.zip(dir.chain(b"/").chain(name)).for_each(|(to, from)| *to = *from);
            if record(path.as_ptr()) {
                return;
            }
        }
    }
}

/// Functions that run a program: what they take before the environment, what comes after it, and how
/// the program is recorded.
macro_rules! runs {
    ($($real:ident $name:ident($($arg:ident: $kind:ty),*) env($($more:ident: $other:ty),*) $($record:ident($program:ident))?;)*) => {
        $(
            static $real: Real = Real::named(concat!(stringify!($name), "\0").as_bytes());

            /// # Safety
            /// As in C.
            #[no_mangle]
            pub unsafe extern "C" fn $name($($arg: $kind,)* env: Words, $($more: $other),*) -> Int {
                type Run = Option<unsafe extern "C" fn($($kind,)* Words, $($other),*) -> Int>;
                // SAFETY: the caller's promise; the type is that of the C library's function.
                unsafe {
                    $($record($program);)?
                    match transmute::<*mut c_void, Run>($real.get()) {
                        Some(real) => real($($arg,)* with_shim(env), $($more),*),
                        None => fail(ENOSYS),
                    }
                }
            }
        )*

        extern "C" fn find_runs() {
            $($real.get();)*
            for real in [&SYSTEM, &POPEN, &ENTRY, &ENTRY_INTO, &REWIND, &TELL, &SEEK, &CLOSE] {
                real.get();
            }
        }
    };
}

/// As `AT_START`; between fork and exec a look-up could wait for a thread that is not there.
#[used]
#[link_section = ".init_array"]
static RUNS_AT_START: extern "C" fn() = find_runs;

runs! {
    EXECVE execve(path: *const u8, args: Words) env() record(path);
    EXECVPE execvpe(file: *const u8, args: Words) env() record_found(file);
    FEXECVE fexecve(file: Int, args: Words) env();
    EXECVEAT execveat(dir: Int, path: *const u8, args: Words) env(flags: Int);
    SPAWN posix_spawn(
        pid: *mut Int, path: *const u8, actions: *const c_void, attributes: *const c_void, args: Words
    ) env() record(path);
    SPAWNP posix_spawnp(
        pid: *mut Int, file: *const u8, actions: *const c_void, attributes: *const c_void, args: Words
    ) env() record_found(file);
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn execv(path: *const u8, args: Words) -> Int {
    // SAFETY: the caller's promise.
    unsafe { execve(path, args, environ) }
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn execvp(file: *const u8, args: Words) -> Int {
    // SAFETY: the caller's promise.
    unsafe { execvpe(file, args, environ) }
}

#[link(name = "c")]
extern "C" {
    fn setenv(name: *const u8, value: *const u8, replace: Int) -> Int;
}

/// Names this object in the process's own environment again, for a function of the C library that
/// takes it from there by itself.
fn restore() {
    // SAFETY: the list is the C library's; the new one ends in null and its texts in NUL.
    unsafe {
        let mut new = with_shim(environ);
        if new == environ {
            return;
        }
        while !(*new).is_null() {
            let text = core::ffi::CStr::from_ptr((*new).cast()).to_bytes();
            if let Some(value) = text.strip_prefix(b"LD_PRELOAD=") {
                setenv(b"LD_PRELOAD\0".as_ptr(), value.as_ptr(), 1);
            }
            new = new.add(1);
        }
    }
}

static SYSTEM: Real = Real::named(b"system\0");
static POPEN: Real = Real::named(b"popen\0");

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn system(command: *const u8) -> Int {
    restore();
    // SAFETY: the caller's promise; the type is that of the C library's function.
    unsafe {
        type Run = Option<unsafe extern "C" fn(*const u8) -> Int>;
        transmute::<*mut c_void, Run>(SYSTEM.get())
            .map_or_else(|| fail(ENOSYS), |real| real(command))
    }
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn popen(command: *const u8, mode: *const u8) -> *mut c_void {
    restore();
    // SAFETY: the caller's promise; the type is that of the C library's function.
    unsafe {
        type Run = Option<unsafe extern "C" fn(*const u8, *const u8) -> *mut c_void>;
        transmute::<*mut c_void, Run>(POPEN.get()).map_or(null_mut(), |real| real(command, mode))
    }
}
