//! Mach-O.
use crate::explain::image::Image;
/// b
pub fn begins(_b: &[u8]) -> bool {
    false
}
/// r
pub fn read(_b: &[u8]) -> Result<Image, String> {
    Err(String::new())
}
