//! The builders that a verifier trusts: a TOML file of their own, `repro.trust/1`.
//! A builder may have several keys, and several builders may share a group. A key is in one group, which is one vote.
//! An unknown field is an error: a misspelled one must not give anyone trust.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{DocumentMut, Item, TableLike};

use super::keys::PublicKey;

/// The schema's name and version.
pub const SCHEMA: &str = "repro.trust/1";

/// A key of a builder.
#[derive(Clone, Debug)]
pub struct Trusted {
    /// The key.
    pub key: PublicKey,
    /// The `builder.id` that it may sign for.
    pub builder: String,
    /// Who owns it: votes are counted by this.
    pub group: String,
}

/// The whole file.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// How many groups have to agree, unless the command line says.
    pub threshold: Option<usize>,
    /// All pairs of key and builder.
    pub trusted: Vec<Trusted>,
}

impl Trust {
    /// Reads it.
    ///
    /// # Errors
    /// A key that is unknown or wrong, or one cryptographic key in two groups: as a clause.
    pub fn read(text: &str) -> Result<Trust, String> {
        let document: DocumentMut = text
            .parse()
            .map_err(|e: toml_edit::TomlError| e.message().trim_end().replace('\n', ", "))?;
        known("it", document.as_table(), &["schema", "threshold", "builder"])?;
        if document.get("schema").is_some_and(|schema| schema.as_str() != Some(SCHEMA)) {
            return Err(format!("its schema is not `{SCHEMA}`"));
        }
        let threshold = match document.get("threshold") {
            None => None,
            Some(item) => {
                let number = item.as_integer().and_then(|n| usize::try_from(n).ok());
                Some(number.filter(|n| *n > 0).ok_or("its `threshold` is not a number from 1")?)
            }
        };
        let builders = document.get("builder").and_then(Item::as_array_of_tables);
        let builders = builders.ok_or("it has no [[builder]]")?;
        let mut trusted = Vec::new();
        for table in builders {
            trusted.extend(builder(table)?);
        }
        let mut groups: BTreeMap<String, &str> = BTreeMap::new();
        for one in &trusted {
            let group = groups.entry(one.group.to_ascii_lowercase()).or_insert(&one.group);
            if *group != one.group {
                return Err(format!(
                    "the groups `{group}` and `{}` differ in case only",
                    one.group
                ));
            }
        }
        let mut owners: BTreeMap<String, &str> = BTreeMap::new();
        for one in &trusted {
            let owner = owners.entry(one.key.id()).or_insert(&one.group);
            if *owner != one.group {
                return Err(format!(
                    "the key {} is in two groups, `{owner}` and `{}`",
                    one.key.id(),
                    one.group
                ));
            }
        }
        Ok(Trust { threshold, trusted })
    }

    /// The groups.
    pub fn groups(&self) -> BTreeSet<&str> {
        self.trusted.iter().map(|t| &*t.group).collect()
    }
}

fn builder(table: &dyn TableLike) -> Result<Vec<Trusted>, String> {
    known("a [[builder]]", table, &["id", "group", "keys"])?;
    // Each group is a vote, so no two of them may look alike.
    let plain = |name: &&str| {
        let printable = name.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        printable && !name.is_empty() && name.trim() == *name
    };
    let text = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(item) => item.as_str().filter(plain).map(Some).ok_or_else(|| {
            format!("the `{key}` of a [[builder]] is not a name in printable ASCII")
        }),
    };
    let id = text("id")?.ok_or("a [[builder]] has no `id`")?;
    let group = text("group")?.unwrap_or(id);
    let keys = table.get("keys").and_then(Item::as_array).filter(|keys| !keys.is_empty());
    let keys = keys.ok_or_else(|| format!("the builder `{id}` has no `keys`"))?;
    let read = |value: &toml_edit::Value| {
        let text = value.as_str().unwrap_or_default();
        let key =
            PublicKey::read(text).map_err(|why| format!("a key of the builder `{id}`: {why}"))?;
        Ok(Trusted { key, builder: id.to_string(), group: group.to_string() })
    };
    keys.iter().map(read).collect()
}

fn known(at: &str, table: &dyn TableLike, keys: &[&str]) -> Result<(), String> {
    match table.iter().find(|(key, _)| !keys.contains(key)) {
        None => Ok(()),
        Some((key, _)) => Err(format!("{at} has an unknown key `{}`", key.escape_debug())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::keys::PrivateKey;
    use crate::attest::keys::tests::ED25519;

    #[test]
    fn a_file_is_read_and_wrong_ones_are_refused() {
        let key = PrivateKey::read(ED25519).unwrap().public();
        let line = key.line();
        let entry = |id: &str, group: &str| {
            format!("[[builder]]\nid = \"{id}\"\ngroup = \"{group}\"\nkeys = [\"{line}\"]\n")
        };
        let good = format!("threshold = 2\n{}", entry("https://a", "alice"));
        let trust = Trust::read(&good).unwrap();
        assert_eq!((trust.threshold, trust.groups().len()), (Some(2), 1));
        assert_eq!(trust.trusted[0].key, key);
        // One owner may build at two places.
        assert!(Trust::read(&(entry("https://a", "alice") + &entry("https://b", "alice"))).is_ok());
        for (text, words) in [
            (entry("https://a", "alice") + &entry("https://b", "bob"), "is in two groups"),
            (format!("treshold = 2\n{}", entry("a", "b")), "unknown key `treshold`"),
            ("threshold = 0\n".to_string() + &entry("a", "b"), "not a number from 1"),
            ("schema = 1\n".to_string() + &entry("a", "b"), "its schema is not"),
            (entry("a", "Bob") + &entry("b", "bob"), "differ in case only"),
            // A Cyrillic letter, a space that has no width, an accent of its own, white space and an escape.
            (entry("a", "\u{430}lice"), "printable ASCII"),
            (entry("a", "bob\u{200b}"), "printable ASCII"),
            (entry("a", "e\u{301}"), "printable ASCII"),
            (entry("a", "bob "), "printable ASCII"),
            (entry("a", "bob\\n"), "printable ASCII"),
            (entry("a\\u001b[2K", "bob"), "printable ASCII"),
            (entry("", "bob"), "printable ASCII"),
            (String::new(), "no [[builder]]"),
            ("[[builder]]\nid = \"a\"\nkeys = []\n".to_string(), "no `keys`"),
            ("[[builder]]\nid = \"a\"\nkeys = [\"x\"]\n".to_string(), "not a public key"),
            ("[[builder]\n".to_string(), ""),
        ] {
            assert!(Trust::read(&text).unwrap_err().contains(words), "{text}");
        }
    }
}
