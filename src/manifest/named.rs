//! Values of closed sets: a manifest has each by its name in a table, and a name that is in none is refused.

use repro_formats::formats::Format;
use repro_formats::listing::MemberKind;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::Serializer;

use crate::artifact::Kind;
use crate::request::Inject;
use crate::verdict::{SINGLE, Status, Verdict};

/// A value of a closed set.
pub(super) trait Named: Sized + 'static {
    /// What it is, in an error.
    const WHAT: &'static str;
    /// Its name.
    const NAME: fn(&Self) -> &'static str;
    /// The value of a name.
    const NAMED: fn(&str) -> Option<Self>;
}

macro_rules! named {
    ($($type:ty, $what:literal: $name:expr, $named:expr;)*) => {$(
        impl Named for $type {
            const WHAT: &'static str = $what;
            const NAME: fn(&Self) -> &'static str = $name;
            const NAMED: fn(&str) -> Option<Self> = $named;
        }
    )*};
}

named! {
    Verdict, "verdict": |v| v.name(), Verdict::named;
    Kind, "kind of artifact": |k| k.name(), Kind::named;
    Option<Status>, "status": |s| s.map_or(SINGLE, Status::name), |name| match name {
        SINGLE => Some(None),
        _ => {
            let all = [Status::Same, Status::Differs, Status::OnlyA, Status::OnlyB];
            all.into_iter().find(|s| s.name() == name).map(Some)
        }
    };
    Inject, "inject": |i| i.name(), |name| {
        [Inject::Wrapper, Inject::Rustflags].into_iter().find(|i| i.name() == name)
    };
    &'static Format, "archive format": |f| f.name, Format::named;
    MemberKind, "kind of member": |k| k.name(), |name| {
        let all = [MemberKind::File, MemberKind::Dir, MemberKind::Symlink, MemberKind::Hardlink];
        all.into_iter().find(|k| k.name() == name)
    };
}

pub(super) fn serialize<T: Named, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(T::NAME(value))
}

pub(super) fn deserialize<'de, T: Named, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let name = String::deserialize(from)?;
    T::NAMED(&name).ok_or_else(|| D::Error::custom(format!("unknown {} `{name}`", T::WHAT)))
}
