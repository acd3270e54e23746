//! The watcher: writes down what procedural macros read within one rustc process, and which files rustc itself
//! opens. A call counts as a macro's where it returns into a file that was loaded after the process had
//! started: rustc itself, its libraries and the C library are there from the start.
//!
//! Not a module of the crate: `repro` compiles this file on the host that builds, as a `no_std` shared
//! object for Linux with glibc. The variable `REPRO_WATCH` has its own path, the file to write to and a text
//! that random numbers begin with, with `\x1f` between them; the watcher takes the variable and itself out of
//! the environment before anything else runs. The functions here are those that `src/shim/watch.rs` lists as
//! watched. Before the watcher has started, and in a process without the variable, each does only what the
//! C library's does. Nothing here may panic or allocate. Rust 1.88 compiles it; with an older one macros are not watched.

#![no_std]

mod environment;
mod kernel;

use environment::{retain, without, PRELOAD};
use kernel::{call, kernel, nr, set_errno};

use core::arch::naked_asm;
use core::ffi::c_void;
use core::mem::{size_of, transmute};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};

type Int = i32;

/// The functions that these stand for: the C library's, or those of the preload shim, which is behind this
/// object. Found while the process starts; before that the kernel is called.
struct Next(&'static str, AtomicPtr<c_void>);

impl Next {
    const fn named(name: &'static str) -> Next {
        Next(name, AtomicPtr::new(null_mut()))
    }

    fn find(&self) {
        const RTLD_NEXT: *mut c_void = -1_isize as *mut c_void;
        // SAFETY: every name ends in NUL.
        self.1.store(unsafe { dlsym(RTLD_NEXT, self.0.as_ptr()) }, Ordering::Relaxed);
    }

    fn get(&self) -> *mut c_void {
        self.1.load(Ordering::Relaxed)
    }
}

static OPEN: Next = Next::named("open64\0");
static STAT: Next = Next::named("stat64\0");
static STATX: Next = Next::named("statx\0");
static READLINK: Next = Next::named("readlink\0");
static REALPATH: Next = Next::named("realpath\0");
static GETRANDOM: Next = Next::named("getrandom\0");

const AT_FDCWD: i64 = -100;
const AT_EMPTY_PATH: Int = 0x1000;
const AT_SYMLINK_NOFOLLOW: Int = 0x100;
const ENOSYS: Int = 38;

#[link(name = "c")]
extern "C" {
    static mut environ: *mut *mut u8;
    fn abort() -> !;
    fn strlen(text: *const u8) -> usize;
    fn dl_iterate_phdr(
        each: unsafe extern "C" fn(*const Module, usize, *mut c_void) -> Int,
        data: *mut c_void,
    ) -> Int;
}

// Part of libc since glibc 2.34, where `libdl` is empty.
#[link(name = "dl")]
extern "C" {
    fn dlsym(handle: *mut c_void, name: *const u8) -> *mut c_void;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    // SAFETY: it takes nothing. A build that ends says more than one that waits for ever.
    unsafe { abort() }
}

/// Each function is entered with one argument more behind those of C: where it returns to.
macro_rules! entered {
    ($($name:ident $inner:ident $($line:literal),+;)*) => { $(
        /// As in C.
        #[no_mangle]
        #[unsafe(naked)]
        pub unsafe extern "C" fn $name() {
            naked_asm!($($line,)+ inner = sym $inner)
        }
    )*

        /// Whether a library that asks for any of them finds that of this object.
        fn is_first() -> bool {
            let own = module_of(start as *const () as usize);
            let all = [$(concat!(stringify!($name), "\0")),*];
            // SAFETY: every name ends in NUL.
            let found = |name: &str| unsafe { dlsym(null_mut(), name.as_ptr()) } as usize;
            own.is_some() && all.iter().all(|name| module_of(found(name)) == own)
        }
    };
}

#[cfg(target_arch = "x86_64")]
entered! {
    getenv repro_getenv "mov rsi, [rsp]", "jmp {inner}";
    open repro_open "mov rcx, [rsp]", "jmp {inner}";
    open64 repro_open "mov rcx, [rsp]", "jmp {inner}";
    stat repro_stat "mov rdx, [rsp]", "jmp {inner}";
    stat64 repro_stat "mov rdx, [rsp]", "jmp {inner}";
    statx repro_statx "mov r9, [rsp]", "jmp {inner}";
    readlink repro_readlink "mov rcx, [rsp]", "jmp {inner}";
    realpath repro_realpath "mov rdx, [rsp]", "jmp {inner}";
    getrandom repro_getrandom "mov rcx, [rsp]", "jmp {inner}";
    // A number and six arguments are one more than registers hold.
    syscall repro_syscall "mov rax, [rsp]", "mov r10, [rsp + 8]", "sub rsp, 8", "push rax",
        "push r10", "call {inner}", "add rsp, 24", "ret";
}

#[cfg(target_arch = "aarch64")]
entered! {
    getenv repro_getenv "mov x1, x30", "b {inner}";
    open repro_open "mov x3, x30", "b {inner}";
    open64 repro_open "mov x3, x30", "b {inner}";
    stat repro_stat "mov x2, x30", "b {inner}";
    stat64 repro_stat "mov x2, x30", "b {inner}";
    statx repro_statx "mov x5, x30", "b {inner}";
    readlink repro_readlink "mov x3, x30", "b {inner}";
    realpath repro_realpath "mov x2, x30", "b {inner}";
    getrandom repro_getrandom "mov x3, x30", "b {inner}";
    syscall repro_syscall "mov x7, x30", "b {inner}";
}

// What was there from the start

#[repr(C)]
struct Module {
    base: usize,
    name: *const u8,
    headers: *const Header,
    count: u16,
}

/// A program header of ELF64.
#[repr(C)]
struct Header {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    physical: u64,
    in_file: u64,
    in_memory: u64,
    align: u64,
}

const MOST: usize = 64;
const ZERO: AtomicUsize = AtomicUsize::new(0);
static BEGINS: [AtomicUsize; MOST] = [ZERO; MOST];
static ENDS: [AtomicUsize; MOST] = [ZERO; MOST];
static KNOWN: AtomicUsize = AtomicUsize::new(0);

/// Writes down where a module is. Of more than there is room for, each call counts as a macro's.
unsafe extern "C" fn know(module: *const Module, _: usize, _: *mut c_void) -> Int {
    const LOADED: u32 = 1;
    // SAFETY: the loader hands out what it has loaded.
    unsafe {
        let (mut begin, mut end) = (usize::MAX, 0);
        for i in 0..(*module).count as usize {
            let header = (*module).headers.add(i);
            if (*header).kind == LOADED {
                let at = (*module).base.wrapping_add((*header).address as usize);
                begin = begin.min(at);
                end = end.max(at.wrapping_add((*header).in_memory as usize));
            }
        }
        let n = KNOWN.load(Ordering::Relaxed);
        if let (Some(b), Some(e)) = (BEGINS.get(n), ENDS.get(n)) {
            b.store(begin, Ordering::Relaxed);
            e.store(end, Ordering::Relaxed);
            KNOWN.store(n + 1, Ordering::Relaxed);
        }
    }
    0
}

fn is_at_work() -> bool {
    RECORD.load(Ordering::Acquire) != 0
}

/// Whether the watcher is at work, and a call that returns to this place is not rustc's own.
fn watches(back: usize) -> bool {
    is_at_work() && module_of(back).is_none()
}

/// Which of the modules that were there from the start has this place.
fn module_of(place: usize) -> Option<usize> {
    let mut all = BEGINS.iter().zip(&ENDS).take(KNOWN.load(Ordering::Relaxed));
    all.position(|(b, e)| (b.load(Ordering::Relaxed)..e.load(Ordering::Relaxed)).contains(&place))
}

// What is written down

/// The open file; 0 where the watcher is not at work.
static RECORD: AtomicUsize = AtomicUsize::new(0);

/// Adds a line: a letter, a blank, a text and NUL. Whole, as several threads do that at once.
///
/// # Safety
/// `text` is null or ends in NUL.
unsafe fn note(kind: u8, text: *const u8) {
    let mut line = [0_u8; 4200];
    let mut end = 0;
    let mut put = |byte| {
        if let Some(place) = line.get_mut(end) {
            *place = byte;
            end += 1;
        }
    };
    put(kind);
    put(b' ');
    // SAFETY: the caller's promise.
    unsafe {
        let mut at = text;
        while !at.is_null() && *at != 0 {
            put(*at);
            at = at.add(1);
        }
    }
    put(0);
    // A line that does not fit has no end, and so is not understood by who reads it.
    let record = RECORD.load(Ordering::Acquire) as i64;
    // SAFETY: `end` bytes are there.
    unsafe { kernel(nr::WRITE, [record, line.as_ptr() as i64, end as i64, 0, 0, 0]) };
}

/// Notes that a function was called of which nothing more is understood.
fn refuse(name: &'static [u8]) {
    // SAFETY: each name ends in NUL.
    unsafe { note(b'x', name.as_ptr()) };
}

// Functions

unsafe extern "C" fn repro_getenv(name: *const u8, back: usize) -> *const u8 {
    // SAFETY: the caller's promise; the environment's list and texts are the process's own.
    unsafe {
        if watches(back) {
            note(b'v', name);
        }
        let length = strlen(name);
        let mut at = environ;
        while !at.is_null() && !(*at).is_null() {
            if starts_with(*at, name, length) && *(*at).add(length) == b'=' {
                return (*at).add(length + 1);
            }
            at = at.add(1);
        }
    }
    null_mut()
}

/// # Safety
/// `text` ends in NUL; `name` has `length` bytes, none of which is NUL.
unsafe fn starts_with(text: *const u8, name: *const u8, length: usize) -> bool {
    // SAFETY: the caller's promise; the first byte that differs ends it.
    (0..length).all(|i| unsafe { *text.add(i) == *name.add(i) })
}

unsafe extern "C" fn repro_open(path: *const u8, flags: Int, mode: u32, back: usize) -> Int {
    const CLOSE_ON_EXEC: Int = 0o2_000_000;
    const LARGE: Int = 0o100_000;
    const WRITES: Int = 0o3;
    // SAFETY: the caller's promise.
    unsafe {
        type Open = Option<unsafe extern "C" fn(*const u8, Int, ...) -> Int>;
        let opened = match transmute::<*mut c_void, Open>(OPEN.get()) {
            Some(next) => next(path, flags, mode),
            None => {
                call(nr::OPENAT, [AT_FDCWD, path as i64, flags as i64, mode as i64, 0, 0]) as Int
            }
        };
        match flags & !CLOSE_ON_EXEC & !LARGE {
            0 if watches(back) => note(b'f', path),
            _ if watches(back) => refuse(b"open\0"),
            // What assembler code includes is among these.
            _ if flags & WRITES == 0 && is_at_work() => {
                note(if opened < 0 { b'm' } else { b'o' }, path);
            }
            _ => {}
        }
        opened
    }
}

unsafe extern "C" fn repro_stat(path: *const u8, into: *mut c_void, back: usize) -> Int {
    // SAFETY: the caller's promise.
    unsafe {
        if watches(back) {
            note(b'f', path);
        }
        type Stat = Option<unsafe extern "C" fn(*const u8, *mut c_void) -> Int>;
        match transmute::<*mut c_void, Stat>(STAT.get()) {
            Some(next) => next(path, into),
            None => call(nr::NEWFSTATAT, [AT_FDCWD, path as i64, into as i64, 0, 0, 0]) as Int,
        }
    }
}

unsafe extern "C" fn repro_statx(
    dir: Int,
    path: *const u8,
    flags: Int,
    mask: u32,
    into: *mut c_void,
    back: usize,
) -> Int {
    // SAFETY: the caller's promise; std asks with null whether the kernel has this call.
    unsafe {
        if watches(back) && !path.is_null() {
            let of_open_file = flags & AT_EMPTY_PATH != 0 && *path == 0;
            if flags & AT_SYMLINK_NOFOLLOW != 0
                || dir as i64 != AT_FDCWD && *path != b'/' && *path != 0
            {
                refuse(b"statx\0");
            } else if !of_open_file {
                note(b'f', path);
            }
        }
        type Statx = Option<unsafe extern "C" fn(Int, *const u8, Int, u32, *mut c_void) -> Int>;
        let args = [dir as i64, path as i64, flags as i64, mask as i64, into as i64, 0];
        match transmute::<*mut c_void, Statx>(STATX.get()) {
            Some(next) => next(dir, path, flags, mask, into),
            None => call(nr::STATX, args) as Int,
        }
    }
}

unsafe extern "C" fn repro_readlink(
    path: *const u8,
    into: *mut u8,
    size: usize,
    back: usize,
) -> isize {
    if watches(back) {
        refuse(b"readlink\0");
    }
    // SAFETY: the caller's promise.
    unsafe {
        type Readlink = Option<unsafe extern "C" fn(*const u8, *mut u8, usize) -> isize>;
        let args = [AT_FDCWD, path as i64, into as i64, size as i64, 0, 0];
        match transmute::<*mut c_void, Readlink>(READLINK.get()) {
            Some(next) => next(path, into, size),
            None => call(nr::READLINKAT, args) as isize,
        }
    }
}

unsafe extern "C" fn repro_realpath(path: *const u8, into: *mut u8, back: usize) -> *mut u8 {
    type Real = Option<unsafe extern "C" fn(*const u8, *mut u8) -> *mut u8>;
    if watches(back) {
        refuse(b"realpath\0");
    }
    // SAFETY: the caller's promise; the type is that of the C library's function.
    unsafe {
        match transmute::<*mut c_void, Real>(REALPATH.get()) {
            Some(real) => real(path, into),
            None => {
                set_errno(ENOSYS);
                null_mut()
            }
        }
    }
}

/// How far the numbers of this process's macros are.
static STATE: AtomicU64 = AtomicU64::new(0);

/// Random numbers of a macro are those of this side, so that the same call draws the same again. They
/// come from SplitMix64.
unsafe extern "C" fn repro_getrandom(into: *mut u8, size: usize, flags: u32, back: usize) -> isize {
    if !watches(back) {
        // SAFETY: the caller's promise.
        return unsafe {
            type Getrandom = Option<unsafe extern "C" fn(*mut u8, usize, u32) -> isize>;
            let args = [into as i64, size as i64, flags as i64, 0, 0, 0];
            match transmute::<*mut c_void, Getrandom>(GETRANDOM.get()) {
                Some(next) => next(into, size, flags),
                None => call(nr::GETRANDOM, args) as isize,
            }
        };
    }
    let mut left = 0_u64;
    for i in 0..size {
        if i % size_of::<u64>() == 0 {
            let step = 0x9e37_79b9_7f4a_7c15_u64;
            let mut z = STATE.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            left = z ^ (z >> 31);
        }
        // SAFETY: the caller's room of `size` bytes.
        unsafe { *into.add(i) = left as u8 };
        left >>= 8;
    }
    size as isize
}

unsafe extern "C" fn repro_syscall(
    number: i64,
    a: i64,
    b: i64,
    c: i64,
    d: i64,
    e: i64,
    f: i64,
    back: usize,
) -> i64 {
    if number != nr::FUTEX && number != nr::GETTID && watches(back) {
        refuse(b"syscall\0");
    }
    // SAFETY: the caller's promise.
    unsafe { call(number, [a, b, c, d, e, f]) }
}

// Start

const VARIABLE: &[u8] = b"REPRO_WATCH=";

/// Takes the two variables out of the environment, and opens the record.
extern "C" fn start() {
    // SAFETY: the list and its texts, which end in null and NUL, are the process's own, and it has no
    // other thread yet.
    unsafe {
        let mut own: &[u8] = &[];
        let mut parts = [&[][..]; 3];
        retain(|text| match text.strip_prefix(VARIABLE) {
            Some(rest) => {
                own = rest;
                false
            }
            None => true,
        });
        if own.is_empty() {
            return;
        }
        // The text is still there; it is overwritten below.
        for (place, part) in parts.iter_mut().zip(own.split(|b| *b == 0x1f)) {
            *place = part;
        }
        let [path, record, seed] = parts;
        retain(|text| !text.starts_with(PRELOAD) || without(text, path));
        for next in [&OPEN, &STAT, &STATX, &READLINK, &REALPATH, &GETRANDOM] {
            next.find();
        }
        let seed = seed.iter().fold(0_u64, |n, b| n.wrapping_mul(31).wrapping_add(*b as u64));
        STATE.store(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), Ordering::Relaxed);
        let mut name = [0_u8; 4096];
        if record.len() < name.len() {
            for (to, from) in name.iter_mut().zip(record) {
                *to = *from;
            }
        }
        core::ptr::write_bytes(own.as_ptr() as *mut u8, 0, own.len());
        const WRITE_NEW: i64 = 0o1 | 0o100 | 0o1000 | 0o2000 | 0o2_000_000;
        const DUP_CLOEXEC: i64 = 1030;
        let low = kernel(nr::OPENAT, [AT_FDCWD, name.as_ptr() as i64, WRITE_NEW, 0o600, 0, 0]);
        if low < 0 {
            return;
        }
        // Out of the way of programs that expect small numbers.
        let high = kernel(nr::FCNTL, [low, DUP_CLOEXEC, 700, 0, 0, 0]);
        let descriptor = if high > 0 {
            kernel(nr::CLOSE, [low, 0, 0, 0, 0, 0]);
            high
        } else {
            low
        };
        dl_iterate_phdr(know, null_mut());
        // The record stays empty, and so is not believed, where another library stands before this one.
        if is_first() {
            RECORD.store(descriptor as usize, Ordering::Release);
            note(b's', null_mut());
        }
    }
}

#[used]
#[link_section = ".init_array"]
static AT_START: extern "C" fn() = start;
