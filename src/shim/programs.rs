//! Part of the preload shim: it is put into the environment of each program that is run, also where
//! another one clears or replaces it, and taken out again when that program starts. No program sees the
//! variable, which a build without `repro` does not have.

use core::ffi::c_void;
use core::mem::{size_of, transmute};
use core::ptr::null_mut;

use super::directories::{CLOSE, ENTRY, ENTRY_INTO, REWIND, SEEK, TELL};
use super::environment::{parts, retain, without, PRELOAD};
use super::moment::{close, getenv, open, read, write};
use super::{__errno_location, fail, map, patched_text, text, Int, Real, CONFIG, ENOSYS};

type Words = *const *const u8;

#[link(name = "c")]
extern "C" {
    static environ: Words;
    fn munmap(at: *mut c_void, size: usize) -> Int;
    fn prctl(option: Int, ...) -> Int;
    fn geteuid() -> u32;
    fn getegid() -> u32;
    fn getxattr(path: *const u8, name: *const u8, into: *mut u8, size: usize) -> isize;
    fn setenv(name: *const u8, value: *const u8, replace: Int) -> Int;
    fn unsetenv(name: *const u8) -> Int;
}

/// Takes this object out of the environment that the process was started with: the loader has read it.
extern "C" fn hide() {
    let own = patched_text(&CONFIG.preload);
    // SAFETY: the process has no other thread yet.
    unsafe {
        let path = text(own).strip_prefix(PRELOAD).unwrap_or_default();
        if !path.is_empty() {
            retain(|variable| !variable.starts_with(PRELOAD) || without(variable, path));
        }
    }
}

/// The environment with this object named in it: in memory that goes with the process image, or is given
/// back by [`drop_env`]. The second is its size; zero where it is the caller's.
///
/// # Safety
/// `env` is null or a list of variables that ends in null.
unsafe fn with_shim(env: Words) -> (Words, usize) {
    let own = patched_text(&CONFIG.preload);
    // SAFETY: the caller's promise; every text ends in NUL.
    unsafe {
        if *own == 0 {
            return (env, 0);
        }
        let (mut count, mut theirs) = (0, None);
        while !env.is_null() && !(*env.add(count)).is_null() {
            if text(*env.add(count)).starts_with(PRELOAD) {
                theirs = Some(count);
            }
            count += 1;
        }
        let value = |at: *const u8| text(at).strip_prefix(PRELOAD).unwrap_or_default();
        let path = value(own);
        let rest = theirs.map_or(&[][..], |i| value(*env.add(i)));
        if parts(rest).any(|p| p == path) {
            return (env, 0);
        }
        let words = size_of::<Words>() * (count + 2);
        let size = words + PRELOAD.len() + path.len() + rest.len() + 2;
        let new = map(size);
        if new.is_null() {
            return (env, 0);
        }
        let list = new as *mut *const u8;
        for i in 0..count {
            *list.add(i) = *env.add(i);
        }
        let mut to = (new as *mut u8).add(words);
        *list.add(theirs.unwrap_or(count)) = to;
        for part in [PRELOAD, path, if rest.is_empty() { b"" } else { b":" }, rest] {
            core::ptr::copy_nonoverlapping(part.as_ptr(), to, part.len());
            to = to.add(part.len());
        }
        (list, size)
    }
}

/// # Safety
/// Both come from [`with_shim`], and the list is no longer used.
unsafe fn drop_env((env, size): (Words, usize)) {
    if size > 0 {
        // SAFETY: the caller's promise.
        unsafe { munmap(env as *mut c_void, size) };
    }
}

/// What is written down of one program: fields that each end in NUL, and a line feed.
struct Record {
    at: *mut u8,
    end: usize,
}

impl Record {
    const ROOM: usize = 1 << 15;

    /// Adds a field, unless there is no room for it.
    fn field(&mut self, field: &[u8]) {
        if !self.at.is_null() && self.end + field.len() + 2 < Record::ROOM {
            // SAFETY: there is room, and the mapping is zeroed.
            unsafe {
                core::ptr::copy_nonoverlapping(field.as_ptr(), self.at.add(self.end), field.len());
            }
            self.end += field.len() + 1;
        }
    }

    /// Adds it to the list, whole: several processes do that at once.
    ///
    /// # Safety
    /// `list` ends in NUL.
    unsafe fn append(self, list: *const u8) {
        const APPEND: Int = 0o2001 | 0o100 | CLOSE_ON_EXEC;
        if self.at.is_null() {
            return;
        }
        // SAFETY: the mapping has room for one byte more; it is not used afterwards.
        unsafe {
            *self.at.add(self.end) = b'\n';
            let to = open(list, APPEND, 0o666);
            write(to, self.at, self.end + 1);
            close(to);
            munmap(self.at as *mut c_void, Record::ROOM);
        }
    }
}

const CLOSE_ON_EXEC: Int = 0o2_000_000;

/// Writes down a program that this object cannot be loaded into, and one that is called with a word
/// that may ask for code for the CPU of this machine. `src/shim/ran.rs` reads it.
///
/// # Safety
/// `name` is null or ends in NUL: a path, or a name to be looked for in PATH. `args` is null or a list
/// of such texts that ends in null.
unsafe fn note(name: *const u8, args: Words) {
    let list = patched_text(&CONFIG.unreached);
    // SAFETY: the caller's promise; every text ends in NUL, and `path` has room for what is put in.
    unsafe {
        if *list == 0 {
            return;
        }
        let errno = *__errno_location();
        if !name.is_null() {
            find(name, |path| {
                let found = obstacle(path.as_ptr(), true);
                if let Some(kind) = found.filter(|kind| *kind != REACHED) {
                    put_down(list, kind, text(path.as_ptr()), null_mut());
                }
                found.is_some()
            });
        }
        let mut at = args;
        while !at.is_null() && !(*at).is_null() {
            if is_native(text(*at)) {
                let name = if name.is_null() { *args } else { name };
                put_down(list, b'n', text(name), args);
                break;
            }
            at = at.add(1);
        }
        *__errno_location() = errno;
    }
}

fn is_native(arg: &[u8]) -> bool {
    arg.windows(7).any(|part| part == b"=native")
}

/// # Safety
/// `list` ends in NUL; `args` is as in [`note`].
unsafe fn put_down(list: *const u8, kind: u8, program: &[u8], args: Words) {
    // SAFETY: the caller's promise; the names end in NUL.
    unsafe {
        let mut record = Record { at: map(Record::ROOM) as *mut u8, end: 0 };
        record.field(&[kind]);
        for variable in [&b"CARGO_PKG_NAME\0"[..], b"CARGO_PKG_VERSION\0"] {
            let value = getenv(variable.as_ptr());
            record.field(if value.is_null() { b"" } else { text(value) });
        }
        record.field(program);
        // Those that matter first: of a long list the end is left out.
        for native in [true, false] {
            let mut at = args;
            while !at.is_null() && !(*at).is_null() {
                let arg = text(*at);
                if is_native(arg) == native {
                    record.field(arg);
                }
                at = at.add(1);
            }
        }
        record.append(list);
    }
}

/// Hands the places where a program of this name may be to `is_there`, in the order of PATH.
///
/// # Safety
/// `name` ends in NUL.
unsafe fn find(name: *const u8, mut is_there: impl FnMut(&[u8; 4096]) -> bool) {
    // SAFETY: the caller's promise; what is copied is shorter than `path`.
    unsafe {
        let direct = text(name).iter().any(|b| *b == b'/');
        let dirs = getenv(b"PATH\0".as_ptr());
        let dirs = if direct || dirs.is_null() { b"" } else { text(dirs) };
        for dir in dirs.split(|b| *b == b':') {
            let mut path = [0_u8; 4096];
            let mut end = 0;
            for part in [dir, if direct { b"" } else { b"/" }, text(name)] {
                if end + part.len() + 1 > path.len() {
                    return;
                }
                core::ptr::copy_nonoverlapping(
                    part.as_ptr(),
                    path.as_mut_ptr().add(end),
                    part.len(),
                );
                end += part.len();
            }
            if is_there(&path) {
                return;
            }
        }
    }
}

/// It can be loaded.
const REACHED: u8 = b'-';

#[cfg(target_arch = "x86_64")]
const STATX: i64 = 332;
#[cfg(not(target_arch = "x86_64"))]
const STATX: i64 = 291;

/// What keeps this object out of the program at `path`: `s`, it has no dynamic linker; `3`, it is of 32
/// bits; `u`, it gets the rights of another user. None where there is no program.
///
/// # Safety
/// `path` ends in NUL.
unsafe fn obstacle(path: *const u8, follow: bool) -> Option<u8> {
    // SAFETY: the caller's promise; sizes are those of the buffers.
    unsafe {
        let mut stat = [0_u32; 64];
        if super::syscall(STATX, -100_i64, path, 0_i64, 0xfff_i64, stat.as_mut_ptr()) != 0 {
            return None;
        }
        let (user, group, mode) = (stat.get(5)?, stat.get(6)?, stat.get(7)? & 0xffff);
        if mode & 0o111 == 0 || mode & 0o170_000 != 0o100_000 {
            return None;
        }
        let capable = || getxattr(path, b"security.capability\0".as_ptr(), null_mut(), 0) > 0;
        let gains = mode & 0o4000 != 0 && *user != geteuid()
            || mode & 0o2010 == 0o2010 && *group != getegid()
            || geteuid() != 0 && capable();
        const NO_NEW_PRIVILEGES: Int = 39;
        if gains && prctl(NO_NEW_PRIVILEGES, 0_i64, 0_i64, 0_i64, 0_i64) != 1 {
            return Some(b'u');
        }
        let file = open(path, CLOSE_ON_EXEC);
        let mut head = [0_u8; 1024];
        let size = read(file, head.as_mut_ptr(), head.len() - 1);
        if file >= 0 {
            close(file);
        }
        if let Some(line) = head.strip_prefix(b"#!").filter(|_| follow) {
            let blank = |b: &u8| matches!(b, b' ' | b'\t');
            let line = line.get(line.iter().position(|b| !blank(b))?..)?;
            let length = line.iter().position(|b| blank(b) || matches!(b, b'\n' | 0))?;
            let mut interpreter = [0_u8; 1024];
            interpreter.get_mut(..length)?.copy_from_slice(line.get(..length)?);
            return Some(obstacle(interpreter.as_ptr(), false).unwrap_or(REACHED));
        }
        Some(match head.strip_prefix(b"\x7fELF") {
            Some([1, ..]) => b'3',
            Some(_) if size >= 64 && is_static(&head) => b's',
            _ => REACHED,
        })
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
    ($($real:ident $name:ident($($arg:ident: $kind:ty),*) $program:expr, $words:expr, env($($more:ident: $other:ty),*);)*) => {
        $(
            static $real: Real = Real::named(concat!(stringify!($name), "\0").as_bytes());

            /// # Safety
            /// As in C.
            #[no_mangle]
            pub unsafe extern "C" fn $name($($arg: $kind,)* env: Words, $($more: $other),*) -> Int {
                type Run = Option<unsafe extern "C" fn($($kind,)* Words, $($other),*) -> Int>;
                // SAFETY: the caller's promise; the type is that of the C library's function.
                unsafe {
                    note($program, $words);
                    match transmute::<*mut c_void, Run>($real.get()) {
                        Some(real) => {
                            let env = with_shim(env);
                            let result = real($($arg,)* env.0, $($more),*);
                            drop_env(env);
                            result
                        }
                        None => fail(ENOSYS),
                    }
                }
            }
        )*

        extern "C" fn find_runs() {
            hide();
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
    EXECVE execve(path: *const u8, args: Words) path, args, env();
    EXECVPE execvpe(file: *const u8, args: Words) file, args, env();
    FEXECVE fexecve(file: Int, args: Words) null_mut(), args, env();
    EXECVEAT execveat(dir: Int, path: *const u8, args: Words) null_mut(), args, env(flags: Int);
    SPAWN posix_spawn(
        pid: *mut Int, path: *const u8, actions: *const c_void, attributes: *const c_void, args: Words
    ) path, args, env();
    SPAWNP posix_spawnp(
        pid: *mut Int, file: *const u8, actions: *const c_void, attributes: *const c_void, args: Words
    ) file, args, env();
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

/// Functions that take the arguments one by one. A variadic function has its arguments, all of them
/// pointers, where one with as many parameters has them.
macro_rules! lists {
    ($args:tt $($name:ident as $run:ident, $with_env:literal;)*) => {
        $(lists! { @ $name $run $with_env $args })*
    };
    (@ $name:ident $run:ident $with_env:literal ($($arg:ident)*)) => {
        /// # Safety
        /// As in C.
        #[no_mangle]
        pub unsafe extern "C" fn $name(program: *const u8, $($arg: *const u8),*) -> Int {
            const TOO_MANY: Int = 7;
            let args = [$($arg),*];
            let end = args.iter().position(|arg| arg.is_null());
            let given = end.and_then(|end| args.get(end + 1));
            // SAFETY: the caller's promise.
            unsafe {
                match (end, given) {
                    (Some(_), Some(env)) if $with_env => $run(program, args.as_ptr(), *env as Words),
                    (Some(_), _) if !$with_env => $run(program, args.as_ptr(), environ),
                    _ => fail(TOO_MANY),
                }
            }
        }
    };
}

lists! {
    (a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 c0 c1 c2 c3 c4 c5 c6 c7 c8 c9
     d0 d1 d2 d3 d4 d5 d6 d7 d8 d9 e0 e1 e2 e3 e4 e5 e6 e7 e8 e9 f0 f1 f2 f3 f4 f5 f6 f7 f8 f9)
    execl as execve, false;
    execlp as execvpe, false;
    execle as execve, true;
}

/// Names this object in the process's own environment while `run` does, which is a function of the C
/// library that takes it from there by itself.
fn restored<T>(run: impl FnOnce() -> T) -> T {
    const VARIABLE: &[u8] = b"LD_PRELOAD\0";
    // SAFETY: the list is the C library's; the new one ends in null and its texts in NUL. What setenv puts
    // there is a copy, so the text from before is still there.
    unsafe {
        let before = getenv(VARIABLE.as_ptr());
        let new = with_shim(environ);
        let mut at = new.0;
        while new.1 > 0 && !(*at).is_null() {
            if let Some(value) = text(*at).strip_prefix(PRELOAD) {
                setenv(VARIABLE.as_ptr(), value.as_ptr(), 1);
            }
            at = at.add(1);
        }
        let result = run();
        match (new.1, before.is_null()) {
            (0, _) => 0,
            (_, true) => unsetenv(VARIABLE.as_ptr()),
            (_, false) => setenv(VARIABLE.as_ptr(), before, 1),
        };
        drop_env(new);
        result
    }
}

static SYSTEM: Real = Real::named(b"system\0");
static POPEN: Real = Real::named(b"popen\0");

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn system(command: *const u8) -> Int {
    // SAFETY: the caller's promise; the type is that of the C library's function.
    restored(|| unsafe {
        type Run = Option<unsafe extern "C" fn(*const u8) -> Int>;
        transmute::<*mut c_void, Run>(SYSTEM.get())
            .map_or_else(|| fail(ENOSYS), |real| real(command))
    })
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn popen(command: *const u8, mode: *const u8) -> *mut c_void {
    // SAFETY: the caller's promise; the type is that of the C library's function.
    restored(|| unsafe {
        type Run = Option<unsafe extern "C" fn(*const u8, *const u8) -> *mut c_void>;
        transmute::<*mut c_void, Run>(POPEN.get()).map_or(null_mut(), |real| real(command, mode))
    })
}
