//! The server as it is at the start: its people, their permissions, its channels.

use std::collections::{BTreeMap, VecDeque};
use std::time::SystemTime;

use super::World;
use super::channels::{CATEGORY, TEXT};
use super::commands::Application;
use super::guild::{ChannelLimits, Guild, Member, Role, User};
use super::limits::{Buckets, Limits};
use super::permissions::Permissions;
use super::snowflake::{Mint, Snowflake};

/// The options of a new world.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Debug)]
pub struct Start {
    pub guild: String,
    /// The bot's rights in the server, exactly: `@everyone` adds nothing to them.
    pub bot_permissions: Permissions,
    /// Whether the privileged intents are switched on for the application.
    pub content_intent: bool,
    pub members_intent: bool,
    pub presence_intent: bool,
    /// Whether anybody may notify the support role.
    pub support_mentionable: bool,
    /// Rate limits; none by default, so that tests need not wait.
    pub limits: Option<Limits>,
    pub channel_limits: ChannelLimits,
    /// Whether channels that the bot may not view are hidden from it, as Discord does since the autumn of 2026.
    pub hides_channels: bool,
    /// How many further members there are, who do nothing.
    pub extras: usize,
    /// Further servers that the bot is in, alike in everything, in which nothing ever happens.
    pub neighbours: u64,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            guild: "talon".to_owned(),
            bot_permissions: Permissions::VIEW_CHANNEL
                | Permissions::SEND_MESSAGES
                | Permissions::EMBED_LINKS
                | Permissions::ATTACH_FILES
                | Permissions::READ_MESSAGE_HISTORY
                | Permissions::MANAGE_MESSAGES
                | Permissions::MANAGE_CHANNELS
                | Permissions::MENTION_EVERYONE,
            content_intent: true,
            members_intent: false,
            presence_intent: false,
            support_mentionable: false,
            limits: None,
            channel_limits: ChannelLimits::default(),
            hides_channels: false,
            extras: 0,
            neighbours: 0,
        }
    }
}

/// The ids of the people, roles and channels that are there from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixtureIds {
    /// The server, and at the same time its `@everyone` role.
    pub guild: Snowflake,
    /// Held by every person, never by the bot: it carries the everyday rights.
    pub member_role: Snowflake,
    pub support_role: Snowflake,
    pub admin_role: Snowflake,
    /// The role that came with the bot.
    pub bot_role: Snowflake,
    /// A channel for everyone to read, where the bot can put something to press.
    pub panel: Snowflake,
    /// A channel for everyone to write in.
    pub lounge: Snowflake,
    /// An empty category.
    pub category: Snowflake,
    pub owner: Snowflake,
    pub alice: Snowflake,
    pub bob: Snowflake,
    /// Holds the support role.
    pub sue: Snowflake,
    /// Holds a role with "administrator".
    pub adam: Snowflake,
    /// Another application's bot.
    pub robot: Snowflake,
    pub bot: Snowflake,
    pub application: Snowflake,
}

impl World {
    /// A new world, and the ids of what is in it. `gateway` is the address that clients get for their connections.
    #[must_use]
    pub fn new(now: SystemTime, start: &Start, token: &str, gateway: &str) -> (Self, FixtureIds) {
        let mut world = Self::empty(now, start, token, gateway);
        let ids = world.add_fixtures(start);
        world.take_dispatches();
        (world, ids)
    }

    /// A server without channels or people. The application and its bot share an id, as they do at Discord.
    fn empty(now: SystemTime, start: &Start, token: &str, gateway: &str) -> Self {
        let mut mint = Mint::default();
        let (guild, bot, owner) = (mint.next(now), mint.next(now), mint.next(now));
        let guild = Guild {
            id: guild,
            name: start.guild.clone(),
            owner,
            roles: BTreeMap::new(),
            members: BTreeMap::new(),
            available: true,
        };
        let application = Application {
            id: bot,
            token: token.to_owned(),
            content_intent: start.content_intent,
            members_intent: start.members_intent,
            presence_intent: start.presence_intent,
            commands: BTreeMap::new(),
        };
        Self {
            now,
            mint,
            guild,
            users: BTreeMap::new(),
            channels: BTreeMap::new(),
            interactions: BTreeMap::new(),
            application,
            audit: VecDeque::new(),
            gone: VecDeque::new(),
            limits: start.limits,
            neighbours: start.neighbours,
            hides_channels: start.hides_channels,
            channel_limits: start.channel_limits,
            buckets: Buckets::default(),
            bot,
            origin: gateway.replacen("ws", "http", 1),
            gateway: gateway.to_owned(),
            session_starts: None,
            nonces: VecDeque::new(),
            outbox: Vec::new(),
        }
    }

    fn add_fixtures(&mut self, start: &Start) -> FixtureIds {
        let (guild, bot, owner) = (self.guild.id, self.bot, self.guild.owner);
        self.role_from_start(guild, "@everyone", Permissions::NONE, 0);
        let member_role = self.ranked_role("member", Permissions::EVERYDAY, 1);
        let support_role = self.ranked_role("support", Permissions::NONE, 2);
        let bot_role = self.ranked_role("talon", start.bot_permissions, 3);
        let admin_role = self.ranked_role("admin", Permissions::ADMINISTRATOR, 4);
        self.change_role(support_role, |role| role.mentionable = start.support_mentionable);
        self.change_role(bot_role, |role| role.bot = Some(bot));
        self.user_from_start(bot, "talon", true, &[bot_role]);
        self.user_from_start(owner, "Olga", false, &[member_role]);
        let category = self.create_channel(CATEGORY, "tickets", None, &[]);
        let ids = FixtureIds {
            guild,
            member_role,
            support_role,
            admin_role,
            bot_role,
            panel: self.create_channel(TEXT, "support", None, &[]),
            lounge: self.create_channel(TEXT, "lounge", None, &[]),
            category,
            owner,
            alice: self.person("Alice", &[member_role]),
            bob: self.person("Bob", &[member_role]),
            sue: self.person("Sue", &[member_role, support_role]),
            adam: self.person("Adam", &[member_role, admin_role]),
            robot: self.add_user("robot", true),
            bot,
            application: bot,
        };
        self.admit(ids.robot, &[member_role]);
        for number in 0..start.extras {
            self.person(&format!("Member {number}"), &[member_role]);
        }
        ids
    }

    fn person(&mut self, name: &str, roles: &[Snowflake]) -> Snowflake {
        let id = self.add_user(name, false);
        self.admit(id, roles);
        id
    }

    fn ranked_role(&mut self, name: &str, permissions: Permissions, position: i64) -> Snowflake {
        let id = self.next_id();
        self.role_from_start(id, name, permissions, position);
        id
    }

    fn role_from_start(&mut self, id: Snowflake, name: &str, permissions: Permissions, position: i64) {
        let role = Role::new(id, name.to_owned(), permissions, position);
        self.guild.roles.insert(id, role);
    }

    fn user_from_start(&mut self, id: Snowflake, name: &str, bot: bool, roles: &[Snowflake]) {
        self.users.insert(id, User::new(id, name, bot));
        self.guild.members.insert(id, Member::new(roles.to_vec(), self.now));
    }
}
