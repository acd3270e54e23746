//! What the standard library has no stable way to ask Windows for.

#![allow(unsafe_code)]

use std::fs::{File, FileTimes, OpenOptions};
use std::io;
use std::mem::MaybeUninit;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, RawHandle};
use std::path::Path;
use std::time::SystemTime;

const FILE_READ_ATTRIBUTES: u32 = 0x80;
const FILE_WRITE_ATTRIBUTES: u32 = 0x100;
/// Without it a directory cannot be opened.
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
/// The link itself, not what it leads to.
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// `BY_HANDLE_FILE_INFORMATION`.
#[repr(C)]
#[allow(dead_code)] // The layout is Windows's.
struct Information {
    attributes: u32,
    times: [[u32; 2]; 3],
    volume: u32,
    size: [u32; 2],
    links: u32,
    index_high: u32,
    index_low: u32,
}

#[link(name = "kernel32")]
unsafe extern "system" {
    fn GetFileInformationByHandle(file: RawHandle, information: *mut Information) -> i32;
}

/// The numbers of the volume and of the file on it.
pub(super) fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let file = open(path, FILE_READ_ATTRIBUTES, 0)?;
    let mut information = MaybeUninit::<Information>::zeroed();
    // SAFETY: the handle is open until the end of this function, and the structure is as Windows has it.
    let done =
        unsafe { GetFileInformationByHandle(file.as_raw_handle(), information.as_mut_ptr()) };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: all zeroes are a value of it, and Windows has written one.
    let found = unsafe { information.assume_init() };
    let number = u64::from(found.index_high) << 32 | u64::from(found.index_low);
    Ok((u64::from(found.volume), number))
}

/// Sets both times of a file, a link or a directory, also of one that is read-only.
pub(super) fn set_times(path: &Path, time: SystemTime) -> io::Result<()> {
    let times = FileTimes::new().set_accessed(time).set_modified(time);
    open(path, FILE_WRITE_ATTRIBUTES, FILE_FLAG_OPEN_REPARSE_POINT)?.set_times(times)
}

fn open(path: &Path, access: u32, flags: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.access_mode(access).custom_flags(FILE_FLAG_BACKUP_SEMANTICS | flags).open(path)
}
