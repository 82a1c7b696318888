//! Deserializers for fields that deviate from Discord's reference: numbers as text, `null` for an absent value, lists with
//! items of an unknown form.
//!
//! Discord sends none of these. A server that stands in for it may, and such a field should cost that field, not the whole
//! response around it.

use std::str::FromStr;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::Value;

/// A number, possibly written as text; `None` for anything else.
pub(super) fn number<'de, D: Deserializer<'de>, T: FromStr + DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text.trim().parse().ok(),
        value => serde_json::from_value(value).ok(),
    })
}

/// The value, or the default where it cannot be read.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(from: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(from)?).unwrap_or_default())
}

/// The default for `null`; anything else that cannot be read is an error.
pub(super) fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// The same as [`readable_items`], but `None` where the value is no list at all.
pub(super) fn readable_items_if_list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    from: D,
) -> Result<Option<Vec<T>>, D::Error> {
    Ok(match Value::deserialize(from)? {
        list @ Value::Array(_) => Some(readable_items(list).unwrap_or_default()),
        _ => None,
    })
}

/// The items of a list that can be read; one that cannot does not hide the others.
pub(super) fn readable_items<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Array(items) => items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect(),
        _ => Vec::new(),
    })
}
