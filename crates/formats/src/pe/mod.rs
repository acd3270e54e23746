//! PE, the format of Windows programs and libraries: headers, stamps, signature, normal form.

pub mod headers;
pub(crate) mod normalize;
pub mod signature;
pub mod stamps;
