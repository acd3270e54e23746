//! Untrusted JSON: a single value, no duplicate keys, and a cap on its size.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Bytes that an envelope may have: its payload is a third larger in base64.
pub const ENVELOPE: usize = 2 << 20;
/// Bytes that a statement may have.
pub const PAYLOAD: usize = 1 << 20;

/// Parses a document.
///
/// # Errors
/// It is too long, not JSON, or has a key twice: as a clause.
pub fn parse(bytes: &[u8], most: usize) -> Result<Value, String> {
    if bytes.len() > most {
        return Err(format!("it is over {} KiB", most >> 10));
    }
    let Strict(value) = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    Ok(value)
}

/// The text of a field.
pub fn text<'v>(of: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    of.get(key).and_then(Value::as_str)
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Strict, D::Error> {
        input.deserialize_any(Reader).map(Strict)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(Number::from_f64(v).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(Strict(value)) = list.next_element()? {
            out.push(value);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let Strict(value) = map.next_value()?;
            if out.contains_key(&key) {
                return Err(A::Error::custom(format!(
                    "the key `{}` is there twice",
                    key.escape_debug()
                )));
            }
            out.insert(key, value);
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_there_twice_is_refused_at_every_depth() {
        assert_eq!(parse(b"{\"a\": [1, -2, null, true, \"x\"]}", 99).unwrap()["a"][1], -2);
        for bad in
            [&br#"{"a": 1, "a": 1}"#[..], br#"{"x": [{"a": 1, "\u0061": 2}]}"#, b"{} {}", b"{", b""]
        {
            assert!(parse(bad, 99).is_err(), "{}", String::from_utf8_lossy(bad));
        }
        let escaped = parse(br#"{"a\n\u001b[2K": 1, "a\n\u001b[2K": 1}"#, 99).unwrap_err();
        assert!(escaped.contains(r"`a\n\u{1b}[2K`"), "{escaped}");
        assert!(parse(b"[1]", 2).unwrap_err().contains("over 0 KiB"));
        assert!(parse("[".repeat(100_000).as_bytes(), 1 << 20).is_err());
    }
}
