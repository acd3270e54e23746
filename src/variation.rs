//! The variations: what builds differ in on purpose, because it must not matter.
//!
//! [`table`] has one row for each, and drives everything else; [`canaries`] makes the values, one for each
//! [`side`]; [`chosen`] tells which are on in a run, and [`coverage`] which of those this machine could
//! apply. Applying them is done by the steps above.

pub mod canaries;
pub mod chosen;
pub mod coverage;
pub mod side;
pub mod table;
pub mod value;

pub use canaries::{CLOCK_OFFSET, Canaries};
pub use chosen::{ChosenBy, SAME_PATH, VariationSet};
pub use side::Side;
pub use table::{
    Carrier, Need, SHARED, Shared, VARIATIONS, Variation, VariationId, carried_by, of_variable,
};
pub use value::{Value, Values};
