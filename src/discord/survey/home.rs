//! The server in which the settings have their things, and what each of their ids names there.
//!
//! It is put together from several looks, each of which may fail alone. A channel is in the list of the server, or it tells
//! of itself; one that Discord refuses to show (403, 50001 "Missing Access") is there, and hidden from the bot.

use std::time::SystemTime;

use serenity::http::{LightMethod, Route};

use crate::discord::estate::{Channel, Holders, Listed, Named, Role};
use crate::discord::rights::{Guild, Member, Rights, Sight, Site};
use crate::discord::said::Said;
use crate::discord::start::{self, StartError};
use crate::discord::survey::{Homeless, Look, Sought, Untold};
use crate::discord::transport::Transport;
use crate::discord::wire::{Ask, id};
use crate::ids::{ChannelId, GuildId, RoleId, UserId};

/// In so many servers what the settings name is looked for, where it does not tell itself where it is.
const SEARCHED: usize = 20;

/// Discord's codes for what may not be viewed and for what is not there.
const MISSING_ACCESS: u64 = 50_001;
const UNKNOWN_CHANNEL: u64 = 10_003;

/// The server with what the settings name in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The server.
    pub server: Named<GuildId>,
    /// How many channels the bot is shown.
    pub listing: Look<Listing>,
    /// What the panel channel's id names.
    pub panel: Spot,
    /// What the category's id names.
    pub category: Spot,
    /// The support role, if the server has one with its id.
    pub support: Look<Option<Role>>,
    /// How many members hold it.
    pub holders: Holders,
    /// Rights to manage count only for accounts with two-factor authentication.
    pub wants_two_factor: Look<bool>,
    /// What the bot may do here.
    pub rights: Look<Rights>,
}

/// How many channels a server lists. Those that the bot may not view are missing from Discord's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// All of them, categories counted.
    pub channels: usize,
    /// Those in the ticket category.
    pub tickets: usize,
}

/// What an id names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A channel of the server.
    Here(Channel),
    /// A channel of another server.
    Elsewhere,
    /// A channel that exists and that the bot may not view. Discord does not tell in which server it is.
    Hidden(ChannelId),
    /// Nothing.
    Missing,
    /// Discord did not tell.
    Unknown(Untold),
}

impl Transport {
    pub(super) async fn home(&self, sought: Sought, bot: UserId, now: SystemTime) -> Result<Home, Homeless> {
        let (servers, panel, category) =
            tokio::join!(self.bounded(self.servers()), self.trace(sought.panel), self.trace(sought.category));
        let traces = [panel, category];
        let server = self.find_server(sought, servers, &traces).await?;
        let guild_id = id(server.id.0);
        let member = Route::GuildMember { guild_id, user_id: id(bot.0) };
        let (guild, listed, member, of_roles) = tokio::join!(
            self.guild_or_roles(server.id),
            self.bounded(self.listed(server.id)),
            self.bounded(self.look::<Member>(member)),
            self.bounded(self.role_members(server.id))
        );
        let members = guild.as_ref().ok().and_then(Guild::members);
        let holders = Holders { members, of_roles: of_roles.unwrap_or_default() };
        Ok(Lookout { server, guild, listed, member, holders, bot, now }.home(sought, traces))
    }

    /// In which server the settings have their things: that of the panel channel, else of the category, else the one with
    /// the support role. None, where the bot is in no such server.
    ///
    /// # Errors
    ///
    /// When Discord does not tell.
    pub async fn home_server(&self, sought: Sought) -> Look<Option<GuildId>> {
        let (servers, panel, category) =
            tokio::join!(self.bounded(self.servers()), self.trace(sought.panel), self.trace(sought.category));
        let traces = [panel, category];
        if let Some(server) = traces.iter().find_map(Trace::server) {
            return Ok(Some(server));
        }
        if let Some(why) = traces.iter().find_map(Trace::lost) {
            return Err(why);
        }
        let servers = servers?;
        match (&servers[..], &traces) {
            // What stands in for Discord may not know the question.
            ([server], [Trace::NoWord(_), Trace::NoWord(_)]) => Ok(Some(server.id)),
            _ => self.server_with_role(sought.support, &servers).await,
        }
    }

    /// The channels of servers that may be none of ours are not listed for it.
    async fn server_with_role(&self, role: RoleId, servers: &[Named<GuildId>]) -> Look<Option<GuildId>> {
        for server in servers.iter().take(SEARCHED) {
            let roles = self.bounded(self.roles(server.id)).await?;
            if Guild::of_roles(id(server.id.0), roles).roles().iter().any(|found| found.id == role) {
                return Ok(Some(server.id));
            }
        }
        Ok(None)
    }

    async fn find_server(
        &self,
        sought: Sought,
        servers: Look<Vec<Named<GuildId>>>,
        traces: &[Trace; 2],
    ) -> Result<Named<GuildId>, Homeless> {
        match (traces.iter().find_map(Trace::server), servers) {
            (_, Ok(servers)) if servers.is_empty() => Err(Homeless::NoServer),
            (Some(id), servers) => {
                let known = servers.into_iter().flatten().find(|server| server.id == id);
                Ok(known.unwrap_or_else(|| Named { id, name: id.to_string() }))
            }
            (None, Err(why)) => Err(Homeless::Unknown(why)),
            // Where both are hidden, it may be in another server that they are.
            (None, Ok(mut servers)) if servers.len() == 1 && !traces.iter().all(Trace::is_hidden) => {
                Ok(servers.remove(0))
            }
            (None, Ok(servers)) => self.search(sought, servers, traces).await,
        }
    }

    /// The first of these servers that has anything that is sought.
    async fn search(
        &self,
        sought: Sought,
        servers: Vec<Named<GuildId>>,
        traces: &[Trace; 2],
    ) -> Result<Named<GuildId>, Homeless> {
        let mut unknown = None;
        for server in servers.iter().take(SEARCHED) {
            let looked = async { tokio::try_join!(self.guild(server.id), self.listed(server.id)) };
            match self.bounded(looked).await {
                Ok((guild, listed)) => {
                    let is_sought = |one: &Listed| [sought.panel.0, sought.category.0].contains(&one.id.get());
                    if listed.iter().any(is_sought) || guild.roles().iter().any(|role| role.id == sought.support) {
                        return Ok(server.clone());
                    }
                }
                Err(why) => unknown = unknown.or(Some(why)),
            }
        }
        if servers.len() > SEARCHED {
            let why = format!("only {SEARCHED} of the bot's {} servers were looked at", servers.len());
            unknown = unknown.or(Some(Untold(why)));
        }
        let lost = traces.iter().find_map(Trace::lost);
        match unknown.or(lost) {
            Some(why) => Err(Homeless::Unknown(why)),
            None if traces.iter().any(|trace| matches!(trace, Trace::Hidden)) => Err(Homeless::Hidden(servers)),
            None => Err(Homeless::Elsewhere(servers)),
        }
    }

    /// What a channel tells of itself.
    async fn trace(&self, channel: ChannelId) -> Trace {
        let route = Route::Channel { channel_id: id(channel.0) };
        let ask = Ask { awaited: true, ..Ask::new(LightMethod::Get, route) };
        let looked = self.bounded(async {
            let reply = self.reply(&ask).await?;
            let said = Said::read(&reply.body);
            match (reply.status, said) {
                (403, Some(said)) if said.is_plain(403) || said.code == Some(MISSING_ACCESS) => Ok(Trace::Hidden),
                (404, Some(said)) if said.code == Some(UNKNOWN_CHANNEL) => Ok(Trace::Nowhere),
                (404, Some(said)) if said.is_plain(404) => {
                    Ok(Trace::NoWord(Untold::from(&StartError::NoAnswer(Some(404)))))
                }
                _ => start::read::<Listed>(reply).map(|(found, _)| Trace::In(Box::new(found))),
            }
        });
        looked.await.unwrap_or_else(Trace::Lost)
    }

    /// A server with its roles, or only with its roles where nothing else of it is told.
    async fn guild_or_roles(&self, server: GuildId) -> Look<Guild> {
        let told = self.bounded(self.counted_guild_as_told(server)).await;
        if told.as_ref().is_ok_and(Guild::tells_roles) {
            return told;
        }
        match (self.bounded(self.roles(server)).await, told) {
            (Ok(roles), Ok(guild)) => Ok(guild.with_roles(roles)),
            (Ok(roles), Err(_)) => Ok(Guild::of_roles(id(server.0), roles)),
            (Err(_), Err(why)) | (Err(why), Ok(_)) => Err(why),
        }
    }
}

/// What a channel tells of itself.
enum Trace {
    In(Box<Listed>),
    /// It is there, and the bot may not view it.
    Hidden,
    Nowhere,
    /// There is no such channel, or a server in Discord's place does not know the question: the list of channels decides.
    NoWord(Untold),
    Lost(Untold),
}

impl Trace {
    /// The server that the channel is in.
    fn server(&self) -> Option<GuildId> {
        if let Self::In(found) = self { Some(found.rights.guild()) } else { None }
    }

    const fn is_hidden(&self) -> bool {
        matches!(self, Self::Hidden)
    }

    /// Why it is not known.
    fn lost(&self) -> Option<Untold> {
        if let Self::Lost(why) = self { Some(why.clone()) } else { None }
    }
}

/// A server, as far as Discord tells it.
struct Lookout {
    server: Named<GuildId>,
    guild: Look<Guild>,
    listed: Look<Vec<Listed>>,
    member: Look<Member>,
    holders: Holders,
    bot: UserId,
    now: SystemTime,
}

impl Lookout {
    fn home(&self, sought: Sought, [panel, category]: [Trace; 2]) -> Home {
        let rights = self.rights(&[
            (Site::Category, self.sight(sought.category, &category)),
            (Site::Panel, self.sight(sought.panel, &panel)),
        ]);
        let sees_all = rights.as_ref().is_ok_and(|rights| rights.administrator);
        let guild = self.guild.as_ref().map_err(Clone::clone);
        let name = guild.clone().ok().and_then(Guild::name).unwrap_or(&self.server.name);
        Home {
            server: Named { id: self.server.id, name: name.to_owned() },
            listing: self.listing(sought),
            panel: self.spot(sought.panel, panel, sees_all),
            category: self.spot(sought.category, category, sees_all),
            support: guild.clone().map(|guild| guild.roles().into_iter().find(|role| role.id == sought.support)),
            holders: self.holders.clone(),
            wants_two_factor: guild.and_then(|guild| guild.wants_two_factor().ok_or_else(Untold::left_out)),
            rights,
        }
    }

    fn rights(&self, places: &[(Site, Option<Sight<'_>>)]) -> Look<Rights> {
        let (guild, member) = (self.guild.as_ref().map_err(Clone::clone)?, self.member.as_ref().map_err(Clone::clone)?);
        let places: Vec<_> = places.iter().filter_map(|(site, sight)| Some((*site, (*sight)?))).collect();
        let timed_out = guild.time_out(member, self.bot, self.now);
        Ok(Rights { timed_out, ..guild.review(&places, self.bot, &member.roles()) })
    }

    /// None: there is no such place in this server.
    fn sight<'a>(&'a self, channel: ChannelId, trace: &'a Trace) -> Option<Sight<'a>> {
        match (self.find(channel), trace) {
            (Some(found), _) => Some(Sight::Channel(&found.rights)),
            (None, Trace::In(found)) => self.holds(found).then_some(Sight::Channel(&found.rights)),
            (None, Trace::Hidden) => Some(Sight::Hidden),
            (None, Trace::Nowhere) => None,
            (None, Trace::NoWord(_)) => self.listed.is_err().then_some(Sight::Unknown),
            (None, Trace::Lost(_)) => Some(Sight::Unknown),
        }
    }

    /// Whoever is shown all channels of the server and not this one is asking for one of another server.
    fn spot(&self, channel: ChannelId, trace: Trace, sees_all: bool) -> Spot {
        match (self.find(channel), trace) {
            (Some(found), _) => Spot::Here(found.channel()),
            (None, Trace::In(found)) if self.holds(&found) => Spot::Here(found.channel()),
            (None, Trace::Hidden) if !sees_all => Spot::Hidden(channel),
            (None, Trace::In(_) | Trace::Hidden) => Spot::Elsewhere,
            (None, Trace::Nowhere) => Spot::Missing,
            (None, Trace::NoWord(_)) if self.listed.is_ok() => Spot::Missing,
            (None, Trace::NoWord(why) | Trace::Lost(why)) => Spot::Unknown(why),
        }
    }

    fn listing(&self, sought: Sought) -> Look<Listing> {
        let listed = self.listed.as_ref().map_err(Clone::clone)?;
        let inside = |channel: &&Listed| channel.parent_id.is_some_and(|parent| parent.get() == sought.category.0);
        Ok(Listing { channels: listed.len(), tickets: listed.iter().filter(inside).count() })
    }

    fn holds(&self, channel: &Listed) -> bool {
        channel.rights.guild() == self.server.id
    }

    fn find(&self, channel: ChannelId) -> Option<&Listed> {
        self.listed.iter().flatten().find(|listed| listed.id.get() == channel.0)
    }
}
