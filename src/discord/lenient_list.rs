//! JSON lists that are deserialized item by item.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The items of a list that can be read. An item of a future kind does not hide the others.
///
/// [`RawValue`] avoids intermediate `Value`s: with them the channels of a large server would take ten times the memory, which
/// the allocator then keeps.
pub(super) struct LenientList<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for LenientList<T> {
    fn deserialize<D: Deserializer<'de>>(list: D) -> Result<Self, D::Error> {
        list.deserialize_seq(LenientListVisitor(PhantomData)).map(Self)
    }
}

struct LenientListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for LenientListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(text) = list.next_element::<&RawValue>()? {
            items.extend(serde_json::from_str(text.get()).ok());
        }
        Ok(items)
    }
}
