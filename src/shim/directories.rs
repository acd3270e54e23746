//! Part of the preload shim: the order in which open directories are listed.
//!
//! A directory is read whole when its first entry is asked for, sorted, and handed out from there.

use core::ffi::c_void;
use core::mem::{size_of, transmute};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

use super::{__errno_location, fail, map, patched, Int, Long, Real, CONFIG, ENOSYS};

const PROC_MAGIC: Long = 0x9fa0;
const SYSFS_MAGIC: Long = 0x6265_6572;

#[link(name = "c")]
extern "C" {
    fn mremap(at: *mut c_void, old: usize, new: usize, flags: Int, ...) -> *mut c_void;
    fn munmap(at: *mut c_void, size: usize) -> Int;
    fn dirfd(dir: *mut c_void) -> Int;
    fn fstatfs(fd: Int, into: *mut Long) -> Int;
}

/// The entries of one open directory, in a mapping that begins with this: records as the C library
/// has them, and behind them where each begins, in the order in which they are handed out.
#[repr(C)]
struct List {
    mapped: usize,
    used: usize,
    count: usize,
    next: usize,
    errno: Int,
}

/// `ino`, `off`, then the length of the record and the type; the name is at 19.
const LENGTH_AT: usize = 16;
const NAME_AT: usize = 19;

/// Open directories that were read from, and their lists.
struct Stream {
    dir: AtomicPtr<c_void>,
    list: AtomicPtr<List>,
}

static STREAMS: [Stream; 1024] = {
    #[allow(clippy::declare_interior_mutable_const)]
    const NONE: Stream =
        Stream { dir: AtomicPtr::new(null_mut()), list: AtomicPtr::new(null_mut()) };
    [NONE; 1024]
};

pub static ENTRY: Real = Real::named(b"readdir64\0");
pub static ENTRY_INTO: Real = Real::named(b"readdir64_r\0");
pub static REWIND: Real = Real::named(b"rewinddir\0");
pub static TELL: Real = Real::named(b"telldir\0");
pub static SEEK: Real = Real::named(b"seekdir\0");
pub static CLOSE: Real = Real::named(b"closedir\0");

type OfDir<T> = Option<unsafe extern "C" fn(*mut c_void) -> T>;

fn order() -> u32 {
    patched(&CONFIG.order)
}

fn stream_of(dir: *mut c_void) -> Option<&'static Stream> {
    let start = (dir as usize / 64) % STREAMS.len();
    let (before, from) = STREAMS.split_at(start);
    from.iter().chain(before).find(|s| s.dir.load(Ordering::Acquire) == dir)
}

/// The list of a directory, read now unless it was before; null where its order is left alone.
///
/// # Safety
/// `dir` is an open directory that no other thread uses meanwhile, as in C.
unsafe fn list_of(dir: *mut c_void) -> *mut List {
    if order() == 0 || dir.is_null() {
        return null_mut();
    }
    if let Some(stream) = stream_of(dir) {
        return stream.list.load(Ordering::Acquire);
    }
    // The order there is the kernel's own, and no property of a disk.
    let mut about = [0 as Long; 32];
    // SAFETY: a statfs has 15 words.
    let known = unsafe { fstatfs(dirfd(dir), about.as_mut_ptr()) } == 0;
    if known && matches!(about[0], PROC_MAGIC | SYSFS_MAGIC) {
        return null_mut();
    }
    let start = (dir as usize / 64) % STREAMS.len();
    let (before, from) = STREAMS.split_at(start);
    let free = from.iter().chain(before).find(|s| {
        let (none, to) = (null_mut(), dir);
        s.dir.compare_exchange(none, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    });
    let stream = match free {
        Some(stream) => stream,
        None => return null_mut(),
    };
    // SAFETY: the caller's promise.
    let list = unsafe { read_all(dir) };
    stream.list.store(list, Ordering::Release);
    if list.is_null() {
        // No memory: from the beginning, in the order that there is.
        // SAFETY: the caller's promise.
        unsafe { rewinddir(dir) };
    }
    list
}

/// Forgets the list of a directory.
fn forget(dir: *mut c_void) {
    if order() == 0 {
        return;
    }
    if let Some(stream) = stream_of(dir) {
        let list = stream.list.swap(null_mut(), Ordering::AcqRel);
        stream.dir.store(null_mut(), Ordering::Release);
        if !list.is_null() {
            // SAFETY: a mapping of this size, and nobody has it any more.
            unsafe { munmap(list.cast(), (*list).mapped) };
        }
    }
}

/// Makes room for `more` bytes behind what is used; null, and the list gone, without memory.
///
/// # Safety
/// `list` is a list of this object's.
unsafe fn grown(list: *mut List, more: usize) -> *mut List {
    // SAFETY: the caller's promise.
    unsafe {
        let (size, need) = ((*list).mapped, (*list).used + more);
        if need <= size {
            return list;
        }
        let larger = need.next_power_of_two();
        const MAY_MOVE: Int = 1;
        let at = mremap(list.cast(), size, larger, MAY_MOVE);
        if at as isize == -1 {
            munmap(list.cast(), size);
            return null_mut();
        }
        let list = at as *mut List;
        (*list).mapped = larger;
        list
    }
}

/// # Safety
/// As for `list_of`.
unsafe fn read_all(dir: *mut c_void) -> *mut List {
    const FIRST: usize = 1 << 14;
    let list = map(FIRST) as *mut List;
    // SAFETY: the caller's promise; the mapping has room, by `grown`.
    unsafe {
        let read = match transmute::<*mut c_void, OfDir<*mut u8>>(ENTRY.get()) {
            Some(read) => read,
            None => return null_mut(),
        };
        if list.is_null() {
            return list;
        }
        (*list).mapped = FIRST;
        (*list).used = (size_of::<List>() + 7) & !7;
        let begin = (*list).used;
        let before = *__errno_location();
        let mut list = list;
        loop {
            *__errno_location() = 0;
            let entry = read(dir);
            if entry.is_null() {
                (*list).errno = *__errno_location();
                break;
            }
            let length = (entry.add(LENGTH_AT) as *const u16).read_unaligned() as usize;
            let room = (length + 7) & !7;
            list = grown(list, room);
            if list.is_null() {
                return list;
            }
            core::ptr::copy_nonoverlapping(entry, (list as *mut u8).add((*list).used), length);
            (*list).used += room;
            (*list).count += 1;
        }
        *__errno_location() = before;
        list = grown(list, (*list).count * 8);
        if !list.is_null() {
            sort(list, begin);
        }
        list
    }
}

/// Writes where each record begins, in order.
///
/// # Safety
/// `list` is a list with all of its records, of which the first is at `begin`, and room behind.
unsafe fn sort(list: *mut List, begin: usize) {
    let base = list as *mut u8;
    // SAFETY: the caller's promise; no place is at or behind `end`.
    unsafe {
        let (starts, count) = (base.add((*list).used) as *mut usize, (*list).count);
        let mut at = begin;
        for i in 0..count {
            *starts.add(i) = at;
            let length = (base.add(at + LENGTH_AT) as *const u16).read_unaligned() as usize;
            at += (length + 7) & !7;
        }
        let order = order();
        let comes_first = |x: usize, y: usize| {
            let name = |i: usize| base.add(*starts.add(i) + NAME_AT) as *const u8;
            before(name(x), name(y), order)
        };
        let swap = |x: usize, y: usize| core::ptr::swap(starts.add(x), starts.add(y));
        // A heap: the library's sort is linked with parts that a preloaded object must not have.
        let sift = |mut parent: usize, end: usize| loop {
            let mut child = 2 * parent + 1;
            if child >= end {
                return;
            }
            if child + 1 < end && comes_first(child, child + 1) {
                child += 1;
            }
            if !comes_first(parent, child) {
                return;
            }
            swap(parent, child);
            parent = child;
        };
        for parent in (0..count / 2).rev() {
            sift(parent, count);
        }
        for end in (1..count).rev() {
            swap(0, end);
            sift(0, end);
        }
    }
}

/// Whether one name is handed out before another: `.` and `..`, which programs skip, before all.
///
/// # Safety
/// Both end in NUL.
unsafe fn before(x: *const u8, y: *const u8, order: u32) -> bool {
    // SAFETY: the caller's promise; what is behind a NUL is not read.
    unsafe {
        let named =
            |n: *const u8| *n != b'.' || *n.add(1) != 0 && (*n.add(1) != b'.' || *n.add(2) != 0);
        let mut i = 0;
        while *x.add(i) == *y.add(i) && *x.add(i) != 0 {
            i += 1;
        }
        match (named(x), named(y)) {
            (true, true) if order == 2 => *x.add(i) > *y.add(i),
            (true, true) if order > 2 => {
                (digest(x, order), *x.add(i)) < (digest(y, order), *y.add(i))
            }
            (of_x, of_y) if of_x == of_y => *x.add(i) < *y.add(i),
            (of_x, _) => !of_x,
        }
    }
}

/// A digest (FNV-1a) of a name, which another order gives another one.
///
/// # Safety
/// It ends in NUL.
unsafe fn digest(mut name: *const u8, order: u32) -> u32 {
    let mut digest = 0x811c_9dc5_u32 ^ order.wrapping_mul(0x9e37_79b9);
    // SAFETY: the caller's promise.
    unsafe {
        while *name != 0 {
            digest = (digest ^ *name as u32).wrapping_mul(0x0100_0193);
            name = name.add(1);
        }
    }
    digest ^ digest >> 15
}

/// The next record, or null at the end, with errno set where reading failed.
///
/// # Safety
/// `list` is a list of `list_of`.
unsafe fn next_of(list: *mut List) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        let base = list as *mut u8;
        if (*list).next >= (*list).count {
            if (*list).errno != 0 {
                *__errno_location() = (*list).errno;
            }
            return null_mut();
        }
        let starts = base.add((*list).used) as *const usize;
        let at = *starts.add((*list).next);
        (*list).next += 1;
        base.add(at)
    }
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn readdir64(dir: *mut c_void) -> *mut u8 {
    // SAFETY: the caller's promise; the type is that of the C library's function.
    unsafe {
        let list = list_of(dir);
        if !list.is_null() {
            return next_of(list);
        }
        transmute::<*mut c_void, OfDir<*mut u8>>(ENTRY.get()).map_or(null_mut(), |real| real(dir))
    }
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn readdir(dir: *mut c_void) -> *mut u8 {
    // SAFETY: the caller's promise; both have one layout on 64 bits.
    unsafe { readdir64(dir) }
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn readdir64_r(
    dir: *mut c_void,
    entry: *mut u8,
    result: *mut *mut u8,
) -> Int {
    type Into = Option<unsafe extern "C" fn(*mut c_void, *mut u8, *mut *mut u8) -> Int>;
    // SAFETY: the caller's promise; the type is that of the C library's function.
    unsafe {
        let list = list_of(dir);
        if list.is_null() {
            return transmute::<*mut c_void, Into>(ENTRY_INTO.get())
                .map_or(ENOSYS, |real| real(dir, entry, result));
        }
        let next = next_of(list);
        if next.is_null() {
            *result = null_mut();
            return (*list).errno;
        }
        let length = (next.add(LENGTH_AT) as *const u16).read_unaligned() as usize;
        core::ptr::copy_nonoverlapping(next, entry, length);
        *result = entry;
        0
    }
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn readdir_r(dir: *mut c_void, entry: *mut u8, result: *mut *mut u8) -> Int {
    // SAFETY: the caller's promise; both have one layout on 64 bits.
    unsafe { readdir64_r(dir, entry, result) }
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn rewinddir(dir: *mut c_void) {
    forget(dir);
    // SAFETY: the caller's promise; the type is that of the C library's function.
    unsafe {
        if let Some(real) = transmute::<*mut c_void, OfDir<()>>(REWIND.get()) {
            real(dir)
        }
    }
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn telldir(dir: *mut c_void) -> Long {
    // SAFETY: the caller's promise; the type is that of the C library's function.
    unsafe {
        let list = list_of(dir);
        if !list.is_null() {
            return (*list).next as Long;
        }
        transmute::<*mut c_void, OfDir<Long>>(TELL.get()).map_or(-1, |real| real(dir))
    }
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn seekdir(dir: *mut c_void, to: Long) {
    type Seek = Option<unsafe extern "C" fn(*mut c_void, Long)>;
    // SAFETY: the caller's promise; the type is that of the C library's function.
    unsafe {
        let list = list_of(dir);
        if !list.is_null() {
            (*list).next = to.max(0) as usize;
        } else if let Some(real) = transmute::<*mut c_void, Seek>(SEEK.get()) {
            real(dir, to)
        }
    }
}

/// # Safety
/// As in C.
#[no_mangle]
pub unsafe extern "C" fn closedir(dir: *mut c_void) -> Int {
    forget(dir);
    // SAFETY: the caller's promise; the type is that of the C library's function.
    unsafe {
        transmute::<*mut c_void, OfDir<Int>>(CLOSE.get())
            .map_or_else(|| fail(ENOSYS), |real| real(dir))
    }
}
