//! Events as the gateway sends them, with what a session needs to receive each
//! (Discord documentation, *Gateway*: "List of Intents", "Message Content Intent").

use std::ops::BitOr;

use serde_json::Value;

/// The intents of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intents(pub u64);

impl Intents {
    /// Events that every session receives.
    pub const ALWAYS: Self = Self(0);
    pub const GUILDS: Self = Self(1 << 0);
    pub const GUILD_MEMBERS: Self = Self(1 << 1);
    pub const GUILD_PRESENCES: Self = Self(1 << 8);
    pub const GUILD_MESSAGES: Self = Self(1 << 9);
    pub const GUILD_MESSAGE_REACTIONS: Self = Self(1 << 10);
    pub const GUILD_MESSAGE_TYPING: Self = Self(1 << 11);
    pub const DIRECT_MESSAGES: Self = Self(1 << 12);
    pub const DIRECT_MESSAGE_REACTIONS: Self = Self(1 << 13);
    pub const DIRECT_MESSAGE_TYPING: Self = Self(1 << 14);
    pub const MESSAGE_CONTENT: Self = Self(1 << 15);

    /// All that exist: bits 0 to 16, 20, 21, 24 and 25.
    const KNOWN: u64 = 0x1_ffff | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25;

    /// Whether Discord knows every bit of it.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        self.0 & !Self::KNOWN == 0
    }

    /// Whether all of `wanted` are among them.
    #[must_use]
    pub const fn has(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

impl BitOr for Intents {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One event on its way to the bot.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispatch {
    /// `MESSAGE_CREATE` and so on.
    pub name: &'static str,
    /// The intent that a session needs to get it.
    pub needs: Intents,
    pub data: Value,
    /// What a session without the message content intent gets instead, where that is different.
    pub blanked: Option<Value>,
}

impl Dispatch {
    pub(super) fn new(name: &'static str, needs: Intents, data: Value) -> Self {
        Self { name, needs, data, blanked: None }
    }

    /// The event as a session with these intents receives it, if it does.
    #[must_use]
    pub fn for_session(&self, intents: Intents) -> Option<&Value> {
        let heard = intents.has(self.needs);
        let whole = intents.has(Intents::MESSAGE_CONTENT);
        heard.then(|| self.blanked.as_ref().filter(|_| !whole).unwrap_or(&self.data))
    }
}
