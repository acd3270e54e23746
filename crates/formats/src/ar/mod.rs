//! ar, the format of static libraries, rlibs and Debian packages.

pub mod list;
pub(crate) mod normalize;
pub mod read;
