use dashmap::DashMap;
use model::{Error, Item};
use parking_lot::Mutex;
use redb::{Database, TableDefinition};

const ITEMS: TableDefinition<&str, &str> = TableDefinition::new("items");

#[derive(Default)]
pub struct Store {
    items: DashMap<String, Item>,
    last: Mutex<Option<String>>,
}

impl Store {
    pub fn put(&self, item: Item) {
        *self.last.lock() = Some(item.name.clone());
        self.items.insert(item.name.clone(), item);
    }

    pub fn get(&self, name: &str) -> Result<Item, Error> {
        let item = self.items.get(name).map(|item| item.clone());
        item.ok_or_else(|| Error::Unknown(name.to_string()))
    }

    pub fn save(&self, path: &str) -> Option<()> {
        let database = Database::create(path).ok()?;
        let write = database.begin_write().ok()?;
        for item in &self.items {
            let text = serde_json::to_string(item.value()).ok()?;
            write.open_table(ITEMS).ok()?.insert(item.key().as_str(), text.as_str()).ok()?;
        }
        write.commit().ok()
    }
}
