//! Requests on their way to Discord, and answers on their way back; both get lost.

use std::time::Duration;

use serde_json::Value;
use talon::discord::{build_request, parse_response};
use talon::ids::ChannelId;
use talon::lifecycle::{ApiError, Notice, Outcome, Permission, Request};
use talon_sandbox::world::{self, Permissions, Snowflake};

use crate::bot::Seat;
use crate::game::{Game, Happening};

/// What the bot's transport gives up after.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A request on its way.
pub struct Letter {
    pub from: Seat,
    pub call: Request,
    pub fate: Fate,
    request: world::Request,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, and its answer comes back.
    Fine,
    /// The same, after seconds.
    Slow,
    /// The same, after Discord refused it for a while.
    Limited,
    /// A limit keeps it for so long that it is withdrawn.
    HeldUp,
    /// It never arrives.
    LostBefore,
    /// It arrives, and its answer does not.
    LostAfter,
    /// Something in between says 5xx, without or with the effect.
    ErrorBefore,
    ErrorAfter,
    /// It arrives when it has been given up.
    Late,
    /// It is refused at once: the channel, which exists, is said not to.
    Denied,
}

impl Fate {
    const fn is_answered(self) -> bool {
        matches!(self, Self::Fine | Self::Slow | Self::Limited | Self::Denied)
    }
}

impl Game {
    fn fate(&mut self, call: &Request) -> Fate {
        if self.outage {
            return self.dice.pick(&[Fate::LostBefore, Fate::ErrorBefore, Fate::ErrorBefore, Fate::LostAfter]);
        }
        let weather = &self.weather;
        let fates = [
            (weather.lost_before, Fate::LostBefore),
            (weather.lost_after, Fate::LostAfter),
            (weather.error_before, Fate::ErrorBefore),
            (weather.error_after, Fate::ErrorAfter),
            (weather.limited, Fate::Limited),
            (if call.is_awaited() { weather.held_up } else { 0 }, Fate::HeldUp),
            (weather.slow, Fate::Slow),
            (weather.late, Fate::Late),
            (if is_of_channel(call) { weather.denied } else { 0 }, Fate::Denied),
        ];
        let dice = &mut self.dice;
        fates.into_iter().find(|(rate, _)| dice.happens(*rate)).map_or(Fate::Fine, |(_, fate)| fate)
    }

    /// The bot makes a call.
    pub fn send(&mut self, from: Seat, call: Request) {
        self.check_order(from, &call);
        let fate = self.fate(&call);
        if fate == Fate::HeldUp {
            return self.hold_up(from, call);
        }
        if fate == Fate::Denied {
            return self.deny(from, call);
        }
        let pressed = matches!(call, Request::Acknowledge { .. });
        let there = match fate {
            Fate::Slow => self.dice.millis(300, 7000),
            Fate::Limited if pressed => self.dice.millis(200, 1500),
            Fate::Limited => self.dice.millis(300, 5000),
            _ => self.dice.millis(1, 60),
        };
        // A connection breaks at once, or the answer is awaited in vain.
        let despair = if self.dice.happens(700) { there + self.dice.millis(1, 100) } else { TIMEOUT };
        self.tell(|_| format!("{from} asks: {call:?} ({fate:?})"));
        self.excuse_letter(&call, fate, if fate.is_answered() { there } else { despair });
        if !fate.is_answered() {
            let (call, answer) = (call.clone(), Outcome::Indeterminate);
            self.plan(despair, Happening::Outcome { to: from, call, answer });
        }
        let late = self.dice.millis(1, 8000);
        let request = spelt(&call, self);
        let letter = Letter { from, call, fate, request };
        match fate {
            Fate::Fine | Fate::Slow | Fate::Limited | Fate::LostAfter | Fate::ErrorAfter => {
                self.plan(there, Happening::Reach(letter));
            }
            Fate::Late => self.plan(despair + late, Happening::Reach(letter)),
            Fate::LostBefore | Fate::ErrorBefore | Fate::HeldUp | Fate::Denied => {}
        }
    }

    /// A request is not made, because a limit is known, or met, that lasts too long.
    fn hold_up(&mut self, from: Seat, call: Request) {
        let wait = Duration::from_secs(self.dice.pick(&[16, 60, 300, 960]));
        self.tell(|_| format!("{from} asks: {call:?} (held up for {wait:?})"));
        match &call {
            // Nothing can be said in the channel then.
            Request::Say { channel, .. } | Request::ReadChannel { channel, .. } => {
                self.excuse_channel(Snowflake(channel.0), "a limit kept the bot from the channel");
            }
            _ => {}
        }
        let soon = self.dice.millis(1, 120);
        self.plan(soon, Happening::Outcome { to: from, call, answer: Outcome::Limited { wait } });
    }

    /// Discord does not find the channel, for a moment.
    fn deny(&mut self, from: Seat, call: Request) {
        self.tell(|_| format!("{from} asks: {call:?} (denied)"));
        let soon = self.dice.millis(1, 120);
        self.plan(soon, Happening::Outcome { to: from, call, answer: Outcome::Refused(ApiError::ChannelGone) });
    }

    /// A request takes effect.
    pub fn reach(&mut self, letter: Letter) {
        self.check_before(&letter);
        let reply = self.world.rest(self.now, &letter.request);
        self.tell(|_| {
            let code = reply.code().map(|code| format!(" {code}")).unwrap_or_default();
            format!("Discord: {} for {} → {}{code}", letter.call.name(), letter.from, reply.status)
        });
        self.check_after(&letter, &reply);
        if letter.fate.is_answered() {
            let body = reply.body.as_ref().map_or_else(Vec::new, |body: &Value| body.to_string().into_bytes());
            let answer = self.looked_into(&letter.call, parse_response(&letter.call, &self.place, reply.status, &body));
            let back = self.dice.millis(1, 60);
            self.plan(back, Happening::Outcome { to: letter.from, call: letter.call, answer });
        }
    }

    /// As the bot's client does, which looks whether it might have read something, and why it was forbidden.
    fn looked_into(&self, call: &Request, answer: Outcome) -> Outcome {
        let may_read = |channel: ChannelId| {
            self.world.permissions(self.cast.bot, Snowflake(channel.0)).has(Permissions::READ_MESSAGE_HISTORY)
        };
        let timed_out_until = || self.world.guild.members.get(&self.cast.bot)?.timed_out_until;
        match call {
            _ if answer == Outcome::Refused(ApiError::Forbidden(Vec::new())) => {
                timed_out_until().map_or(answer, |until| Outcome::Refused(ApiError::TimedOut { until }))
            }
            Request::ReadChannel { channel, .. } if call.may_have_missed(&answer) && !may_read(*channel) => {
                Outcome::Refused(ApiError::Forbidden(vec![Permission::ReadMessageHistory]))
            }
            _ => answer,
        }
    }

    /// A process that dies takes some of its requests with it; the others are on the wire.
    pub fn cut_off(&mut self, is_dead: impl Fn(&Seat) -> bool) {
        self.call_off(|happening, dice| match happening {
            Happening::Reach(letter) => is_dead(&letter.from) && dice.happens(500),
            _ => false,
        });
    }
}

/// What it is for hangs on the channel.
const fn is_of_channel(call: &Request) -> bool {
    matches!(
        call,
        Request::GetChannel { .. }
            | Request::RestoreAccess { .. }
            | Request::ReadChannel { .. }
            | Request::Welcome { .. }
            | Request::Say { words: Notice::Closing(_), .. }
            | Request::DeleteChannel { .. }
    )
}

/// As it goes over the wire.
fn spelt(call: &Request, game: &Game) -> world::Request {
    let ask = build_request(call, &game.place);
    let path = ask.path();
    world::Request {
        method: ask.verb().to_owned(),
        path: path.strip_prefix("/api/v10").unwrap_or(&path).to_owned(),
        query: ask.query.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        files: Vec::new(),
        body: ask.payload,
        authorization: Some("Bot token".to_owned()),
        reason: ask.reason.map(str::to_owned),
    }
}
