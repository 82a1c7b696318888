//! Which places of two documents differ: for the history, the log and the list of fields that are not obeyed yet.

use serde_json::Value;

use crate::model::settings::Settings;
use crate::model::settings::check::{entry_path, field_path};

impl Settings {
    /// The paths of all that is not the same in `other`, in the order of the document.
    #[must_use]
    pub fn changed_paths(&self, other: &Self) -> Vec<String> {
        let mut paths = Vec::new();
        if let (Ok(before), Ok(after)) = (serde_json::to_value(self), serde_json::to_value(other)) {
            compare(Some(&before), Some(&after), "", &mut paths);
        }
        paths
    }
}

/// A field that is missing on one side is one difference, however much it holds on the other.
fn compare(before: Option<&Value>, after: Option<&Value>, path: &str, paths: &mut Vec<String>) {
    match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let added = after.keys().filter(|name| !before.contains_key(*name));
            for name in before.keys().chain(added) {
                compare(before.get(name), after.get(name), &field_path(path, name), paths);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for index in 0..before.len().max(after.len()) {
                compare(before.get(index), after.get(index), &entry_path(path, index), paths);
            }
        }
        _ if before == after => {}
        _ => paths.push(path.to_owned()),
    }
}
