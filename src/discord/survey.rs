//! How things stand for the bot, before it touches any of them: for the doctor.
//!
//! A survey only looks. What Discord does not tell is told as unknown and is nobody's fault; which of the findings
//! matter is the doctor's to say.

use std::time::{Duration, SystemTime};

use serde::de::IgnoredAny;
use serenity::http::{LightMethod, Route};

use crate::discord::estate::{Application, Channel, Listed, Me, Named, Role};
use crate::discord::rights::{self, Guild, Member, Rights, Site};
use crate::discord::start::{Gateway, StartError};
use crate::discord::transport::Transport;
use crate::discord::wire::{Ask, id};
use crate::ids::{ApplicationId, ChannelId, GuildId, RoleId, UserId};

/// In so many servers what the settings name is looked for, where it does not tell itself where it is.
const SEARCHED: usize = 20;

/// What the settings name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sought {
    /// The channel of the panel message.
    pub panel: ChannelId,
    /// The category of the ticket channels.
    pub category: ChannelId,
    /// The role that supports.
    pub support: RoleId,
}

/// All that can be known without touching anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// The bot itself.
    pub bot: Named<UserId>,
    /// Whoever owns it has two-factor authentication.
    pub two_factor: bool,
    /// Its application, if Discord told.
    pub application: Option<Application>,
    /// The gateway and how many sessions may still be started, if Discord told.
    pub gateway: Option<Gateway>,
    /// The server with what the settings name in it.
    pub home: Result<Home, Homeless>,
    /// The bot may have slash commands there, if Discord told.
    pub commands: Option<bool>,
    /// How this machine's clock goes.
    pub clock: Clock,
}

/// Why there is no server to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Homeless {
    /// The bot is in no server at all.
    NoServer,
    /// It is in these, and none has anything that the settings name.
    Elsewhere(Vec<Named<GuildId>>),
    /// Discord did not tell.
    Unknown,
}

/// The server with what the settings name in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The server.
    pub server: Named<GuildId>,
    /// How many channels it has, categories counted.
    pub channels: usize,
    /// How many of them are in the ticket category.
    pub tickets: usize,
    /// What the panel channel's id names.
    pub panel: Spot,
    /// What the category's id names.
    pub category: Spot,
    /// The support role, if the server has one with its id.
    pub support: Option<Role>,
    /// Rights to manage count only for accounts with two-factor authentication.
    pub wants_two_factor: bool,
    /// What the bot may do here.
    pub rights: Rights,
}

/// What an id names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A channel of the server.
    Here(Channel),
    /// A channel of another server that the bot is in.
    Elsewhere,
    /// A channel of a server that the bot is not in.
    Hidden,
    /// Nothing.
    Missing,
    /// Discord did not tell.
    Unknown,
}

/// How this machine's clock goes, by Discord's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// So far before it.
    Fast(Duration),
    /// So far behind it; nothing, if it is right.
    Slow(Duration),
    /// Discord did not tell the time.
    Untold,
}

impl Clock {
    /// Compares the moment Discord wrote a reply, in whole seconds, with when it was asked for and when it came.
    fn read(asked: SystemTime, date: Option<SystemTime>, came: SystemTime) -> Self {
        let Some(date) = date else { return Self::Untold };
        match asked.duration_since(date + Duration::from_secs(1)) {
            Ok(fast) if !fast.is_zero() => Self::Fast(fast),
            _ => Self::Slow(date.duration_since(came).unwrap_or_default()),
        }
    }
}

impl Transport {
    /// Looks at everything. `now` reads this machine's clock.
    ///
    /// # Errors
    ///
    /// When Discord does not accept the token or does not answer at all.
    pub async fn survey(&self, sought: Sought, now: fn() -> SystemTime) -> Result<Survey, StartError> {
        let asked = now();
        let (me, date) = self.fetch::<Me>(&Ask::new(LightMethod::Get, Route::UserMe)).await?;
        let clock = Clock::read(asked, date, now());
        let two_factor = me.mfa_enabled;
        let bot = me.named();
        let (application, home, gateway) = tokio::join!(self.application(), self.home(sought, bot.id), self.gateway());
        let (application, gateway) = (application.ok(), gateway.ok());
        let commands = match (&application, &home) {
            (Some(application), Ok(home)) => self.may_have_commands(application.id, home.server.id).await,
            _ => None,
        };
        Ok(Survey { bot, two_factor, application, gateway, home, commands, clock })
    }

    /// Whether the bot was invited with the scope `applications.commands`: without it Discord answers 403 (50001, "Missing
    /// Access") to whoever asks for its commands.
    async fn may_have_commands(&self, application: ApplicationId, server: GuildId) -> Option<bool> {
        let route = Route::GuildCommands { application_id: id(application.0), guild_id: id(server.0) };
        match self.look::<Vec<IgnoredAny>>(route).await {
            Ok(_) => Some(true),
            Err(StartError::NoAnswer(Some(403))) => Some(false),
            Err(_) => None,
        }
    }

    async fn home(&self, sought: Sought, bot: UserId) -> Result<Home, Homeless> {
        let unknown = |_| Homeless::Unknown;
        let servers = self.servers().await.map_err(unknown)?;
        if servers.is_empty() {
            return Err(Homeless::NoServer);
        }
        let (panel, category) = tokio::join!(self.trace(sought.panel), self.trace(sought.category));
        let server = match (&panel, &category, &servers[..]) {
            (Trace::In(server), ..) | (_, Trace::In(server), _) => *server,
            (.., [only]) => only.id,
            _ => match self.search(sought, &servers).await.map_err(unknown)? {
                Some(server) => server,
                None => return Err(Homeless::Elsewhere(servers)),
            },
        };
        let member = Route::GuildMember { guild_id: id(server.0), user_id: id(bot.0) };
        let (guild, listed, member) =
            tokio::try_join!(self.guild(server), self.listed(server), self.look::<Member>(member)).map_err(unknown)?;
        Ok(Lookout { guild, listed, member, bot }.home(sought, [panel, category]))
    }

    /// In which server a channel is.
    async fn trace(&self, channel: ChannelId) -> Trace {
        match self.look::<rights::Channel>(Route::Channel { channel_id: id(channel.0) }).await {
            Ok(found) => Trace::In(found.guild()),
            Err(StartError::NoAnswer(Some(404))) => Trace::Nowhere,
            Err(StartError::NoAnswer(Some(403))) => Trace::Hidden,
            Err(_) => Trace::Lost,
        }
    }

    /// The first of these servers that has anything that is sought.
    async fn search(&self, sought: Sought, servers: &[Named<GuildId>]) -> Result<Option<GuildId>, StartError> {
        for server in servers.iter().take(SEARCHED) {
            let found = self.server(server.id).await?;
            let channel = found.channels.iter().any(|one| one.id == sought.panel || one.id == sought.category);
            if channel || found.roles.iter().any(|role| role.id == sought.support) {
                return Ok(Some(server.id));
            }
        }
        Ok(None)
    }
}

/// Where a channel says it is.
#[derive(Clone, Copy)]
enum Trace {
    In(GuildId),
    /// It is in a server, and the bot may not see it.
    Hidden,
    Nowhere,
    Lost,
}

/// A server, as Discord tells it.
struct Lookout {
    guild: Guild,
    listed: Vec<Listed>,
    member: Member,
    bot: UserId,
}

impl Lookout {
    fn home(&self, sought: Sought, [panel, category]: [Trace; 2]) -> Home {
        let places = [(Site::Category, sought.category), (Site::Panel, sought.panel)];
        let places: Vec<_> =
            places.into_iter().filter_map(|(site, channel)| Some((site, &self.find(channel)?.rights))).collect();
        let inside = |channel: &&Listed| channel.parent_id.is_some_and(|parent| parent.get() == sought.category.0);
        Home {
            server: self.guild.named(),
            channels: self.listed.len(),
            tickets: self.listed.iter().filter(inside).count(),
            panel: self.spot(sought.panel, panel),
            category: self.spot(sought.category, category),
            support: self.guild.roles().into_iter().find(|role| role.id == sought.support),
            wants_two_factor: self.guild.wants_two_factor(),
            rights: self.guild.review(&places, self.bot, &self.member.roles()),
        }
    }

    /// The list is complete, also where the bot sees nothing; a trace only tells of what is not in it.
    fn spot(&self, channel: ChannelId, trace: Trace) -> Spot {
        match (self.find(channel), trace) {
            (Some(found), _) => Spot::Here(found.channel()),
            (None, Trace::In(_)) => Spot::Elsewhere,
            (None, Trace::Hidden) => Spot::Hidden,
            (None, Trace::Nowhere) => Spot::Missing,
            (None, Trace::Lost) => Spot::Unknown,
        }
    }

    fn find(&self, channel: ChannelId) -> Option<&Listed> {
        self.listed.iter().find(|listed| listed.id.get() == channel.0)
    }
}

#[cfg(test)]
mod tests;
