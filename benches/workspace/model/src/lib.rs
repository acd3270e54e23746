//! What the others speak of.

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    pub id: Uuid,
    pub name: String,
    pub made: DateTime<Utc>,
    pub tags: IndexMap<String, String>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{0}` is not known")]
    Unknown(String),
    #[error("failed to read")]
    Io(#[from] std::io::Error),
}

impl Item {
    pub fn named(name: &str) -> Item {
        Item { id: Uuid::new_v4(), name: name.into(), made: Utc::now(), tags: IndexMap::new() }
    }
}
