//! The steps of `repro archive`: what is packed, where it is put, and the lists beside it. The bytes are
//! made in `repro_formats`.

pub mod files;
mod image;
pub mod packing;
pub mod proven;
pub mod sums;
