//! Archives and the files in them: detecting, reading, listing, comparing, extracting, packing, and
//! normalizing archives made by other tools.
//!
//! Readers are hardened: they take hostile bytes within [`limits`] and never panic. What is written
//! depends on content and [`policy`] alone. Errors are [`error::Error`]; nothing here knows of
//! command lines, terminals or exit codes.

pub mod ar;
pub mod bytes;
pub mod calendar;
pub mod compress;
pub mod cpio;
pub mod detect;
pub mod digest;
pub mod error;
pub mod extract;
pub mod formats;
pub mod gzip;
pub mod limits;
pub mod list;
pub mod listing;
pub mod macho;
pub mod names;
pub mod normalize;
pub mod pack;
pub mod parallel;
pub mod pe;
pub mod policy;
pub mod rpm;
pub mod signature;
pub mod tar;
pub mod tree;
pub mod zip;

/// Every beginning of some bytes, and the bytes with each byte changed: to each value, to its complement, and
/// in one bit alone.
#[cfg(test)]
fn broken(bytes: &[u8], values: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cuts = (0..bytes.len()).map(|end| bytes[..end].to_vec());
    let changed = (0..bytes.len()).flat_map(move |at| {
        let values = values.iter().copied().chain([bytes[at] ^ 0xff, bytes[at] ^ 0x10]);
        values.map(move |value| [&bytes[..at], &[value], &bytes[at + 1..]].concat())
    });
    cuts.chain(changed)
}
