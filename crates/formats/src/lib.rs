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
