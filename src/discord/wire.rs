//! How a call is spelt: method, route, query and body, as data.
//!
//! Everything that makes a request safe to repeat is decided here: the overwrites go into the one call that makes the
//! channel, and every message carries a nonce made of the intent behind it.

use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use serde_json::Value;
use serenity::http::{LightMethod, Route};

use crate::discord::{body, menu, view};
use crate::ids::{ApplicationId, ChannelId, GuildId, Intent, MessageId, RoleId, UserId};
use crate::language::Locale;
use crate::lifecycle::{Call, Press};
use crate::texts::{self, Texts};

/// What the bot knows of its surroundings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The bot itself.
    pub me: UserId,
    /// The application it belongs to.
    pub application: ApplicationId,
    /// The channel of the panel message.
    pub panel: ChannelId,
    /// The category of the ticket channels.
    pub category: ChannelId,
    /// The role that supports.
    pub support: RoleId,
    /// Who is spoken to in which language.
    pub locale: Locale,
}

impl Place {
    /// Any surroundings, for a test; the language is the server's own, Russian.
    #[cfg(test)]
    pub(crate) const EXAMPLE: Self = Self {
        me: UserId(9),
        application: ApplicationId(8),
        panel: ChannelId(1),
        category: ChannelId(2),
        support: RoleId(3),
        locale: Locale::One(crate::language::Language::Russian),
    };

    /// What everybody in the server reads.
    pub(super) const fn texts(&self) -> &'static Texts {
        texts::of(self.locale.of_server())
    }
}

/// One request, ready to be sent.
#[derive(Clone)]
pub struct Ask<'a> {
    /// Where to.
    pub route: Route<'a>,
    /// How.
    pub method: LightMethod,
    /// What follows the question mark.
    pub query: Vec<(&'static str, String)>,
    /// What is sent along, if anything.
    pub body: Option<Value>,
    /// What the server's audit log says about it.
    pub reason: Option<&'static str>,
    /// How urgent it is.
    pub class: Class,
    /// A person waits for what comes of it: where a limit holds it up for long, it is withdrawn, so that they can be told.
    pub awaited: bool,
}

impl fmt::Debug for Ask<'_> {
    /// Without what is sent and without ids: the route of an answer to a press holds its token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ask({} {}, {:?})", self.verb(), self.label(), self.class)
    }
}

/// How urgent a request is when there is not room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// An answer to a press. Discord takes it for three seconds and counts it against no common limit: it waits for none,
    /// and at most for a socket.
    Press,
    /// Somebody is looking at it: a channel that is made or deleted, an announcement in it.
    Ticket,
    /// What members begin with: the panel and the slash commands.
    Panel,
    /// A reply to a written command, which one person can cause as often as they like. It has to wait for all that matters
    /// more in the same channel, and one that would come too late is not sent.
    Courtesy,
    /// Checks and lists: nobody sees whether they take long.
    Upkeep,
    /// Channels that are read to find out whose ticket they are: after an update from another bot there may be thousands.
    Adoption,
}

/// How long a reply to a written command may wait for room in its channel. Later, nobody knows any more what it is about.
const COURTESY_WAITS: Duration = Duration::from_secs(10);

impl<'a> Ask<'a> {
    /// A request without body, in nobody's way.
    #[must_use]
    pub const fn new(method: LightMethod, route: Route<'a>) -> Self {
        Self { route, method, query: Vec::new(), body: None, reason: None, class: Class::Upkeep, awaited: false }
    }

    fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    fn query(mut self, key: &'static str, value: &impl ToString) -> Self {
        self.query.push((key, value.to_string()));
        self
    }

    fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    fn class(self, class: Class) -> Self {
        Self { class, ..self }
    }

    /// The path, without host and query: `/api/v10/channels/1/messages`.
    #[must_use]
    pub fn path(&self) -> String {
        let url = self.route.path();
        url.strip_prefix("https://discord.com").unwrap_or(&url).to_owned()
    }

    /// `GET`, `POST`, `PATCH`, `PUT` or `DELETE`.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self.method {
            LightMethod::Delete => "DELETE",
            LightMethod::Get => "GET",
            LightMethod::Patch => "PATCH",
            LightMethod::Post => "POST",
            LightMethod::Put => "PUT",
        }
    }

    /// The path without ids and secrets, fit for a log: `/channels/{}/messages`.
    #[must_use]
    pub fn label(&self) -> String {
        let path = self.path();
        let mut secret = false;
        let mut label = String::new();
        for part in path.trim_start_matches("/api/v10").split('/').skip(1) {
            let is_id = part.bytes().all(|byte| byte.is_ascii_digit());
            label.push('/');
            label.push_str(if secret || is_id { "{}" } else { part });
            // After the id of an interaction or a webhook comes its token.
            secret = is_id && matches!(label.as_str(), "/interactions/{}" | "/webhooks/{}");
        }
        label
    }

    /// How long it is worth sending: as long as Discord takes an answer to a press, or a reply is still understood.
    pub(super) fn lifetime(&self) -> Duration {
        match (self.class, self.method) {
            (Class::Press, LightMethod::Post) => Duration::from_secs(3),
            (Class::Press, _) => Duration::from_secs(15 * 60),
            (Class::Courtesy, _) => COURTESY_WAITS,
            (Class::Ticket | Class::Panel | Class::Upkeep | Class::Adoption, _) => Duration::MAX,
        }
    }

    /// How long its reply is worth waiting for, if not as long as any other's: an answer to a press may be given twice,
    /// and what hangs on a dead connection can still be said in time on another one, and on a third. A connection that
    /// has to be made first is given time for it.
    pub(super) fn patience(&self, connected: bool) -> Option<Duration> {
        let patience = Duration::from_millis(if connected { 800 } else { 1_200 });
        matches!((self.class, self.method), (Class::Press, LightMethod::Post)).then_some(patience)
    }

    /// It answers a press.
    pub(super) fn is_press(&self) -> bool {
        self.class == Class::Press
    }

    /// Its reply is a list, or a server with all that is in it.
    pub(super) const fn wants_list(&self) -> bool {
        matches!(
            self.route,
            Route::Guild { .. }
                | Route::GuildChannels { .. }
                | Route::ChannelMessages { .. }
                | Route::GuildCommands { .. }
                | Route::UserMeGuilds
        )
    }

    /// The channel or server that Discord counts it for, if it does.
    pub(super) fn major(&self) -> u64 {
        let path = self.path();
        let mut parts = path.split('/').skip_while(|part| !matches!(*part, "channels" | "guilds")).skip(1);
        parts.next().and_then(|id| id.parse().ok()).unwrap_or(0)
    }
}

/// A call as a request.
#[must_use]
pub fn request<'a>(call: &'a Call, place: &Place) -> Ask<'a> {
    Ask { awaited: call.is_awaited(), ..spell(call, place) }
}

fn spell<'a>(call: &'a Call, place: &Place) -> Ask<'a> {
    use LightMethod::{Delete, Get, Patch, Post, Put};
    match call {
        Call::CreateChannel { owner, name, intent, attempt, number } => {
            let topic = view::mark(*number, owner.member, *intent, *attempt, place.locale.of_server());
            Ask::new(Post, Route::GuildChannels { guild_id: id(owner.guild.0) })
                .body(body::channel(*owner, name, topic, place))
                .because(place.texts().channel.created)
                .class(Class::Ticket)
        }
        Call::ListChannels { guild } => {
            Ask::new(Get, Route::GuildChannels { guild_id: id(guild.0) }).class(Class::Ticket)
        }
        Call::FindChannel { guild, .. } => Ask::new(Get, Route::GuildChannels { guild_id: id(guild.0) }),
        Call::GetChannel { channel } => Ask::new(Get, Route::Channel { channel_id: id(channel.0) }),
        Call::ReadChannel { channel, after } => Ask::new(Get, messages(*channel))
            .query("limit", &100)
            // Nothing in a channel is older than the channel: its own id asks for the beginning, not for the end.
            .query("after", &after.map_or(channel.0, |intent| intent.0))
            .class(if after.is_some() { Class::Ticket } else { Class::Adoption }),
        Call::Welcome { owner, channel } => {
            Ask::new(Post, messages(*channel)).body(body::welcome(owner.member, *channel, place)).class(Class::Ticket)
        }
        Call::Acknowledge { press, with } => {
            let route = Route::InteractionResponse { interaction_id: id(press.interaction.0), token: &press.token };
            Ask::new(Post, route).body(body::acknowledgement(press, with, place)).class(Class::Press)
        }
        Call::EditReply { press, words } => replacement(press, &texts::of(press.language).say(words)),
        Call::Say { channel, words, reply_to, intent } => {
            let texts = reply_to.map_or(place.texts(), |(_, language)| texts::of(language));
            let courtesy = reply_to.is_some() && !words.reports_deed();
            said(*channel, &texts.say(words), reply_to.map(|(message, _)| message), *intent).class(if courtesy {
                Class::Courtesy
            } else {
                Class::Ticket
            })
        }
        Call::RestoreAccess { owner, channel } => {
            let route = Route::ChannelPermission { channel_id: id(channel.0), target_id: id(owner.member.0) };
            Ask::new(Put, route)
                .body(body::member_overwrite())
                .because(place.texts().channel.restored)
                .class(Class::Ticket)
        }
        Call::DeleteChannel { channel } => Ask::new(Delete, Route::Channel { channel_id: id(channel.0) })
            .because(place.texts().channel.deleted)
            .class(Class::Ticket),
        Call::GetPanel { message } => Ask::new(Get, panel(place, message.0)).class(Class::Panel),
        Call::EditPanel { message } => {
            Ask::new(Patch, panel(place, message.0)).body(body::panel_edit(place)).class(Class::Panel)
        }
        Call::ListPanels => Ask::new(Get, messages(place.panel)).query("limit", &100).class(Class::Panel),
        Call::SendPanel { nonce } => {
            Ask::new(Post, messages(place.panel)).body(body::panel(*nonce, place)).class(Class::Panel)
        }
        Call::DeletePanel { message } => Ask::new(Delete, panel(place, message.0)).class(Class::Panel),
        Call::ListCommands { guild } => {
            Ask::new(Get, commands(place, *guild)).query("with_localizations", &true).class(Class::Panel)
        }
        Call::PutCommands { guild } => {
            Ask::new(Put, commands(place, *guild)).body(menu::commands(place)).class(Class::Panel)
        }
        Call::RemoveCommands { guild } => {
            Ask::new(Put, commands(place, *guild)).body(serde_json::json!([])).class(Class::Panel)
        }
    }
}

/// Text in a channel that notifies nobody. How urgent it is depends on what it says.
pub(super) fn said(channel: ChannelId, text: &str, reply_to: Option<MessageId>, intent: Intent) -> Ask<'static> {
    Ask::new(LightMethod::Post, messages(channel)).body(body::message(channel, text, reply_to, intent))
}

/// Text in place of a private deferral.
pub(super) fn replacement<'a>(press: &'a Press, text: &str) -> Ask<'a> {
    let application_id = id(press.application.0);
    let route = Route::WebhookOriginalInteractionResponse { application_id, token: &press.token };
    Ask::new(LightMethod::Patch, route).body(body::replacement(text)).class(Class::Press)
}

/// More text for the presser alone. It has as much time as the token, and so is no first answer.
pub(super) fn follow_up<'a>(press: &'a Press, text: &str) -> Ask<'a> {
    let application_id = id(press.application.0);
    let route = Route::WebhookFollowupMessages { application_id, token: &press.token };
    Ask::new(LightMethod::Post, route).body(body::follow_up(text))
}

/// Our number as an id of the library.
///
/// Its ids are never zero, ours may be (a mistyped setting, a broken file). Discord knows neither 0 nor 1.
pub(super) fn id<T: From<NonZeroU64>>(number: u64) -> T {
    NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN).into()
}

fn messages(channel: ChannelId) -> Route<'static> {
    Route::ChannelMessages { channel_id: id(channel.0) }
}

fn commands(place: &Place, guild: GuildId) -> Route<'static> {
    Route::GuildCommands { application_id: id(place.application.0), guild_id: id(guild.0) }
}

fn panel(place: &Place, message: u64) -> Route<'static> {
    Route::ChannelMessage { channel_id: id(place.panel.0), message_id: id(message) }
}

#[cfg(test)]
mod tests;
