//! PE, the format of Windows programs and libraries: stamps, signature, normal form.

pub mod normalize;
pub mod signature;
pub mod stamps;
