//! ar, as static libraries, rlibs and Debian packages are packed.

pub mod list;
pub mod normalize;
pub mod read;
