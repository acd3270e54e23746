//! gzip: the headers of its members, and their normal form. Its contents are read by
//! [`crate::compress`].

pub mod header;
pub(crate) mod normalize;
