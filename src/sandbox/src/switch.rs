//! Actions that only the host of the sandbox can carry out, as buttons on the page: so the page can kill a bot, while the
//! sandbox knows of none.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// An action of the host, with its captions on the page.
#[derive(Clone, Serialize)]
pub struct Switch {
    name: &'static str,
    caption: Caption,
    #[serde(skip)]
    deed: Arc<dyn Fn() + Send + Sync>,
}

/// The same few words in the languages of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Caption {
    /// In English.
    pub en: &'static str,
    /// In Russian.
    pub ru: &'static str,
}

impl Switch {
    /// A switch with this `name` in `/sandbox/switches`. The action must not block.
    pub fn new(name: &'static str, caption: Caption, deed: impl Fn() + Send + Sync + 'static) -> Self {
        Self { name, caption, deed: Arc::new(deed) }
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name == name
    }

    pub(super) fn throw(&self) {
        (self.deed)();
    }
}

impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switch").field("name", &self.name).finish_non_exhaustive()
    }
}
