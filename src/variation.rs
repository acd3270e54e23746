//! The variations: what builds differ in on purpose, because it should not affect the result.
//!
//! [`table`] has one row for each, and drives everything else; [`canaries`] makes the values, one for each
//! [`side`]; [`chosen`] says which are on in a run, and [`coverage`] which of those this machine could apply.
//! The modules that build apply them.

pub mod canaries;
pub mod chosen;
pub mod coverage;
pub mod side;
pub mod table;
pub mod value;

pub use canaries::Canaries;
pub use chosen::{ChosenBy, SAME_PATH, VariationSet};
pub use side::Side;
pub use table::{
    Carrier, Need, SHARED, VARIATIONS, Variation, VariationId, carried_by, of_variable,
};
pub use value::{Value, Values};
