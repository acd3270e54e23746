//! Part of the preload shim: it stays in the environment of the programs that are run, where a
//! program clears or replaces theirs.

use core::ffi::c_void;
use core::mem::{size_of, transmute};
use core::ptr::{addr_of, null_mut};

use super::directories::{CLOSE, ENTRY, ENTRY_INTO, REWIND, SEEK, TELL};
use super::{__errno_location, fail, map, patched, text, Int, Real, CONFIG, ENOSYS};

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
    let own = patched(addr_of!(CONFIG.preload));
    // SAFETY: the caller's promise; every text ends in NUL.
    unsafe {
        if *own == 0 {
            return env;
        }
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
    fn read(fd: Int, into: *mut u8, size: usize) -> isize;
    fn write(fd: Int, from: *const u8, size: usize) -> isize;
    fn close(fd: Int) -> Int;
    fn getenv(name: *const u8) -> *const u8;
}

/// Writes down a program that this object cannot be loaded into, as it has no dynamic linker.
///
/// # Safety
/// `name` ends in NUL: a path, or a name to be looked for in PATH.
unsafe fn note(name: *const u8) {
    const CLOSE_ON_EXEC: Int = 0o2_000_000;
    const APPEND: Int = 0o2001 | 0o100 | CLOSE_ON_EXEC;
    let list = patched(addr_of!(CONFIG.unreached));
    // SAFETY: the caller's promise; every text ends in NUL, and `path` has room for what is put in.
    unsafe {
        if *list == 0 || name.is_null() {
            return;
        }
        let errno = *__errno_location();
        let direct = text(name).iter().any(|b| *b == b'/');
        let dirs = getenv(b"PATH\0".as_ptr());
        let dirs = if direct || dirs.is_null() {
            b""
        } else {
            text(dirs)
        };
        for dir in dirs.split(|b| *b == b':') {
            let mut path = [0_u8; 4096];
            let mut end = 0;
            for part in [dir, if direct { b"" } else { b"/" }, text(name)] {
                if end + part.len() + 2 > path.len() {
                    break;
                }
                core::ptr::copy_nonoverlapping(
                    part.as_ptr(),
                    path.as_mut_ptr().add(end),
                    part.len(),
                );
                end += part.len();
            }
            let file = open(path.as_ptr(), CLOSE_ON_EXEC);
            if file < 0 {
                continue;
            }
            let mut head = [0_u8; 1024];
            let size = read(file, head.as_mut_ptr(), head.len());
            close(file);
            if size >= 64 && is_static(&head) {
                let to = open(list, APPEND, 0o666);
                if let Some(last) = path.get_mut(end) {
                    *last = b'\n';
                }
                write(to, path.as_ptr(), end + 1);
                close(to);
            }
            break;
        }
        *__errno_location() = errno;
    }
}

/// Whether the head of a file is that of an ELF program of 64 bits without an interpreter.
fn is_static(head: &[u8; 1024]) -> bool {
    const INTERPRETER: u32 = 3;
    let number = |at: usize, size: usize| {
        let bytes = head.iter().skip(at).take(size).enumerate();
        bytes.fold(0_usize, |all, (i, byte)| all | (*byte as usize) << (8 * i))
    };
    let (at, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    let has = |kind: u32| {
        (0..count).any(|i| number(at.wrapping_add(i.wrapping_mul(size)), 4) == kind as usize)
    };
    head.starts_with(b"\x7fELF\x02") && !has(INTERPRETER)
}

/// Functions that run a program: what they take before the environment, what comes after it.
macro_rules! runs {
    ($($real:ident $name:ident($($arg:ident: $kind:ty),*) $program:expr, env($($more:ident: $other:ty),*);)*) => {
        $(
            static $real: Real = Real::named(concat!(stringify!($name), "\0").as_bytes());

            /// # Safety
            /// As in C.
            #[no_mangle]
            pub unsafe extern "C" fn $name($($arg: $kind,)* env: Words, $($more: $other),*) -> Int {
                type Run = Option<unsafe extern "C" fn($($kind,)* Words, $($other),*) -> Int>;
                // SAFETY: the caller's promise; the type is that of the C library's function.
                unsafe {
                    note($program);
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
    EXECVE execve(path: *const u8, args: Words) path, env();
    EXECVPE execvpe(file: *const u8, args: Words) file, env();
    FEXECVE fexecve(file: Int, args: Words) null_mut(), env();
    EXECVEAT execveat(dir: Int, path: *const u8, args: Words) null_mut(), env(flags: Int);
    SPAWN posix_spawn(
        pid: *mut Int, path: *const u8, actions: *const c_void, attributes: *const c_void, args: Words
    ) path, env();
    SPAWNP posix_spawnp(
        pid: *mut Int, file: *const u8, actions: *const c_void, attributes: *const c_void, args: Words
    ) file, env();
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
            if let Some(value) = text(*new).strip_prefix(b"LD_PRELOAD=") {
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
