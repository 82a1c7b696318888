//! What there is to choose from: servers, channels and roles as people know them, by name.
//!
//! `talon setup` lists them and makes what is missing, the doctor looks among them for what the settings name. Making
//! is never repeated here: what is not sure to have been made shows in the next list.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use serenity::http::{LightMethod, Route};
use serenity::model::id as library;
use serenity::model::permissions::Permissions;

use crate::discord::lenient;
use crate::discord::list::Readable;
use crate::discord::rights::{self, Guild};
use crate::discord::start::StartError;
use crate::discord::transport::Transport;
use crate::discord::wire::{Ask, id};
use crate::ids::{ApplicationId, ChannelId, GuildId, RoleId, UserId};

/// How an application tells that it may read what people write: as a small bot does, and as one that Discord has
/// looked at.
const CONTENT: u64 = 1 << 19 | 1 << 18;

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<I> {
    /// Its id.
    pub id: I,
    /// What people call it.
    pub name: String,
}

/// The application a bot belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its id, which an invite link names.
    pub id: ApplicationId,
    /// What it says of itself, one bit each, if it says anything.
    pub flags: Option<u64>,
}

impl Application {
    /// The message content intent is switched on, if it tells.
    #[must_use]
    pub fn content(&self) -> Option<bool> {
        self.flags.map(|flags| flags & CONTENT != 0)
    }

    /// It makes sense to ask for what people write. No flag at all is also what a server tells that stands in for Discord
    /// and keeps no flags, so there only asking shows; Discord refuses it in a way that can be told from all others.
    #[must_use]
    pub fn may_read(&self) -> bool {
        self.flags.is_none_or(|flags| flags == 0 || flags & CONTENT != 0)
    }
}

/// A server, as one chooses from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its channels and categories, in the order in which people see them.
    pub channels: Vec<Channel>,
    /// Its roles, the highest first.
    pub roles: Vec<Role>,
    /// How many members hold them.
    pub holders: Holders,
}

/// A channel or a category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// What people call it, without the sign before it.
    pub name: String,
    /// Which kind it is.
    pub kind: Kind,
    /// The category it is in.
    pub parent: Option<ChannelId>,
}

/// The kinds of channels that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// People read it, and a panel can stand in it.
    Text,
    /// It holds channels.
    Category,
    /// Voice, forum, and what is still to be invented.
    Other,
    /// It was not told.
    Untold,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its id.
    pub id: RoleId,
    /// What people call it.
    pub name: String,
    /// Anybody may notify its members.
    pub mentionable: bool,
    /// How members come by it.
    pub source: Source,
}

/// How members come by a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Somebody gives it to them.
    People,
    /// It is @everyone, which all of them have.
    Everyone,
    /// It came with a bot, and nobody else can have it.
    Bot,
    /// By boosting the server.
    Boosters,
    /// By linking an account.
    Linked,
    /// By a subscription, or by another integration.
    Integration,
    /// They choose it themselves, in the server's onboarding.
    Onboarding,
}

/// How many members hold each role, and how many there are, as far as it is told. Other servers than Discord's tell neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// How many members the server has, about.
    pub members: Option<u64>,
    /// How many hold each role; @everyone is not among them.
    pub of_roles: BTreeMap<RoleId, u64>,
}

/// What can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A channel in which everybody reads and only this bot writes.
    PanelChannel(UserId),
    /// A category.
    Category,
    /// A role without any rights, which may be notified.
    Role,
}

/// A channel as a server lists it.
#[derive(Deserialize)]
pub(super) struct Listed {
    pub id: library::ChannelId,
    #[serde(default, rename = "type", deserialize_with = "lenient::number")]
    kind: Option<u8>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    name: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub parent_id: Option<library::ChannelId>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    position: i64,
    /// The same, as far as rights go.
    #[serde(flatten)]
    pub rights: rights::Channel,
}

impl Listed {
    pub(super) fn channel(&self) -> Channel {
        Channel {
            id: ChannelId(self.id.get()),
            name: self.name.clone(),
            kind: match self.kind {
                Some(0 | 5) => Kind::Text,
                Some(4) => Kind::Category,
                Some(_) => Kind::Other,
                None => Kind::Untold,
            },
            parent: self.parent_id.map(|parent| ChannelId(parent.get())),
        }
    }
}

/// The bot, as it sees itself.
#[derive(Deserialize)]
pub(super) struct Me {
    id: library::UserId,
    #[serde(default)]
    username: String,
    /// A bot has what its owner has.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub mfa_enabled: Option<bool>,
}

impl Me {
    pub(super) fn named(self) -> Named<UserId> {
        Named { id: UserId(self.id.get()), name: self.username }
    }
}

impl Transport {
    /// The bot itself.
    pub async fn bot(&self) -> Result<Named<UserId>, StartError> {
        self.look::<Me>(Route::UserMe).await.map(Me::named)
    }

    /// The application this bot belongs to.
    pub async fn application(&self) -> Result<Application, StartError> {
        #[derive(Deserialize)]
        struct Told {
            id: library::ApplicationId,
            #[serde(default, deserialize_with = "lenient::number")]
            flags: Option<u64>,
        }
        let told: Told = self.look(Route::Oauth2ApplicationCurrent).await?;
        Ok(Application { id: ApplicationId(told.id.get()), flags: told.flags })
    }

    /// The servers the bot is in: the first two hundred, which is all that people choose from.
    pub async fn servers(&self) -> Result<Vec<Named<GuildId>>, StartError> {
        #[derive(Deserialize)]
        struct Told {
            id: library::GuildId,
            name: String,
        }
        let told: Vec<Told> = self.look(Route::UserMeGuilds).await?;
        Ok(told.into_iter().map(|server| Named { id: GuildId(server.id.get()), name: server.name }).collect())
    }

    /// A member of a server, as people see them there.
    pub async fn member(&self, guild: GuildId, user: UserId) -> Result<Named<UserId>, StartError> {
        #[derive(Deserialize)]
        struct Told {
            #[serde(default)]
            nick: Option<String>,
            user: Person,
        }
        #[derive(Deserialize)]
        struct Person {
            username: String,
            #[serde(default)]
            global_name: Option<String>,
        }
        let route = Route::GuildMember { guild_id: id(guild.0), user_id: id(user.0) };
        let Told { nick, user: person } = self.look(route).await?;
        Ok(Named { id: user, name: nick.or(person.global_name).unwrap_or(person.username) })
    }

    /// What is in a server.
    pub async fn server(&self, guild: GuildId) -> Result<Server, StartError> {
        let (found, channels, of_roles) =
            tokio::join!(self.counted_guild(guild), self.channels(guild), self.bounded(self.role_members(guild)));
        let (found, channels) = (found?, channels?);
        let holders = Holders { members: found.members(), of_roles: of_roles.unwrap_or_default() };
        Ok(Server { channels, roles: found.roles(), holders })
    }

    /// The channels and categories of a server, in the order in which people see them.
    pub async fn channels(&self, guild: GuildId) -> Result<Vec<Channel>, StartError> {
        let mut listed = self.listed(guild).await?;
        sort(&mut listed);
        Ok(listed.iter().map(Listed::channel).collect())
    }

    /// How many members hold each role.
    pub(super) async fn role_members(&self, guild: GuildId) -> Result<BTreeMap<RoleId, u64>, StartError> {
        let told: BTreeMap<library::RoleId, u64> =
            self.look(Route::GuildRoleMemberCounts { guild_id: id(guild.0) }).await?;
        Ok(told.into_iter().map(|(role, count)| (RoleId(role.get()), count)).collect())
    }

    /// A server with its roles, which are asked for by themselves where it leaves them out.
    pub(super) async fn guild(&self, guild: GuildId) -> Result<Guild, StartError> {
        let found = self.look(Route::Guild { guild_id: id(guild.0) }).await?;
        self.with_roles(guild, found).await
    }

    /// The same, with how many members it has.
    async fn counted_guild(&self, guild: GuildId) -> Result<Guild, StartError> {
        let found = self.counted_guild_as_told(guild).await?;
        self.with_roles(guild, found).await
    }

    async fn with_roles(&self, guild: GuildId, found: Guild) -> Result<Guild, StartError> {
        if found.tells_roles() { Ok(found) } else { Ok(found.with_roles(self.roles(guild).await?)) }
    }

    pub(super) async fn counted_guild_as_told(&self, guild: GuildId) -> Result<Guild, StartError> {
        let route = Route::Guild { guild_id: id(guild.0) };
        let query = vec![("with_counts", "true".to_owned())];
        let ask = Ask { awaited: true, query, ..Ask::new(LightMethod::Get, route) };
        self.fetch(&ask).await.map(|(guild, _)| guild)
    }

    pub(super) async fn roles(&self, guild: GuildId) -> Result<Vec<rights::Role>, StartError> {
        self.look(Route::GuildRoles { guild_id: id(guild.0) }).await
    }

    /// The channels of a server; since the end of 2026 Discord leaves out those that the bot may not view. One of a kind
    /// that cannot be read hides no other.
    pub(super) async fn listed(&self, guild: GuildId) -> Result<Vec<Listed>, StartError> {
        let Readable(listed) = self.look(Route::GuildChannels { guild_id: id(guild.0) }).await?;
        Ok(listed)
    }

    /// Makes something in a server, and tells its id.
    pub async fn make(&self, guild: GuildId, thing: Thing, name: &str) -> Result<u64, StartError> {
        #[derive(Deserialize)]
        struct Made {
            id: library::GenericId,
        }
        let guild_id = id(guild.0);
        let (route, body) = match thing {
            Thing::Category => (Route::GuildChannels { guild_id }, json!({ "name": name, "type": 4 })),
            Thing::PanelChannel(bot) => (Route::GuildChannels { guild_id }, panel_channel(guild, bot, name)),
            Thing::Role => {
                (Route::GuildRoles { guild_id }, json!({ "name": name, "permissions": "0", "mentionable": true }))
            }
        };
        let ask = Ask { body: Some(body), ..Ask::new(LightMethod::Post, route) };
        self.fetch::<Made>(&ask).await.map(|(made, _)| made.id.get())
    }
}

/// What people write would push the panel out of sight, so they only read.
fn panel_channel(guild: GuildId, bot: UserId, name: &str) -> Value {
    let writes = Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES | Permissions::EMBED_LINKS;
    let overwrites = json!([
        // The role with the server's own number is @everyone.
        { "id": guild, "type": 0, "allow": "0", "deny": Permissions::SEND_MESSAGES },
        { "id": bot, "type": 1, "allow": writes | Permissions::READ_MESSAGE_HISTORY, "deny": "0" },
    ]);
    json!({ "name": name, "type": 0, "permission_overwrites": overwrites })
}

/// As people see them: those in no category first, then each category with what is in it.
fn sort(listed: &mut [Listed]) {
    let places: std::collections::HashMap<_, _> = listed.iter().map(|channel| (channel.id, channel.position)).collect();
    listed.sort_by_key(|channel| {
        let category = if channel.kind == Some(4) { Some(channel.id) } else { channel.parent_id };
        let place = category.map(|category| (places.get(&category).copied(), category));
        (place, channel.kind != Some(4), channel.position, channel.id)
    });
}
