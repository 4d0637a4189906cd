//! How ids and sizes look in JSON: as their text.

use std::fmt::Display;

use serde::Serializer;

pub(super) fn plain<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

pub(super) fn option<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

/// A list of texts; empty for none.
pub(super) fn list<T: Display, S: Serializer>(values: &Option<Vec<T>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().flatten().map(ToString::to_string))
}
