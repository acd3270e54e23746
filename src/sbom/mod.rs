//! Software bills of materials: what a build recorded of each shipped artifact, and its rendering as
//! CycloneDX and SPDX. Nothing is resolved here, and nothing of the machine or the clock is in a
//! document.

mod bom;
mod cyclonedx;
mod documents;
mod dynamic;
pub mod gather;
mod linked;
mod packages;
mod purl;
mod spdx;

pub use self::bom::Form;
pub use self::documents::{DocumentRow, FORMS, all_documents, documents};
pub use self::packages::Known;
pub use self::purl::of_source;
