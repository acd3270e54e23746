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

/// Functions that run a program: what they take before the environment, what comes after it.
macro_rules! runs {
    ($($real:ident $name:ident($($arg:ident: $kind:ty),*) env($($more:ident: $other:ty),*);)*) => {
        $(
            static $real: Real = Real::named(concat!(stringify!($name), "\0").as_bytes());

            /// # Safety
            /// As in C.
            #[no_mangle]
            pub unsafe extern "C" fn $name($($arg: $kind,)* env: Words, $($more: $other),*) -> Int {
                type Run = Option<unsafe extern "C" fn($($kind,)* Words, $($other),*) -> Int>;
                // SAFETY: the caller's promise; the type is that of the C library's function.
                unsafe {
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
    EXECVE execve(path: *const u8, args: Words) env();
    EXECVPE execvpe(file: *const u8, args: Words) env();
    FEXECVE fexecve(file: Int, args: Words) env();
    EXECVEAT execveat(dir: Int, path: *const u8, args: Words) env(flags: Int);
    SPAWN posix_spawn(
        pid: *mut Int, path: *const u8, actions: *const c_void, attributes: *const c_void, args: Words
    ) env();
    SPAWNP posix_spawnp(
        pid: *mut Int, file: *const u8, actions: *const c_void, attributes: *const c_void, args: Words
    ) env();
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
