//! The rules' functions, one file for each family; the table that names them is
//! [`super::rules`].

pub(super) mod code;
pub(super) mod flags;
pub(super) mod known;
pub(super) mod locked;
pub(super) mod pins;
pub(super) mod places;
