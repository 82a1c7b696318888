//! Fields as other servers spell them: numbers as text, `null` for nothing, lists with something strange in them.
//!
//! Discord sends none of these. What stands in for it may, and a field that is spelt otherwise should cost that field,
//! not the whole answer around it.

use std::str::FromStr;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::Value;

/// A number, also one that is written as text; nothing, where it is none.
pub(super) fn number<'de, D: Deserializer<'de>, T: FromStr + DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text.trim().parse().ok(),
        value => serde_json::from_value(value).ok(),
    })
}

/// What can be read, or the default.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(from: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(from)?).unwrap_or_default())
}

/// `null` is the default; anything else that cannot be read is a mistake.
pub(super) fn null_is_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// The same, where it matters that there is no list at all.
pub(super) fn each_if_any<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<Vec<T>>, D::Error> {
    Ok(match Value::deserialize(from)? {
        list @ Value::Array(_) => Some(each(list).unwrap_or_default()),
        _ => None,
    })
}

/// Those in a list that can be read: one that cannot hides no other.
pub(super) fn each<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Array(all) => all.into_iter().filter_map(|one| serde_json::from_value(one).ok()).collect(),
        _ => Vec::new(),
    })
}
