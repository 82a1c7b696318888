//! Servers with their channels and roles, by name, and the creation of new ones.
//!
//! `talon setup` lists them and creates what is missing, the doctor searches them for the ids in the settings. A creation is
//! never repeated here: whether it succeeded shows in the next list.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use serenity::http::{LightMethod, Route};
use serenity::model::id as model_id;
use serenity::model::permissions::Permissions;

use crate::discord::lenient;
use crate::discord::lenient_list::LenientList;
use crate::discord::lookup::DiscordError;
use crate::discord::permissions::{PartialChannel, PartialGuild, PartialRole};
use crate::discord::request::{HttpRequest, id};
use crate::discord::transport::Transport;
use crate::ids::{ApplicationId, ChannelId, GuildId, RoleId, UserId};

/// The application flags for the message content intent: of an unverified bot, and of one that Discord has verified.
const MESSAGE_CONTENT_FLAGS: u64 = 1 << 19 | 1 << 18;

/// An id with the name that people see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<I> {
    /// A guild's or a user's id.
    pub id: I,
    /// The name in Discord's client.
    pub name: String,
}

/// The application that a bot belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// The id in an invite link.
    pub id: ApplicationId,
    /// Discord's application flags, if the server keeps any.
    pub flags: Option<u64>,
}

impl Application {
    /// Whether the message content intent is switched on, if that is known.
    #[must_use]
    pub fn has_message_content(&self) -> Option<bool> {
        self.flags.map(|flags| flags & MESSAGE_CONTENT_FLAGS != 0)
    }

    /// Whether to request the message content intent. Flags of 0 may also come from a server that stands in for Discord and
    /// keeps no flags, so only an attempt shows; Discord rejects it with a close code of its own.
    #[must_use]
    pub fn may_request_message_content(&self) -> bool {
        self.flags.is_none_or(|flags| flags == 0 || flags & MESSAGE_CONTENT_FLAGS != 0)
    }
}

/// What a server contains, as a list to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuildOverview {
    /// Channels and categories, in the order of Discord's client.
    pub channels: Vec<Channel>,
    /// The highest role first.
    pub roles: Vec<Role>,
    /// How many members have each role.
    pub holders: RoleHolders,
}

/// A channel or a category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Channels and categories share one id space.
    pub id: ChannelId,
    /// Without the `#`.
    pub name: String,
    /// Text channel, category or another one.
    pub kind: ChannelKind,
    /// The category that contains it.
    pub parent: Option<ChannelId>,
}

/// The channel types that the bot distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// A text or announcement channel; it can hold the panel.
    Text,
    /// Contains channels.
    Category,
    /// Voice, forum, and future types.
    Other,
    /// The response has no type.
    Unknown,
}

/// A role of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// For @everyone, the same number as the server's id.
    pub id: RoleId,
    /// Without the `@`.
    pub name: String,
    /// Every member may mention it.
    pub mentionable: bool,
    /// How members get it.
    pub source: RoleSource,
}

/// How members get a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleSource {
    /// A moderator assigns it.
    Moderator,
    /// It is @everyone, which all members have.
    Everyone,
    /// It belongs to a bot; no other member can have it.
    Bot,
    /// By boosting the server.
    Boosters,
    /// By linking an account.
    Linked,
    /// By a subscription, or by another integration.
    Integration,
    /// Members choose it in the server's onboarding.
    Onboarding,
}

/// Member counts. Servers that stand in for Discord may have neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleHolders {
    /// The approximate number of members of the server.
    pub members: Option<u64>,
    /// Members with each role; @everyone is not included.
    pub per_role: BTreeMap<RoleId, u64>,
}

/// What `talon setup` can create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewResource {
    /// A channel that all members read and only this bot writes in.
    PanelChannel(UserId),
    /// A category without overwrites.
    Category,
    /// A role without permissions that every member may mention.
    Role,
}

/// Discord's channel object.
#[derive(Deserialize)]
pub(super) struct ListedChannel {
    pub id: model_id::ChannelId,
    #[serde(default, rename = "type", deserialize_with = "lenient::number")]
    kind: Option<u8>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    name: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub parent_id: Option<model_id::ChannelId>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    position: i64,
    /// The fields that determine permissions.
    #[serde(flatten)]
    pub partial: PartialChannel,
}

impl ListedChannel {
    pub(super) fn to_channel(&self) -> Channel {
        Channel {
            id: ChannelId(self.id.get()),
            name: self.name.clone(),
            kind: match self.kind {
                Some(0 | 5) => ChannelKind::Text,
                Some(4) => ChannelKind::Category,
                Some(_) => ChannelKind::Other,
                None => ChannelKind::Unknown,
            },
            parent: self.parent_id.map(|parent| ChannelId(parent.get())),
        }
    }
}

/// Discord's user object for the bot itself.
#[derive(Deserialize)]
pub(super) struct CurrentUser {
    id: model_id::UserId,
    #[serde(default)]
    username: String,
    /// For a bot, that of its owner.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub mfa_enabled: Option<bool>,
}

impl CurrentUser {
    pub(super) fn into_named(self) -> Named<UserId> {
        Named { id: UserId(self.id.get()), name: self.username }
    }
}

impl Transport {
    /// The bot's own id and name.
    pub async fn fetch_bot(&self) -> Result<Named<UserId>, DiscordError> {
        self.look_up::<CurrentUser>(Route::UserMe).await.map(CurrentUser::into_named)
    }

    /// The application that the bot belongs to.
    pub async fn fetch_application(&self) -> Result<Application, DiscordError> {
        #[derive(Deserialize)]
        struct ApplicationObject {
            id: model_id::ApplicationId,
            #[serde(default, deserialize_with = "lenient::number")]
            flags: Option<u64>,
        }
        let object: ApplicationObject = self.look_up(Route::Oauth2ApplicationCurrent).await?;
        Ok(Application { id: ApplicationId(object.id.get()), flags: object.flags })
    }

    /// The servers that the bot is in; only the first two hundred, one page of Discord's list.
    pub async fn fetch_guilds(&self) -> Result<Vec<Named<GuildId>>, DiscordError> {
        #[derive(Deserialize)]
        struct GuildObject {
            id: model_id::GuildId,
            name: String,
        }
        let guilds: Vec<GuildObject> = self.look_up(Route::UserMeGuilds).await?;
        Ok(guilds.into_iter().map(|guild| Named { id: GuildId(guild.id.get()), name: guild.name }).collect())
    }

    /// A member's id and display name in a server.
    pub async fn fetch_member(&self, guild: GuildId, user: UserId) -> Result<Named<UserId>, DiscordError> {
        #[derive(Deserialize)]
        struct MemberObject {
            #[serde(default)]
            nick: Option<String>,
            user: UserObject,
        }
        #[derive(Deserialize)]
        struct UserObject {
            username: String,
            #[serde(default)]
            global_name: Option<String>,
        }
        let route = Route::GuildMember { guild_id: id(guild.0), user_id: id(user.0) };
        let MemberObject { nick, user: names } = self.look_up(route).await?;
        Ok(Named { id: user, name: nick.or(names.global_name).unwrap_or(names.username) })
    }

    /// The channels and roles of a server, with member counts.
    pub async fn fetch_overview(&self, guild: GuildId) -> Result<GuildOverview, DiscordError> {
        let (partial, channels, per_role) = tokio::join!(
            self.fetch_guild_with_counts(guild),
            self.fetch_channels(guild),
            self.look_up_bounded(self.fetch_role_member_counts(guild))
        );
        let (partial, channels) = (partial?, channels?);
        let holders = RoleHolders { members: partial.member_count(), per_role: per_role.unwrap_or_default() };
        Ok(GuildOverview { channels, roles: partial.to_roles(), holders })
    }

    /// The channels and categories of a server, in the order of Discord's client.
    pub async fn fetch_channels(&self, guild: GuildId) -> Result<Vec<Channel>, DiscordError> {
        let mut channels = self.list_channels(guild).await?;
        sort_like_client(&mut channels);
        Ok(channels.iter().map(ListedChannel::to_channel).collect())
    }

    /// How many members have each role.
    pub(super) async fn fetch_role_member_counts(&self, guild: GuildId) -> Result<BTreeMap<RoleId, u64>, DiscordError> {
        let counts: BTreeMap<model_id::RoleId, u64> =
            self.look_up(Route::GuildRoleMemberCounts { guild_id: id(guild.0) }).await?;
        Ok(counts.into_iter().map(|(role, count)| (RoleId(role.get()), count)).collect())
    }

    /// A server with its roles, which are requested separately where the response leaves them out.
    pub(super) async fn fetch_guild(&self, guild: GuildId) -> Result<PartialGuild, DiscordError> {
        let partial = self.look_up(Route::Guild { guild_id: id(guild.0) }).await?;
        self.add_roles(guild, partial).await
    }

    /// The same, with the number of its members.
    async fn fetch_guild_with_counts(&self, guild: GuildId) -> Result<PartialGuild, DiscordError> {
        let partial = self.fetch_partial_guild_with_counts(guild).await?;
        self.add_roles(guild, partial).await
    }

    async fn add_roles(&self, guild: GuildId, partial: PartialGuild) -> Result<PartialGuild, DiscordError> {
        if partial.has_roles() { Ok(partial) } else { Ok(partial.with_roles(self.fetch_roles(guild).await?)) }
    }

    /// The server as the response gives it, possibly without roles.
    pub(super) async fn fetch_partial_guild_with_counts(&self, guild: GuildId) -> Result<PartialGuild, DiscordError> {
        let route = Route::Guild { guild_id: id(guild.0) };
        let query = vec![("with_counts", "true".to_owned())];
        let request = HttpRequest { awaited: true, query, ..HttpRequest::new(LightMethod::Get, route) };
        self.fetch(&request).await.map(|(guild, _)| guild)
    }

    pub(super) async fn fetch_roles(&self, guild: GuildId) -> Result<Vec<PartialRole>, DiscordError> {
        self.look_up(Route::GuildRoles { guild_id: id(guild.0) }).await
    }

    /// The channels of a server that the bot may view; since the end of 2026 Discord leaves out the others.
    pub(super) async fn list_channels(&self, guild: GuildId) -> Result<Vec<ListedChannel>, DiscordError> {
        let LenientList(channels) = self.look_up(Route::GuildChannels { guild_id: id(guild.0) }).await?;
        Ok(channels)
    }

    /// Creates something in a server and returns its id.
    pub async fn create_resource(
        &self,
        guild: GuildId,
        resource: NewResource,
        name: &str,
    ) -> Result<u64, DiscordError> {
        #[derive(Deserialize)]
        struct CreatedObject {
            id: model_id::GenericId,
        }
        let guild_id = id(guild.0);
        let (route, payload) = match resource {
            NewResource::Category => (Route::GuildChannels { guild_id }, json!({ "name": name, "type": 4 })),
            NewResource::PanelChannel(bot) => {
                (Route::GuildChannels { guild_id }, build_panel_channel(guild, bot, name))
            }
            NewResource::Role => {
                (Route::GuildRoles { guild_id }, json!({ "name": name, "permissions": "0", "mentionable": true }))
            }
        };
        let request = HttpRequest { payload: Some(payload), ..HttpRequest::new(LightMethod::Post, route) };
        self.fetch::<CreatedObject>(&request).await.map(|(created, _)| created.id.get())
    }
}

/// Members only read: their messages would push the panel out of sight.
fn build_panel_channel(guild: GuildId, bot: UserId, name: &str) -> Value {
    let write = Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES | Permissions::EMBED_LINKS;
    let overwrites = json!([
        // The role with the server's own id is @everyone.
        { "id": guild, "type": 0, "allow": "0", "deny": Permissions::SEND_MESSAGES },
        { "id": bot, "type": 1, "allow": write | Permissions::READ_MESSAGE_HISTORY, "deny": "0" },
    ]);
    json!({ "name": name, "type": 0, "permission_overwrites": overwrites })
}

/// The order of Discord's client: first the channels in no category, then each category with its channels.
fn sort_like_client(channels: &mut [ListedChannel]) {
    let positions: std::collections::HashMap<_, _> =
        channels.iter().map(|channel| (channel.id, channel.position)).collect();
    channels.sort_by_key(|channel| {
        let category = if channel.kind == Some(4) { Some(channel.id) } else { channel.parent_id };
        let place = category.map(|category| (positions.get(&category).copied(), category));
        (place, channel.kind != Some(4), channel.position, channel.id)
    });
}
