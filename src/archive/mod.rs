//! Archives: packing, reading, comparing, and bringing the work of other packers into normal form.
//!
//! Readers take nothing on trust ([`crate::limits`]); what is written depends on content and policy alone.

pub mod compare;
pub mod compress;
pub mod deflate;
pub mod extract;
pub mod formats;
pub mod listing;
pub mod normalize;
pub mod pack;
pub mod policy;
pub mod sums;
pub mod tar;
pub mod tree;
pub mod unpack;
pub mod zip;
