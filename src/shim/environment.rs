//! Part of both objects that are preloaded: the environment that a process was started with, and LD_PRELOAD
//! in it. Nothing here may panic or allocate. Rust 1.63 compiles it.

use core::ptr::null_mut;

#[link(name = "c")]
extern "C" {
    static mut environ: *mut *mut u8;
    fn strlen(text: *const u8) -> usize;
}

/// How the variable begins that names what is preloaded.
pub const PRELOAD: &[u8] = b"LD_PRELOAD=";

/// The parts of a value of that variable.
pub fn parts(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|b| matches!(b, b':' | b' '))
}

/// Goes through the environment and keeps the variables of which `keep` says so.
///
/// # Safety
/// The list and its texts, which end in null and NUL, are the process's own, and it has no other thread.
pub unsafe fn retain(mut keep: impl FnMut(&'static mut [u8]) -> bool) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut from = environ;
        let mut to = from;
        while !from.is_null() && !(*from).is_null() {
            let variable = *from;
            if keep(core::slice::from_raw_parts_mut(variable, strlen(variable))) {
                *to = variable;
                to = to.add(1);
            }
            from = from.add(1);
        }
        if !to.is_null() {
            *to = null_mut();
        }
    }
}

/// Takes the object at `path` out of the text of LD_PRELOAD: those of others move to the front, and the rest
/// becomes empty. Whether the variable is to be kept.
pub fn without(text: &mut [u8], path: &[u8]) -> bool {
    let value = text.get(PRELOAD.len()..).unwrap_or_default();
    if !parts(value).any(|part| part == path) {
        return true;
    }
    let length = text.len();
    let (mut from, mut to) = (PRELOAD.len(), PRELOAD.len());
    while from < length {
        let rest = text.get(from..).unwrap_or_default();
        let size = parts(rest).next().map_or(0, <[u8]>::len);
        if size > 0 && rest.get(..size) != Some(path) {
            if to > PRELOAD.len() {
                if let Some(place) = text.get_mut(to) {
                    *place = b':';
                }
                to += 1;
            }
            for i in 0..size {
                let byte = text.get(from + i).copied().unwrap_or_default();
                if let Some(place) = text.get_mut(to + i) {
                    *place = byte;
                }
            }
            to += size;
        }
        from += size + 1;
    }
    let kept = to > PRELOAD.len();
    for place in text.iter_mut().skip(if kept { to } else { 0 }) {
        *place = 0;
    }
    kept
}
