//! File system work whose errors name their path: sorted walks, faithful copies, atomic writes.
//!
//! Owns how things are written (temporary file, fsync, rename) and removed; decides nothing about
//! what is copied or where.

mod file;
mod keep;
mod paths;
mod pending;
mod system;
pub mod toml;
mod tree;
#[cfg(windows)]
mod windows;

#[cfg(all(test, unix))]
pub use file::symlink;
pub use file::{
    Difference, TEMPORARY, append_line, canonical, check_writable, create_dir, entries,
    entries_if_any, first_difference, link_or_copy, link_to_this_program, lock_file, lstat,
    normalized, read_lines, read_text, read_text_if_any, slashed, write,
};
pub use paths::{canonicalize, given, resolve, through_link};
pub use pending::{Listed, Pending, check_file, remove_listed, write_atomic};
pub use system::{disk_use, free_space, identity};
pub use tree::{
    copy_one, copy_tree, is_executable, not_git, only_files, remove_tree, remove_tree_or_file,
    reorder, set_modes, set_mtimes, walk,
};
