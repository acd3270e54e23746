//! Zip, and the formats based on it: jars, wheels.

mod end;
pub mod lenient;
pub mod list;
pub mod normalize;
pub mod read;
mod record;
pub(crate) mod write;
