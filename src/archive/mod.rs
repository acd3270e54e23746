//! Archives: packing, reading, comparing, and bringing the work of other packers into normal form.
//!
//! Readers take nothing on trust ([`limits`]); what is written depends on content and policy alone.

pub mod deflate;
pub mod limits;
pub mod normalize;
