//! A JSON document as a value: objects keep the order in which their fields are written.

use std::path::Path;

use serde::{Serialize, Serializer};

/// A value of a document.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Switch(bool),
    /// A number without sign.
    Count(u64),
    /// A number with a sign.
    Signed(i64),
    /// A fraction.
    Real(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(Object),
    /// No value: the field that would have it is left out.
    #[serde(skip)]
    Absent,
}

/// An object; `object!` writes one.
#[derive(Default)]
pub struct Object(Vec<(&'static str, Json)>);

impl Object {
    /// Adds a field.
    pub fn put(&mut self, name: &'static str, value: impl Into<Json>) {
        match value.into() {
            Json::Absent => {}
            value => self.0.push((name, value)),
        }
    }

    /// The fields of both, this one's first.
    pub fn and(mut self, other: Object) -> Object {
        self.0.extend(other.0);
        self
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// An object of these fields, in this order.
macro_rules! object {
    ($($name:literal: $value:expr),* $(,)?) => {{
        let mut object = $crate::report::json::value::Object::default();
        $(object.put($name, $value);)*
        object
    }};
}
pub(crate) use object;

/// A field that is left out where there is no value, and not `null`.
pub fn if_any(value: Option<impl Into<Json>>) -> Json {
    value.map_or(Json::Absent, Into::into)
}

/// A list of what the values of an iterator are in JSON.
pub fn list<T: Into<Json>>(values: impl IntoIterator<Item = T>) -> Json {
    Json::List(values.into_iter().map(Into::into).collect())
}

/// The same; a field that would have an empty one is left out.
pub fn list_if_any<T: Into<Json>>(values: impl IntoIterator<Item = T>) -> Json {
    match list(values) {
        Json::List(values) if values.is_empty() => Json::Absent,
        values => values,
    }
}

macro_rules! from {
    ($($type:ty: $value:ident => $json:expr;)*) => {
        $(impl From<$type> for Json {
            fn from($value: $type) -> Json {
                $json
            }
        })*
    };
}

from! {
    bool: on => Json::Switch(on);
    u64: n => Json::Count(n);
    usize: n => Json::Count(n as u64);
    i64: n => Json::Signed(n);
    f64: n => Json::Real(n);
    String: text => Json::Text(text);
    &String: text => Json::Text(text.clone());
    &str: text => Json::Text(text.to_string());
    &Path: path => Json::Text(path.display().to_string());
    Object: object => Json::Object(object);
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Json {
        value.map_or(Json::Null, Into::into)
    }
}

impl<'a, T> From<&'a [T]> for Json
where
    &'a T: Into<Json>,
{
    fn from(values: &'a [T]) -> Json {
        list(values)
    }
}

impl<'a, T> From<&'a Vec<T>> for Json
where
    &'a T: Into<Json>,
{
    fn from(values: &'a Vec<T>) -> Json {
        list(values)
    }
}
