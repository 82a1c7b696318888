//! The server that the configured ids belong to, and what each id refers to.
//!
//! The result combines several lookups, each of which may fail alone. A channel is found in the server's list or by its own
//! id; one that Discord refuses to show (403, 50001 "Missing Access") exists and is hidden from the bot.

use std::time::SystemTime;

use serenity::http::{LightMethod, Route};

use crate::discord::diagnostics::{ConfiguredIds, LookupFailure, LookupResult, NoGuild};
use crate::discord::error_body::ErrorBody;
use crate::discord::guild::{Channel, ListedChannel, Named, Role, RoleHolders};
use crate::discord::lookup::{self, DiscordError};
use crate::discord::permissions::{BotPermissions, ChannelAccess, PartialGuild, PartialMember, Scope};
use crate::discord::request::{HttpRequest, id};
use crate::discord::transport::Transport;
use crate::ids::{ChannelId, GuildId, RoleId, UserId};

/// Servers that are searched for the configured ids, where a channel's own lookup does not reveal its server.
const MAX_SEARCHED_GUILDS: usize = 20;

/// Discord's error codes for a channel that may not be viewed, and for one that does not exist.
const MISSING_ACCESS: u64 = 50_001;
const UNKNOWN_CHANNEL: u64 = 10_003;

/// The server that the configured ids belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomeGuild {
    /// Its id and name.
    pub guild: Named<GuildId>,
    /// How many channels the bot may view.
    pub channel_counts: LookupResult<ChannelCounts>,
    /// What the panel channel's id refers to.
    pub panel: ChannelLookup,
    /// What the category's id refers to.
    pub category: ChannelLookup,
    /// The support role; `None` if the server has no role with its id.
    pub support: LookupResult<Option<Role>>,
    /// Member counts, in all and per role.
    pub holders: RoleHolders,
    /// Whether moderation permissions require two-factor authentication.
    pub requires_two_factor: LookupResult<bool>,
    /// The bot's permissions here.
    pub permissions: LookupResult<BotPermissions>,
}

/// How many channels Discord lists for the bot; those that it may not view are not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelCounts {
    /// All channels of the server, including categories.
    pub total: usize,
    /// Channels in the ticket category.
    pub in_category: usize,
}

/// What a channel id refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelLookup {
    /// A channel of the server.
    Found(Channel),
    /// A channel of another server.
    InOtherGuild,
    /// A channel that the bot may not view. Discord does not reveal its server.
    Hidden(ChannelId),
    /// There is no such channel.
    Missing,
    /// The lookup failed.
    Unknown(LookupFailure),
}

impl Transport {
    pub(super) async fn examine_home(
        &self,
        ids: ConfiguredIds,
        bot: UserId,
        now: SystemTime,
    ) -> Result<HomeGuild, NoGuild> {
        let (guilds, panel, category) = tokio::join!(
            self.look_up_bounded(self.fetch_guilds()),
            self.probe_channel(ids.panel),
            self.probe_channel(ids.category)
        );
        let probes = [panel, category];
        let guild = self.select_guild(ids, guilds, &probes).await?;
        let guild_id = id(guild.id.0);
        let member = Route::GuildMember { guild_id, user_id: id(bot.0) };
        let (partial, channels, member, per_role) = tokio::join!(
            self.fetch_guild_or_roles(guild.id),
            self.look_up_bounded(self.list_channels(guild.id)),
            self.look_up_bounded(self.look_up::<PartialMember>(member)),
            self.look_up_bounded(self.fetch_role_member_counts(guild.id))
        );
        let members = partial.as_ref().ok().and_then(PartialGuild::member_count);
        let holders = RoleHolders { members, per_role: per_role.unwrap_or_default() };
        Ok(GuildLookups { guild, partial, channels, member, holders, bot, now }.summarize_home(ids, probes))
    }

    /// The server that the configured ids belong to: that of the panel channel, else of the category, else the one with the
    /// support role. `None` if the bot is in no such server.
    ///
    /// # Errors
    ///
    /// If a lookup fails.
    pub async fn find_home_guild(&self, ids: ConfiguredIds) -> LookupResult<Option<GuildId>> {
        let (guilds, panel, category) = tokio::join!(
            self.look_up_bounded(self.fetch_guilds()),
            self.probe_channel(ids.panel),
            self.probe_channel(ids.category)
        );
        let probes = [panel, category];
        if let Some(guild) = probes.iter().find_map(ChannelProbe::guild) {
            return Ok(Some(guild));
        }
        if let Some(failure) = probes.iter().find_map(ChannelProbe::failure) {
            return Err(failure);
        }
        let guilds = guilds?;
        match (&guilds[..], &probes) {
            // A server that stands in for Discord may not have the endpoint.
            ([guild], [ChannelProbe::Inconclusive(_), ChannelProbe::Inconclusive(_)]) => Ok(Some(guild.id)),
            _ => self.find_guild_with_role(ids.support, &guilds).await,
        }
    }

    /// Lists only roles, not the channels of servers that may have nothing to do with the tickets.
    async fn find_guild_with_role(&self, role: RoleId, guilds: &[Named<GuildId>]) -> LookupResult<Option<GuildId>> {
        for guild in guilds.iter().take(MAX_SEARCHED_GUILDS) {
            let roles = self.look_up_bounded(self.fetch_roles(guild.id)).await?;
            if PartialGuild::from_roles(id(guild.id.0), roles).to_roles().iter().any(|found| found.id == role) {
                return Ok(Some(guild.id));
            }
        }
        Ok(None)
    }

    async fn select_guild(
        &self,
        ids: ConfiguredIds,
        guilds: LookupResult<Vec<Named<GuildId>>>,
        probes: &[ChannelProbe; 2],
    ) -> Result<Named<GuildId>, NoGuild> {
        match (probes.iter().find_map(ChannelProbe::guild), guilds) {
            (_, Ok(guilds)) if guilds.is_empty() => Err(NoGuild::NotInAny),
            (Some(id), guilds) => {
                let known = guilds.into_iter().flatten().find(|guild| guild.id == id);
                Ok(known.unwrap_or_else(|| Named { id, name: id.to_string() }))
            }
            (None, Err(failure)) => Err(NoGuild::Unknown(failure)),
            // If both channels are hidden, they may be in another server.
            (None, Ok(mut guilds)) if guilds.len() == 1 && !probes.iter().all(ChannelProbe::is_hidden) => {
                Ok(guilds.remove(0))
            }
            (None, Ok(guilds)) => self.search_guilds(ids, guilds, probes).await,
        }
    }

    /// The first of these servers that contains any of the configured ids.
    async fn search_guilds(
        &self,
        ids: ConfiguredIds,
        guilds: Vec<Named<GuildId>>,
        probes: &[ChannelProbe; 2],
    ) -> Result<Named<GuildId>, NoGuild> {
        let mut failure = None;
        for guild in guilds.iter().take(MAX_SEARCHED_GUILDS) {
            let lookup = async { tokio::try_join!(self.fetch_guild(guild.id), self.list_channels(guild.id)) };
            match self.look_up_bounded(lookup).await {
                Ok((partial, channels)) => {
                    let is_configured =
                        |channel: &ListedChannel| [ids.panel.0, ids.category.0].contains(&channel.id.get());
                    let has_role = || partial.to_roles().iter().any(|role| role.id == ids.support);
                    if channels.iter().any(is_configured) || has_role() {
                        return Ok(guild.clone());
                    }
                }
                Err(why) => failure = failure.or(Some(why)),
            }
        }
        if guilds.len() > MAX_SEARCHED_GUILDS {
            let why = format!("only {MAX_SEARCHED_GUILDS} of the bot's {} servers were searched", guilds.len());
            failure = failure.or(Some(LookupFailure(why)));
        }
        match failure.or(probes.iter().find_map(ChannelProbe::failure)) {
            Some(failure) => Err(NoGuild::Unknown(failure)),
            None if probes.iter().any(ChannelProbe::is_hidden) => Err(NoGuild::Hidden(guilds)),
            None => Err(NoGuild::Elsewhere(guilds)),
        }
    }

    /// Looks a channel up by its id.
    async fn probe_channel(&self, channel: ChannelId) -> ChannelProbe {
        let route = Route::Channel { channel_id: id(channel.0) };
        let request = HttpRequest { awaited: true, ..HttpRequest::new(LightMethod::Get, route) };
        let lookup = self.look_up_bounded(async {
            let response = self.fetch_response(&request).await?;
            match (response.status, ErrorBody::parse(&response.body)) {
                (403, Some(error)) if error.is_unspecific(403) || error.code == Some(MISSING_ACCESS) => {
                    Ok(ChannelProbe::Hidden)
                }
                (404, Some(error)) if error.code == Some(UNKNOWN_CHANNEL) => Ok(ChannelProbe::Missing),
                (404, Some(error)) if error.is_unspecific(404) => {
                    Ok(ChannelProbe::Inconclusive(LookupFailure::from(&DiscordError::NoAnswer(Some(404)))))
                }
                _ => lookup::parse_lookup::<ListedChannel>(response)
                    .map(|(channel, _)| ChannelProbe::Found(Box::new(channel))),
            }
        });
        lookup.await.unwrap_or_else(ChannelProbe::Failed)
    }

    /// A server with its roles, or only its roles where the rest cannot be looked up.
    async fn fetch_guild_or_roles(&self, guild: GuildId) -> LookupResult<PartialGuild> {
        let partial = self.look_up_bounded(self.fetch_partial_guild_with_counts(guild)).await;
        if partial.as_ref().is_ok_and(PartialGuild::has_roles) {
            return partial;
        }
        match (self.look_up_bounded(self.fetch_roles(guild)).await, partial) {
            (Ok(roles), Ok(partial)) => Ok(partial.with_roles(roles)),
            (Ok(roles), Err(_)) => Ok(PartialGuild::from_roles(id(guild.0), roles)),
            (Err(_), Err(failure)) | (Err(failure), Ok(_)) => Err(failure),
        }
    }
}

/// The result of looking a channel up by its id.
enum ChannelProbe {
    Found(Box<ListedChannel>),
    /// The channel exists, and the bot may not view it.
    Hidden,
    Missing,
    /// There is no such channel, or a server that stands in for Discord has no such endpoint: the list of channels decides.
    Inconclusive(LookupFailure),
    Failed(LookupFailure),
}

impl ChannelProbe {
    fn guild(&self) -> Option<GuildId> {
        if let Self::Found(channel) = self { Some(channel.partial.guild()) } else { None }
    }

    const fn is_hidden(&self) -> bool {
        matches!(self, Self::Hidden)
    }

    fn failure(&self) -> Option<LookupFailure> {
        if let Self::Failed(failure) = self { Some(failure.clone()) } else { None }
    }
}

/// The results of all lookups in a server.
struct GuildLookups {
    guild: Named<GuildId>,
    partial: LookupResult<PartialGuild>,
    channels: LookupResult<Vec<ListedChannel>>,
    /// The bot as a member.
    member: LookupResult<PartialMember>,
    holders: RoleHolders,
    bot: UserId,
    now: SystemTime,
}

impl GuildLookups {
    fn summarize_home(&self, ids: ConfiguredIds, [panel, category]: [ChannelProbe; 2]) -> HomeGuild {
        let permissions = self.check_permissions(&[
            (Scope::Category, self.find_access(ids.category, &category)),
            (Scope::Panel, self.find_access(ids.panel, &panel)),
        ]);
        let sees_all = permissions.as_ref().is_ok_and(|permissions| permissions.administrator);
        let partial = self.partial.as_ref().map_err(Clone::clone);
        let name = partial.clone().ok().and_then(PartialGuild::name).unwrap_or(&self.guild.name);
        let find_support = |partial: &PartialGuild| partial.to_roles().into_iter().find(|role| role.id == ids.support);
        HomeGuild {
            guild: Named { id: self.guild.id, name: name.to_owned() },
            channel_counts: self.count_channels(ids),
            panel: self.resolve_channel(ids.panel, panel, sees_all),
            category: self.resolve_channel(ids.category, category, sees_all),
            support: partial.clone().map(find_support),
            holders: self.holders.clone(),
            requires_two_factor: partial
                .and_then(|partial| partial.requires_two_factor().ok_or_else(LookupFailure::left_out)),
            permissions,
        }
    }

    fn check_permissions(&self, channels: &[(Scope, Option<ChannelAccess<'_>>)]) -> LookupResult<BotPermissions> {
        let partial = self.partial.as_ref().map_err(Clone::clone)?;
        let member = self.member.as_ref().map_err(Clone::clone)?;
        let channels: Vec<_> = channels.iter().filter_map(|(scope, access)| Some((*scope, (*access)?))).collect();
        let timed_out = partial.effective_time_out(member, self.bot, self.now);
        let permissions = partial.check_permissions(&channels, self.bot, &member.roles());
        Ok(BotPermissions { timed_out, ..permissions })
    }

    /// `None` if this server has no such channel.
    fn find_access<'a>(&'a self, channel: ChannelId, probe: &'a ChannelProbe) -> Option<ChannelAccess<'a>> {
        match (self.find_listed(channel), probe) {
            (Some(listed), _) => Some(ChannelAccess::Visible(&listed.partial)),
            (None, ChannelProbe::Found(found)) => {
                self.contains(found).then_some(ChannelAccess::Visible(&found.partial))
            }
            (None, ChannelProbe::Hidden) => Some(ChannelAccess::Hidden),
            (None, ChannelProbe::Missing) => None,
            (None, ChannelProbe::Inconclusive(_)) => self.channels.is_err().then_some(ChannelAccess::Unknown),
            (None, ChannelProbe::Failed(_)) => Some(ChannelAccess::Unknown),
        }
    }

    /// `sees_all`: the bot may view all channels of the server, so a hidden one must belong to another server.
    fn resolve_channel(&self, channel: ChannelId, probe: ChannelProbe, sees_all: bool) -> ChannelLookup {
        match (self.find_listed(channel), probe) {
            (Some(listed), _) => ChannelLookup::Found(listed.to_channel()),
            (None, ChannelProbe::Found(found)) if self.contains(&found) => ChannelLookup::Found(found.to_channel()),
            (None, ChannelProbe::Hidden) if !sees_all => ChannelLookup::Hidden(channel),
            (None, ChannelProbe::Found(_) | ChannelProbe::Hidden) => ChannelLookup::InOtherGuild,
            (None, ChannelProbe::Missing) => ChannelLookup::Missing,
            (None, ChannelProbe::Inconclusive(_)) if self.channels.is_ok() => ChannelLookup::Missing,
            (None, ChannelProbe::Inconclusive(failure) | ChannelProbe::Failed(failure)) => {
                ChannelLookup::Unknown(failure)
            }
        }
    }

    fn count_channels(&self, ids: ConfiguredIds) -> LookupResult<ChannelCounts> {
        let channels = self.channels.as_ref().map_err(Clone::clone)?;
        let in_category =
            |channel: &&ListedChannel| channel.parent_id.is_some_and(|parent| parent.get() == ids.category.0);
        Ok(ChannelCounts { total: channels.len(), in_category: channels.iter().filter(in_category).count() })
    }

    fn contains(&self, channel: &ListedChannel) -> bool {
        channel.partial.guild() == self.guild.id
    }

    fn find_listed(&self, channel: ChannelId) -> Option<&ListedChannel> {
        self.channels.iter().flatten().find(|listed| listed.id.get() == channel.0)
    }
}
