//! The values of `package.json` in all the shapes that people write them in; locks take many of them over.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use hashbrown::HashSet;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::syntax::json::{Map, Str};

/// An object by names, in the order of the text; anything but an object is an empty one, as npm takes it.
#[derive(Clone, Debug)]
pub(super) struct Names<'t, V>(pub Vec<(Str<'t>, V)>);

impl<V> Default for Names<'_, V> {
    fn default() -> Self {
        Names(Vec::new())
    }
}

impl<'t, V> Names<'t, V> {
    /// Returns the first name that stands twice.
    pub(super) fn doubled(&self) -> Option<&Str<'t>> {
        // npm writes names sorted, so one look at neighbours mostly says all.
        if self.0.windows(2).all(|pair| pair[0].0 < pair[1].0) {
            return None;
        }
        let mut seen = HashSet::with_capacity(self.0.len());
        self.0.iter().map(|(name, _)| name).find(|name| !seen.insert(&***name))
    }
}

impl<'de: 't, 't, V: Deserialize<'de>> Deserialize<'de> for Names<'t, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Any(entries) = Any::<Map<Str<'t>, V>>::deserialize(deserializer)?;
        Ok(Names(entries.map(|map| map.0).unwrap_or_default()))
    }
}

/// A string, or nothing where something else stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Lenient<'t>(pub Str<'t>);

impl<'de: 't, 't> Deserialize<'de> for Lenient<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Any(text) = Any::<Str<'t>>::deserialize(deserializer)?;
        Ok(Lenient(text.unwrap_or_default()))
    }
}

/// A value of one kind, or nothing where a value of another kind stands.
struct Any<T>(Option<T>);

/// What an [`Any`] is made of: each kind says which shapes it takes.
trait Shape<'de>: Sized {
    fn of_str(_text: Cow<'de, str>) -> Option<Self> {
        None
    }

    fn of_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn of_seq<A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn of_bool(_value: bool) -> Option<Self> {
        None
    }
}

impl<'de, T: Shape<'de>> Deserialize<'de> for Any<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shapes<T>(PhantomData<T>);
        impl<'de, T: Shape<'de>> Visitor<'de> for Shapes<T> {
            type Value = Any<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Any<T>, E> {
                Ok(Any(T::of_str(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Any<T>, E> {
                Ok(Any(T::of_str(Cow::Owned(text.to_owned()))))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Any<T>, A::Error> {
                T::of_map(map).map(Any)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Any<T>, A::Error> {
                T::of_seq(seq).map(Any)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Any<T>, E> {
                Ok(Any(T::of_bool(value)))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Any<T>, E> {
                Ok(Any(None))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Any<T>, E> {
                Ok(Any(None))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Any<T>, E> {
                Ok(Any(None))
            }
            fn visit_unit<E>(self) -> Result<Any<T>, E> {
                Ok(Any(None))
            }
        }
        deserializer.deserialize_any(Shapes(PhantomData))
    }
}

impl<'de: 't, 't> Shape<'de> for Str<'t> {
    fn of_str(text: Cow<'de, str>) -> Option<Self> {
        Some(Str(text))
    }
}

impl<'de: 't, 't, V: Deserialize<'de>> Shape<'de> for Map<Str<'t>, V> {
    fn of_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Some(Map(entries)))
    }
}

/// What `peerDependenciesMeta` says of one peer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meta {
    pub optional: Flag,
}

impl<'de> Deserialize<'de> for Meta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Any::deserialize(deserializer)?.0.unwrap_or_default())
    }
}

impl<'de> Shape<'de> for Meta {
    fn of_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut meta = Meta::default();
        while let Some(key) = map.next_key::<Str<'de>>()? {
            match &*key {
                "optional" => meta.optional = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(meta))
    }
}

/// Whether `true` stands there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Any::deserialize(deserializer)?.0.unwrap_or_default())
    }
}

impl<'de> Shape<'de> for Flag {
    fn of_bool(value: bool) -> Option<Self> {
        Some(Flag(value))
    }
}

/// One string or several.
#[derive(Clone, Debug, Default)]
pub(super) struct Words<'t>(pub Vec<Str<'t>>);

impl<'de: 't, 't> Deserialize<'de> for Words<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Any::deserialize(deserializer)?.0.unwrap_or_default())
    }
}

impl<'de: 't, 't> Shape<'de> for Words<'t> {
    fn of_str(text: Cow<'de, str>) -> Option<Self> {
        Some(Words(vec![Str(text)]))
    }

    fn of_seq<A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        let mut words = Vec::new();
        while let Some(Lenient(word)) = seq.next_element()? {
            if !word.is_empty() {
                words.push(word);
            }
        }
        Ok(Some(Words(words)))
    }

    /// `{"packages": [..]}`, as `workspaces` may be written.
    fn of_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut words = Words::default();
        while let Some(key) = map.next_key::<Str<'de>>()? {
            match &*key {
                "packages" => words = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(words))
    }
}

/// A licence: an expression, or the older forms, an object with a `type` and a list of these.
#[derive(Clone, Debug, Default)]
pub(super) struct Licence<'t>(pub Cow<'t, str>);

impl<'de: 't, 't> Deserialize<'de> for Licence<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Any::deserialize(deserializer)?.0.unwrap_or_default())
    }
}

impl<'de: 't, 't> Shape<'de> for Licence<'t> {
    fn of_str(text: Cow<'de, str>) -> Option<Self> {
        Some(Licence(text))
    }

    fn of_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut licence = Licence::default();
        while let Some(key) = map.next_key::<Str<'de>>()? {
            match &*key {
                "type" => licence = Licence(map.next_value::<Lenient<'de>>()?.0.0),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(licence))
    }

    /// npm's documentation turns the old lists into `(A OR B)`.
    fn of_seq<A: SeqAccess<'de>>(mut seq: A) -> Result<Option<Self>, A::Error> {
        let mut any = Vec::new();
        while let Some(Licence(one)) = seq.next_element()? {
            if !one.is_empty() {
                any.push(one);
            }
        }
        Ok(Some(Licence(if any.len() == 1 { any.remove(0) } else { Cow::Owned(any.join(" OR ")) })))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn licences_are_read_in_old_forms_too() {
        for (text, expected) in [
            (r#""MIT""#, "MIT"),
            (r#"{"url": "x", "type": "ISC"}"#, "ISC"),
            (r#"[{"type": "MIT"}, "Apache-2.0"]"#, "MIT OR Apache-2.0"),
            (r#"[["BSD"]]"#, "BSD"),
            ("[]", ""),
            ("null", ""),
            ("7", ""),
            ("true", ""),
        ] {
            let Licence(licence) = serde_json::from_str(text).unwrap();
            assert_eq!(licence, expected, "{text}");
        }
    }

    #[test]
    fn what_people_write_instead_of_an_object_is_empty() {
        for text in ["[]", "[1, {\"a\": 2}]", "null", "\"x\"", "false", "1.5", "{}"] {
            let names: Names<'_, Lenient<'_>> = serde_json::from_str(text).unwrap();
            assert!(names.0.is_empty(), "{text}");
        }
        let names: Names<'_, Lenient<'_>> = serde_json::from_str(r#"{"b": "1", "a": null, "b": {}}"#).unwrap();
        assert_eq!(names.doubled().map(|name| &**name), Some("b"));
        let meta: Names<'_, Meta> =
            serde_json::from_str(r#"{"a": {"x": 1, "optional": true}, "b": [], "c": {}}"#).unwrap();
        assert_eq!(meta.0.iter().map(|(_, meta)| meta.optional.0).collect::<Vec<_>>(), [true, false, false]);
    }
}
