//! How a call is written as an HTTP request: method, route, query and payload, as data.
//!
//! What makes a request safe to repeat is decided here: the permission overwrites are part of the one request that creates
//! the channel, and every message carries a nonce derived from the intent behind it.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use serde_json::Value;
use serenity::http::{LightMethod, Route};

use crate::discord::{candidates, commands, payload};
use crate::ids::{ApplicationId, ChannelId, GuildId, MessageId, RequestId, RoleId, UserId};
use crate::language::Locale;
use crate::lifecycle::{Interaction, Request};
use crate::texts::{self, Texts};

/// Who the bot is, and the ids that it is configured with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The bot's user id.
    pub me: UserId,
    /// The application that the bot belongs to.
    pub application: ApplicationId,
    /// The channel that holds the panel message.
    pub panel: ChannelId,
    /// The category of the ticket channels.
    pub category: ChannelId,
    /// The roles of the support team.
    pub staff: Cow<'static, [RoleId]>,
    /// The first message of a ticket notifies these roles.
    pub mention_staff: bool,
    /// Which language the bot uses for whom.
    pub locale: Locale,
}

impl Place {
    /// For tests; the language is Russian.
    #[cfg(test)]
    pub(crate) const EXAMPLE: Self = Self {
        me: UserId(9),
        application: ApplicationId(8),
        panel: ChannelId(1),
        category: ChannelId(2),
        staff: Cow::Borrowed(&[RoleId(3)]),
        mention_staff: true,
        locale: Locale::One(crate::language::Language::Russian),
    };

    /// The texts that all members of the server read.
    pub(super) const fn texts(&self) -> &'static Texts {
        texts::of(self.locale.of_server())
    }
}

/// One HTTP request, ready to be sent.
#[derive(Clone)]
pub struct HttpRequest<'a> {
    /// Discord's endpoint with its ids; it may contain the token of an interaction.
    pub route: Route<'a>,
    /// The HTTP method.
    pub method: LightMethod,
    /// The query string, as pairs.
    pub query: Vec<(&'static str, String)>,
    /// The JSON body, if there is one.
    pub payload: Option<Value>,
    /// The reason for the server's audit log (`X-Audit-Log-Reason`).
    pub reason: Option<&'static str>,
    /// Which requests are sent first.
    pub priority: Priority,
    /// Whether a person waits for the result: where a limit blocks the request for long, it is withdrawn, so that the person
    /// can be told.
    pub awaited: bool,
}

impl fmt::Debug for HttpRequest<'_> {
    /// Without payload and ids: the route of a response to an interaction contains its token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpRequest({} {}, {:?})", self.verb(), self.label(), self.priority)
    }
}

/// Which requests are sent first where the limits do not allow all of them; the first variant is the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// A response to an interaction. Discord accepts it for three seconds and does not count it against the global limit: it
    /// waits for no limit, and at most for a socket.
    Interaction,
    /// Members see the result: a channel that is created or deleted, an announcement in it.
    User,
    /// Members depend on the result: the panel and the slash commands.
    Panel,
    /// A reply to a written command, which one person can cause at will. It waits for everything more important in the same
    /// channel, and is not sent at all if it would come too late.
    Courtesy,
    /// Checks and lists: members do not notice how long they take.
    Background,
    /// Channels that are read to find out whose ticket they are: after an update from another bot there may be thousands.
    Adoption,
}

/// How long a reply to a written command may wait to be sent. Later, its reader no longer knows what it refers to.
const COURTESY_TIMEOUT: Duration = Duration::from_secs(10);
/// Discord accepts the first response to an interaction for this long.
const INITIAL_RESPONSE_DEADLINE: Duration = Duration::from_secs(3);
/// Discord accepts edits of that response for this long.
const INTERACTION_TOKEN_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// Timeouts for the first response to an interaction: on a connection that exists, and on one that must be opened first.
const RESPONSE_TIMEOUT_CONNECTED: Duration = Duration::from_millis(800);
const RESPONSE_TIMEOUT_CONNECTING: Duration = Duration::from_millis(1_200);

impl<'a> HttpRequest<'a> {
    /// A request without payload, with background priority.
    #[must_use]
    pub const fn new(method: LightMethod, route: Route<'a>) -> Self {
        let priority = Priority::Background;
        Self { route, method, query: Vec::new(), payload: None, reason: None, priority, awaited: false }
    }

    fn with_payload(self, payload: Value) -> Self {
        Self { payload: Some(payload), ..self }
    }

    fn with_query(mut self, key: &'static str, value: &impl ToString) -> Self {
        self.query.push((key, value.to_string()));
        self
    }

    fn with_reason(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    fn with_priority(self, priority: Priority) -> Self {
        Self { priority, ..self }
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
        let mut is_token = false;
        let mut label = String::new();
        for segment in path.trim_start_matches("/api/v10").split('/').skip(1) {
            let is_id = segment.bytes().all(|byte| byte.is_ascii_digit());
            label.push('/');
            label.push_str(if is_token || is_id { "{}" } else { segment });
            // The id of an interaction or a webhook is followed by its token.
            is_token = is_id && matches!(label.as_str(), "/interactions/{}" | "/webhooks/{}");
        }
        label
    }

    /// How long the request is worth sending: as long as Discord accepts it, or its text is still understood.
    pub(super) fn lifetime(&self) -> Duration {
        match (self.priority, self.method) {
            (Priority::Interaction, LightMethod::Post) => INITIAL_RESPONSE_DEADLINE,
            (Priority::Interaction, _) => INTERACTION_TOKEN_LIFETIME,
            (Priority::Courtesy, _) => COURTESY_TIMEOUT,
            (Priority::User | Priority::Panel | Priority::Background | Priority::Adoption, _) => Duration::MAX,
        }
    }

    /// A shorter timeout than the transport's. The first response to an interaction may be sent twice, so if one is lost on a
    /// dead connection, there is time for a second and a third attempt on another one. `connected`: no connection has to be
    /// opened first.
    pub(super) fn timeout(&self, connected: bool) -> Option<Duration> {
        let timeout = if connected { RESPONSE_TIMEOUT_CONNECTED } else { RESPONSE_TIMEOUT_CONNECTING };
        matches!((self.priority, self.method), (Priority::Interaction, LightMethod::Post)).then_some(timeout)
    }

    pub(super) fn is_interaction_response(&self) -> bool {
        self.priority == Priority::Interaction
    }

    /// Whether the response is a list, or a server with everything in it.
    pub(super) const fn expects_large_response(&self) -> bool {
        matches!(
            self.route,
            Route::Guild { .. }
                | Route::GuildChannels { .. }
                | Route::ChannelMessages { .. }
                | Route::GuildCommands { .. }
                | Route::UserMeGuilds
        )
    }

    /// The channel or server in the path, for which Discord counts the request; 0 where there is none.
    pub(super) fn major_parameter(&self) -> u64 {
        let path = self.path();
        let mut segments = path.split('/').skip_while(|segment| !matches!(*segment, "channels" | "guilds")).skip(1);
        segments.next().and_then(|id| id.parse().ok()).unwrap_or(0)
    }
}

/// A call as an HTTP request.
#[must_use]
pub fn build_request<'a>(call: &'a Request, place: &Place) -> HttpRequest<'a> {
    HttpRequest { awaited: call.is_awaited(), ..build_without_awaited(call, place) }
}

fn build_without_awaited<'a>(call: &'a Request, place: &Place) -> HttpRequest<'a> {
    use LightMethod::{Delete, Get, Patch, Post, Put};
    match call {
        Request::CreateChannel { owner, name, request_id, attempt, number } => {
            let topic =
                candidates::format_topic_marker(*number, owner.member, *request_id, *attempt, place.locale.of_server());
            HttpRequest::new(Post, Route::GuildChannels { guild_id: id(owner.guild.0) })
                .with_payload(payload::build_channel(*owner, name, topic, place))
                .with_reason(place.texts().channel.created)
                .with_priority(Priority::User)
        }
        Request::ListChannels { guild } => {
            HttpRequest::new(Get, Route::GuildChannels { guild_id: id(guild.0) }).with_priority(Priority::User)
        }
        Request::FindChannel { guild, .. } => HttpRequest::new(Get, Route::GuildChannels { guild_id: id(guild.0) }),
        Request::GetChannel { channel } => HttpRequest::new(Get, Route::Channel { channel_id: id(channel.0) }),
        Request::ReadChannel { channel, after } => HttpRequest::new(Get, messages_route(*channel))
            .with_query("limit", &100)
            // No message is older than its channel: `after` the channel's id lists the first messages, not the last.
            .with_query("after", &after.map_or(channel.0, |request_id| request_id.0))
            .with_priority(if after.is_some() { Priority::User } else { Priority::Adoption }),
        Request::Welcome { owner, channel } => HttpRequest::new(Post, messages_route(*channel))
            .with_payload(payload::build_welcome(owner.member, *channel, place))
            .with_priority(Priority::User),
        Request::Acknowledge { press, with } => {
            let route = Route::InteractionResponse { interaction_id: id(press.interaction.0), token: &press.token };
            HttpRequest::new(Post, route)
                .with_payload(payload::build_initial_response(press, with, place))
                .with_priority(Priority::Interaction)
        }
        Request::EditReply { press, words } => build_response_edit(press, &texts::of(press.language).say(words)),
        Request::Say { channel, words, reply_to, request_id } => {
            let texts = reply_to.map_or(place.texts(), |(_, language)| texts::of(language));
            let courtesy = reply_to.is_some() && !words.reports_deed();
            build_message(*channel, &texts.say(words), reply_to.map(|(message, _)| message), *request_id)
                .with_priority(if courtesy { Priority::Courtesy } else { Priority::User })
        }
        Request::RestoreAccess { owner, channel } => {
            let route = Route::ChannelPermission { channel_id: id(channel.0), target_id: id(owner.member.0) };
            HttpRequest::new(Put, route)
                .with_payload(payload::build_member_overwrite())
                .with_reason(place.texts().channel.restored)
                .with_priority(Priority::User)
        }
        Request::DeleteChannel { channel } => HttpRequest::new(Delete, Route::Channel { channel_id: id(channel.0) })
            .with_reason(place.texts().channel.deleted)
            .with_priority(Priority::User),
        Request::GetPanel { message } => {
            HttpRequest::new(Get, panel_route(place, message.0)).with_priority(Priority::Panel)
        }
        Request::EditPanel { message } => HttpRequest::new(Patch, panel_route(place, message.0))
            .with_payload(payload::build_panel_edit(place))
            .with_priority(Priority::Panel),
        Request::ListPanels => {
            HttpRequest::new(Get, messages_route(place.panel)).with_query("limit", &100).with_priority(Priority::Panel)
        }
        Request::SendPanel { nonce } => HttpRequest::new(Post, messages_route(place.panel))
            .with_payload(payload::build_panel(*nonce, place))
            .with_priority(Priority::Panel),
        Request::DeletePanel { message } => {
            HttpRequest::new(Delete, panel_route(place, message.0)).with_priority(Priority::Panel)
        }
        Request::ListCommands { guild } => HttpRequest::new(Get, commands_route(place, *guild))
            .with_query("with_localizations", &true)
            .with_priority(Priority::Panel),
        Request::PutCommands { guild } => HttpRequest::new(Put, commands_route(place, *guild))
            .with_payload(commands::build_commands(place))
            .with_priority(Priority::Panel),
        Request::RemoveCommands { guild } => HttpRequest::new(Put, commands_route(place, *guild))
            .with_payload(serde_json::json!([]))
            .with_priority(Priority::Panel),
    }
}

/// A message in a channel, without notifications. Its priority depends on its text, so the caller sets it.
pub(super) fn build_message(
    channel: ChannelId,
    text: &str,
    reply_to: Option<MessageId>,
    request_id: RequestId,
) -> HttpRequest<'static> {
    HttpRequest::new(LightMethod::Post, messages_route(channel))
        .with_payload(payload::build_message(channel, text, reply_to, request_id))
}

/// Replaces a deferred ephemeral response with a text.
pub(super) fn build_response_edit<'a>(press: &'a Interaction, text: &str) -> HttpRequest<'a> {
    let application_id = id(press.application.0);
    let route = Route::WebhookOriginalInteractionResponse { application_id, token: &press.token };
    HttpRequest::new(LightMethod::Patch, route)
        .with_payload(payload::build_response_edit(text))
        .with_priority(Priority::Interaction)
}

/// A further ephemeral message. Discord accepts it as long as the token lives, so it has no interaction priority.
pub(super) fn build_follow_up<'a>(press: &'a Interaction, text: &str) -> HttpRequest<'a> {
    let application_id = id(press.application.0);
    let route = Route::WebhookFollowupMessages { application_id, token: &press.token };
    HttpRequest::new(LightMethod::Post, route).with_payload(payload::build_follow_up(text))
}

/// One of our ids as one of serenity's.
///
/// Serenity's are never zero, ours may be (a wrong setting, a damaged file). No object of Discord's has the id 0 or 1.
pub(super) fn id<T: From<NonZeroU64>>(number: u64) -> T {
    NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN).into()
}

fn messages_route(channel: ChannelId) -> Route<'static> {
    Route::ChannelMessages { channel_id: id(channel.0) }
}

fn commands_route(place: &Place, guild: GuildId) -> Route<'static> {
    Route::GuildCommands { application_id: id(place.application.0), guild_id: id(guild.0) }
}

fn panel_route(place: &Place, message: u64) -> Route<'static> {
    Route::ChannelMessage { channel_id: id(place.panel.0), message_id: id(message) }
}

#[cfg(test)]
mod tests;
