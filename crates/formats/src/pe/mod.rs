//! PE, the format of Windows programs and libraries: headers, stamps, signature, normal form.

pub mod headers;
pub mod normalize;
pub mod signature;
pub mod stamps;
