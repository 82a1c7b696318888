//! Lists of Discord's, read one by one.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// What can be read of a list. A thing of a kind that is still to be invented hides no other.
///
/// Each is read from the text as it stands: as values in between, the channels of a large server would be ten times as
/// large, and what they leave behind stays with the process.
pub(super) struct Readable<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Readable<T> {
    fn deserialize<D: Deserializer<'de>>(list: D) -> Result<Self, D::Error> {
        list.deserialize_seq(Each(PhantomData)).map(Self)
    }
}

struct Each<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Each<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut read = Vec::new();
        while let Some(text) = list.next_element::<&RawValue>()? {
            read.extend(serde_json::from_str(text.get()).ok());
        }
        Ok(read)
    }
}
