//! What people do: the members, the support, an administrator, and whoever pulls the plug.

use std::time::Duration;

use serde_json::json;
use talon::ids::{Button, ChannelId, Command};
use talon::lifecycle::State;
use talon_sandbox::world::channels::TEXT;
use talon_sandbox::world::permissions::Target;
use talon_sandbox::world::{Overwrite, Permissions, Request, Snowflake};

use crate::figures::Count;
use crate::game::{Game, Happening};
use crate::promises::Wish;

/// One thing that somebody does.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// A member wants a ticket, by the button, by `!ticket`, by `/ticket`, or by hammering on the button.
    Press(Snowflake),
    Command(Snowflake),
    Slash(Snowflake),
    Hammer(Snowflake),
    /// Somebody closes a ticket they see, by the button, by `!close` or by `/close`.
    Close(Snowflake),
    CloseByCommand(Snowflake),
    CloseBySlash(Snowflake),
    /// `!close` where there is no ticket.
    CloseNothing(Snowflake),
    /// Somebody writes in a ticket they see.
    Talk(Snowflake),
    /// `!setuptickets` and `/setuptickets`.
    SetUp(Snowflake),
    SetUpBySlash(Snowflake),
    /// `/explain` or `!explain`, in a ticket or where there is none.
    Explain(Snowflake),
    /// Somebody wants something in another server, where the bot is, too.
    Stranger(Snowflake),
    /// An administrator deletes a ticket's channel, the panel, the category, or the support role.
    DeleteTicket,
    DeletePanel,
    Ruin,
    /// Somebody clones a ticket's channel, and deletes the original or not.
    Clone {
        and_delete: bool,
    },
    /// A moderator presses "Sync permissions" in a ticket, and its member sees it no more.
    Sync,
    /// A member leaves.
    Leave(Snowflake),
    /// The category is filled, and emptied again.
    Fill,
    Empty,
    /// The bot loses a right in the server or in a ticket, or is put in time-out, and gets all of them back.
    TakeRight,
    ShutOut,
    TimeOut,
    GiveRights,
    /// The process dies; that one, where one is meant.
    Kill(Option<u64>),
    Stop,
    HangUp,
    /// Discord, the server or the disk fail, and are there again.
    Outage(bool),
    Eclipse(bool),
    Disk(bool),
}

/// What the bot needs in the server.
const RIGHTS: [Permissions; 6] = [
    Permissions::MANAGE_CHANNELS,
    Permissions::SEND_MESSAGES,
    Permissions::VIEW_CHANNEL,
    Permissions::READ_MESSAGE_HISTORY,
    Permissions::EMBED_LINKS,
    Permissions::ATTACH_FILES,
];

impl Game {
    /// Who does what, and when. Much of it happens at almost the same time.
    pub fn plan_chaos(&mut self, begin: Duration, chaos: Duration) {
        let span = u64::try_from(chaos.as_millis()).unwrap_or(u64::MAX);
        let mut time = begin;
        for _ in 0..4 + self.dice.roll(16) {
            let together = self.dice.happens(350);
            time = if together { time + self.dice.millis(0, 400) } else { begin + self.dice.millis(0, span) };
            let deed = self.wish();
            self.plan(time, Happening::Deed(deed));
        }
        let weather = self.weather.clone();
        self.plan_some(weather.kills, begin, span, |_| (Deed::Kill(None), None));
        self.plan_some(weather.stops, begin, span, |_| (Deed::Stop, None));
        self.plan_some(weather.hangups, begin, span, |_| (Deed::HangUp, None));
        self.plan_some(weather.outages, begin, span, |_| (Deed::Outage(true), Some(Deed::Outage(false))));
        self.plan_some(weather.eclipses, begin, span, |_| (Deed::Eclipse(true), Some(Deed::Eclipse(false))));
        self.plan_some(weather.disk_failures, begin, span, |_| (Deed::Disk(true), Some(Deed::Disk(false))));
        self.plan_some(weather.full, begin, span, |_| (Deed::Fill, Some(Deed::Empty)));
        self.plan_some(weather.rights, begin, span, |game| {
            (game.dice.pick(&[Deed::TakeRight, Deed::ShutOut, Deed::TimeOut]), Some(Deed::GiveRights))
        });
        self.plan_some(weather.deletions, begin, span, |game| {
            (game.dice.pick(&[Deed::DeleteTicket, Deed::DeleteTicket, Deed::DeletePanel]), None)
        });
        self.plan_some(weather.copies, begin, span, |game| (Deed::Clone { and_delete: game.dice.happens(500) }, None));
        self.plan_some(weather.syncs, begin, span, |_| (Deed::Sync, None));
        self.plan_some(u64::from(weather.ruin), begin, span, |_| (Deed::Ruin, None));
        self.plan_some(u64::from(weather.leave), begin, span, |game| (Deed::Leave(game.somebody()), None));
    }

    fn plan_some(
        &mut self,
        most: u64,
        begin: Duration,
        span: u64,
        mut deed: impl FnMut(&mut Self) -> (Deed, Option<Deed>),
    ) {
        for _ in 0..most {
            let (deed, end) = deed(self);
            let time = begin + self.dice.millis(0, span);
            self.plan(time, Happening::Deed(deed));
            if let Some(end) = end {
                let after = self.dice.pick(&[200, 3000, 20_000, 90_000, 400_000]);
                self.plan(time + Duration::from_millis(after), Happening::Deed(end));
            }
        }
    }

    fn somebody(&mut self) -> Snowflake {
        self.dice.pick(&[self.members[0], self.members[1], self.members[2]])
    }

    fn wish(&mut self) -> Deed {
        let member = self.somebody();
        // The administrator sees every ticket and may close none.
        let closer = self.dice.pick(&[member, member, self.cast.sue, self.cast.adam]);
        let caretaker = self.dice.pick(&[self.cast.adam, self.cast.adam, member]);
        match self.dice.roll(26) {
            0..=6 => Deed::Press(member),
            7..=8 => Deed::Command(member),
            9 => Deed::Slash(member),
            10 => Deed::Hammer(member),
            11..=15 => Deed::Close(closer),
            16..=17 => Deed::CloseByCommand(closer),
            18 => Deed::CloseBySlash(closer),
            19 => Deed::CloseNothing(closer),
            20..=21 => Deed::Talk(closer),
            22 => Deed::SetUp(caretaker),
            23 => Deed::Stranger(closer),
            24 => Deed::Explain(caretaker),
            _ => Deed::SetUpBySlash(caretaker),
        }
    }

    pub fn perform(&mut self, deed: Deed) {
        if !matches!(deed, Deed::Kill(Some(_))) {
            self.tell(|_| format!("— {deed:?}"));
        }
        self.world.at(self.now);
        match deed {
            Deed::Press(user) => self.press(user),
            Deed::Hammer(user) => (0..4).for_each(|_| self.press(user)),
            Deed::Command(user) => self.say(user, self.cast.lounge, "!ticket", Wish::Open),
            Deed::Slash(user) => self.slash(user, self.cast.lounge, Command::Ticket, Wish::Open),
            Deed::Close(user) => self.press_close(user),
            Deed::CloseBySlash(user) => {
                if let Some(channel) = self.some_ticket(user) {
                    let wish = Wish::Close { may: self.may_close(user, channel) };
                    self.slash(user, channel, Command::Close, wish);
                }
            }
            Deed::SetUpBySlash(user) => {
                let may = user == self.cast.adam;
                self.slash(user, self.cast.lounge, Command::SetUp, Wish::SetUp { may });
            }
            Deed::CloseByCommand(user) => {
                if let Some(channel) = self.some_ticket(user) {
                    self.say(user, channel, "!close", Wish::Close { may: self.may_close(user, channel) });
                }
            }
            Deed::CloseNothing(user) => self.say(user, self.cast.lounge, "!close", Wish::CloseNothing),
            Deed::Talk(user) => {
                if let Some(channel) = self.some_ticket(user) {
                    let _ = self.world.say(user, channel, "help");
                }
            }
            Deed::SetUp(user) => {
                let may = user == self.cast.adam;
                self.say(user, self.cast.lounge, "!setuptickets", Wish::SetUp { may });
            }
            Deed::Explain(user) => {
                let channel = self.some_ticket(user).unwrap_or(self.cast.lounge);
                if self.dice.happens(500) {
                    self.slash(user, channel, Command::Explain, Wish::Explain);
                } else {
                    self.say(user, channel, "!explain", Wish::Explain);
                }
            }
            Deed::Stranger(user) => self.ask_elsewhere(user),
            Deed::DeleteTicket => {
                if let Some(channel) = self.some_ticket(self.cast.adam) {
                    self.delete_ticket(channel);
                }
            }
            Deed::Clone { and_delete } => self.clone_ticket(and_delete),
            Deed::Sync => self.sync_ticket(),
            Deed::DeletePanel => {
                for panel in self.panels() {
                    self.world.delete_message(self.cast.panel, panel);
                }
            }
            Deed::Ruin if self.dice.happens(500) => self.world.delete_role(self.cast.support_role),
            Deed::Ruin => self.world.delete_channel(self.cast.category),
            Deed::Leave(user) => {
                self.world.leave(user);
                self.members.retain(|member| *member != user || self.world.guild.members.contains_key(member));
            }
            Deed::Fill => self.world.fill(Some(self.cast.category), 50),
            Deed::Empty => self.empty(),
            Deed::TakeRight => {
                let right = self.dice.pick(&RIGHTS);
                self.world.change_role(self.cast.bot_role, |role| role.permissions = role.permissions.without(right));
            }
            Deed::ShutOut => self.shut_out(),
            Deed::TimeOut => self.world.time_out(self.cast.bot, Some(self.now + Duration::from_secs(86_400))),
            Deed::GiveRights => self.give_rights(),
            Deed::Kill(life) => {
                if life.is_none_or(|life| self.bot.as_ref().is_some_and(|bot| bot.life == life)) {
                    self.die("it is killed");
                }
            }
            Deed::Stop => self.stop(),
            Deed::HangUp => self.hang_up(),
            Deed::Outage(begins) => self.outage = begins,
            Deed::Eclipse(begins) => self.world.set_available(!begins),
            Deed::Disk(broken) => self.rows.broken = broken,
        }
    }

    fn delete_ticket(&mut self, channel: Snowflake) {
        self.excuse_channel(channel, "the channel was deleted");
        self.world.delete_channel(channel);
        self.forget(channel);
    }

    fn clone_ticket(&mut self, and_delete: bool) {
        // Nobody copies a channel in which nothing was ever said.
        let Some(channel) = self.some_ticket(self.cast.adam).filter(|ticket| self.is_greeted(*ticket)) else { return };
        if let Some(copy) = self.world.clone_channel(channel) {
            self.copied(channel, copy);
        }
        if and_delete {
            self.delete_ticket(channel);
        }
    }

    /// The bot has no commands there (any more), but a client may still show them, and an old panel may stand there.
    fn ask_elsewhere(&mut self, user: Snowflake) {
        // Who has left is looked for among the members of the one server there.
        if self.world.neighbours().next().is_none() || !self.world.guild.members.contains_key(&user) {
            return;
        }
        let lounge = self.cast.lounge;
        let asked = match self.dice.roll(4) {
            0 => self.world.press_elsewhere(user, 1, lounge, Button::CreateTicket.custom_id()),
            1 => self.world.press_elsewhere(user, 1, lounge, Button::CloseTicket.custom_id()),
            2 => self.world.command_elsewhere(user, 1, lounge, Command::Ticket.name()),
            _ => self.world.command_elsewhere(user, 1, lounge, Command::SetUp.name()),
        };
        self.asks(asked, user, lounge, Wish::Elsewhere, true);
    }

    /// Only staff and the bot are let into the category. Whether the bot may let the member in again, chance decides.
    fn sync_ticket(&mut self) {
        let Some(channel) = self.some_ticket(self.cast.adam) else { return };
        let row = self.member_of(channel).map(|member| self.rows.state(self.owner(member)));
        if row != Some(State::Open { channel: ChannelId(channel.0) }) {
            return;
        }
        let use_it = Permissions::VIEW_CHANNEL.with(Permissions::SEND_MESSAGES).with(Permissions::READ_MESSAGE_HISTORY);
        let grant = |id, kind, allow, deny| Overwrite { id, kind, allow, deny };
        for overwrite in [
            grant(self.cast.guild, Target::Role, Permissions::NONE, Permissions::VIEW_CHANNEL),
            grant(self.cast.support_role, Target::Role, use_it, Permissions::NONE),
            grant(self.cast.bot, Target::Member, use_it.with(Permissions::MANAGE_CHANNELS), Permissions::NONE),
        ] {
            self.world.overwrite(self.cast.category, overwrite);
        }
        self.world.sync_permissions(channel);
        if self.dice.happens(500) {
            self.let_bot_manage_roles();
        }
    }

    fn let_bot_manage_roles(&mut self) {
        let role = self.cast.bot_role;
        self.world.change_role(role, |role| role.permissions = role.permissions.with(Permissions::MANAGE_ROLES));
    }

    fn press(&mut self, user: Snowflake) {
        let button = Button::CreateTicket.custom_id();
        if let Ok(press) = self.world.press(user, self.cast.panel, None, button) {
            self.asks(press, user, self.cast.panel, Wish::Open, true);
        }
    }

    fn press_close(&mut self, user: Snowflake) {
        let Some(channel) = self.some_ticket(user) else { return };
        let wish = Wish::Close { may: self.may_close(user, channel) };
        if let Ok(press) = self.world.press(user, channel, None, Button::CloseTicket.custom_id()) {
            self.asks(press, user, channel, wish, true);
        }
    }

    pub fn say(&mut self, user: Snowflake, channel: Snowflake, text: &str, wish: Wish) {
        self.world.at(self.now);
        if let Ok(message) = self.world.say(user, channel, text) {
            self.asks(message, user, channel, wish, false);
        }
    }

    /// Slash commands are there once the bot has registered them.
    fn slash(&mut self, user: Snowflake, channel: Snowflake, command: Command, wish: Wish) {
        if let Ok(interaction) = self.world.command(user, channel, command.name(), &json!([])) {
            self.asks(interaction, user, channel, wish, true);
        }
    }

    /// A ticket that this person sees.
    fn some_ticket(&mut self, user: Snowflake) -> Option<Snowflake> {
        let seen = |channel: &Snowflake| self.world.permissions(user, *channel).has(Permissions::VIEW_CHANNEL);
        let tickets: Vec<Snowflake> = self.tickets().into_iter().filter(seen).collect();
        (!tickets.is_empty()).then(|| self.dice.pick(&tickets))
    }

    /// By their rights as people know them.
    fn may_close(&self, user: Snowflake, channel: Snowflake) -> bool {
        let roles = self.world.guild.members.get(&user).map(|member| member.roles.as_slice());
        self.member_of(channel) == Some(user) || roles.is_some_and(|roles| roles.contains(&self.cast.support_role))
    }

    fn empty(&mut self) {
        for channel in self.world.children_of(self.cast.category) {
            if self.world.channels[&channel].name == "filler" {
                self.world.delete_channel(channel);
            }
        }
    }

    /// Somebody takes the bot's rights away in one ticket.
    fn shut_out(&mut self) {
        let Some(channel) = self.some_ticket(self.cast.adam) else { return };
        let right = self.dice.pick(&RIGHTS[..4]);
        let Some(mut own) = self.world.channels[&channel].overwrites.get(&self.cast.bot).copied() else { return };
        own.allow = own.allow.without(right);
        own.deny = own.deny.with(right);
        self.world.overwrite(channel, own);
    }

    fn give_rights(&mut self) {
        let all = RIGHTS.into_iter().fold(Permissions::NONE, Permissions::with);
        self.world.change_role(self.cast.bot_role, |role| role.permissions = role.permissions.with(all));
        self.world.time_out(self.cast.bot, None);
        for channel in self.tickets().into_iter().chain(self.copies()) {
            if let Some(mut own) = self.world.channels[&channel].overwrites.get(&self.cast.bot).copied() {
                own.allow = own.allow.with(own.deny);
                own.deny = Permissions::NONE;
                self.world.overwrite(channel, own);
            }
        }
    }

    /// Everything that was broken is mended, and nobody makes more trouble. Deleted things stay deleted.
    pub fn mend(&mut self) {
        self.tell(|_| "—— everything is mended ——".into());
        self.weather = super::weather::Weather { ruin: self.weather.ruin, ..Default::default() };
        self.call_off(|happening, _| matches!(happening, Happening::Deed(_) | Happening::Start));
        self.world.at(self.now);
        self.outage = false;
        self.rows.broken = false;
        self.give_rights();
        if self.weather_then.syncs > 0 {
            self.let_bot_manage_roles();
        }
        self.empty();
        self.world.set_available(true);
        if self.bot.as_ref().is_some_and(super::bot::Bot::is_draining) {
            self.die("it is stopped at last");
            self.call_off(|happening, _| matches!(happening, Happening::Start));
        }
        match &self.bot {
            // Connections do not last for ever, and each new one tells all channels.
            Some(bot) => {
                let life = bot.life;
                self.disconnect();
                self.plan(Duration::from_secs(1), Happening::Connect { life });
            }
            None => self.plan(Duration::from_millis(50), Happening::Start),
        }
        self.plan(Duration::from_secs(60), Happening::Deed(Deed::SetUp(self.cast.adam)));
    }

    /// Everybody who is still there wants a ticket.
    pub fn ask_again(&mut self) {
        self.tell(|_| "—— everybody presses ——".into());
        for member in self.members.clone() {
            let after = self.dice.millis(0, 3000);
            self.plan(after, Happening::Deed(Deed::Press(member)));
        }
    }

    /// Everybody closes their ticket.
    pub fn close_all(&mut self) {
        self.tell(|_| "—— everybody closes ——".into());
        self.count_adopted();
        for channel in self.tickets() {
            let Some(member) = self.member_of(channel).filter(|member| self.members.contains(member)) else { continue };
            self.world.at(self.now);
            // The copy of a ticket that was synced: who asks again is let in, and closes it the next time.
            if !self.world.permissions(member, channel).has(Permissions::VIEW_CHANNEL) {
                self.press(member);
                continue;
            }
            if let Ok(press) = self.world.press(member, channel, None, Button::CloseTicket.custom_id()) {
                self.asks(press, member, channel, Wish::Close { may: true }, true);
            }
        }
        self.listen();
    }

    /// Tickets that another bot left open: it is known by its welcome only. Adopting them takes a moment.
    pub fn leave_python_tickets(&mut self) -> Duration {
        let count = usize::try_from(self.dice.roll(3)).unwrap_or_default();
        for member in self.members.clone().into_iter().take(count) {
            let open = Permissions::VIEW_CHANNEL.with(Permissions::SEND_MESSAGES);
            let grant = |id, kind, allow, deny| Overwrite { id, kind, allow, deny };
            let overwrites = [
                grant(self.cast.guild, Target::Role, Permissions::NONE, Permissions::VIEW_CHANNEL),
                grant(member, Target::Member, open, Permissions::NONE),
                grant(self.cast.support_role, Target::Role, open, Permissions::NONE),
                grant(self.cast.bot, Target::Member, open.with(Permissions::MANAGE_CHANNELS), Permissions::NONE),
            ];
            let channel = self.world.create_channel(TEXT, "old", Some(self.cast.category), &overwrites);
            let close = json!({ "type": 2, "style": 4, "label": "x", "custom_id": Button::CloseTicket.custom_id() });
            let row = json!([{ "type": 1, "components": [close] }]);
            let request = Request::new("POST", format!("/channels/{channel}/messages"))
                .body(json!({ "content": "welcome", "components": row }))
                .bot("token");
            self.world.rest(self.now, &request);
            self.adopted(channel, member);
            self.figures.add(Count::Inherited, 1);
        }
        self.world.take_dispatches();
        Duration::from_millis(500)
    }
}
