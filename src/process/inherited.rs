//! Files that were open when the program started.

use std::os::fd::BorrowedFd;

use rustix::io::{FdFlags, fcntl_setfd};

/// Keeps what the caller has open, but for the standard streams, from every program that is run: a build could
/// read there what it must not see, or leave a value for the other build.
#[allow(unsafe_code)]
pub fn keep_inherited_files() {
    let open = std::fs::read_dir("/dev/fd").into_iter().flatten().flatten();
    let numbers = open.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    for number in numbers.filter(|n| *n > 2).collect::<Vec<_>>() {
        // SAFETY: nothing is read, written or closed; a number that is no longer open is refused.
        let _ = fcntl_setfd(unsafe { BorrowedFd::borrow_raw(number) }, FdFlags::CLOEXEC);
    }
}
