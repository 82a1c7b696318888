//! Ids as the settings write them: strings, because programs in JavaScript lose the last digits of such numbers. Numbers
//! are read, too.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::ids::{ChannelId, RoleId};

/// The pattern of an id that is a string. Nineteen digits fit into 64 bits.
pub(super) const PATTERN: &str = "^[1-9][0-9]{0,18}$";
/// The largest id.
pub(super) const LARGEST: u64 = 9_999_999_999_999_999_999;

/// The id that a value means.
pub(super) fn parse(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().filter(|id| (1..=LARGEST).contains(id)),
        Value::String(text) => {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0') && text.len() <= 19;
            digits.then(|| text.parse().ok())?
        }
        _ => None,
    }
}

/// What ids are found in: one, perhaps one, several.
pub(super) trait Snowflakes: Sized {
    fn to_value(&self) -> Value;
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! snowflakes {
    ($($id:ident),+) => {$(
        impl Snowflakes for $id {
            fn to_value(&self) -> Value {
                Value::String(self.to_string())
            }

            fn from_value(value: &Value) -> Option<Self> {
                parse(value).map(Self)
            }
        }
    )+};
}

snowflakes!(ChannelId, RoleId);

impl<T: Snowflakes> Snowflakes for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }

    fn from_value(value: &Value) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::from_value(value).map(Some) }
    }
}

impl<T: Snowflakes> Snowflakes for Vec<T> {
    fn to_value(&self) -> Value {
        self.iter().map(T::to_value).collect()
    }

    fn from_value(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::from_value).collect()
    }
}

pub(super) fn serialize<T: Snowflakes, S: Serializer>(ids: &T, serializer: S) -> Result<S::Ok, S::Error> {
    ids.to_value().serialize(serializer)
}

pub(super) fn deserialize<'de, T: Snowflakes, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    T::from_value(&value).ok_or_else(|| de::Error::custom("not an id"))
}
