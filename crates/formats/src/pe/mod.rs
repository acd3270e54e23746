//! PE, the programs and libraries of Windows: stamps, signature, normal form.

pub mod normalize;
pub mod signature;
pub mod stamps;
