//! Who asked for what, what they are owed, and why they may be disappointed.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use talon::actors::journal::Question;
use talon::ids::{ChannelId, Owner};
use talon::language::Language;
use talon::lifecycle::{Document, Notice, Request, State};
use talon::texts;
use talon_sandbox::world::Snowflake;
use talon_sandbox::world::interactions::Progress;

use crate::figures::Count;
use crate::game::{Game, Happening};
use crate::post::Fate;
use crate::promises::{Ask, Check, Wish, opener};
use crate::weather::Weather;

impl Game {
    pub fn asks(&mut self, id: Snowflake, user: Snowflake, channel: Snowflake, wish: Wish, pressed: bool) {
        let unseen = !pressed && !self.world.guild.available;
        let excuse = unseen.then_some("the server was out of sight");
        let ask = Ask {
            user,
            at: self.now,
            channel,
            wish,
            pressed,
            heard: None,
            repeated: false,
            passed_on: 0,
            lost: 0,
            excuse,
        };
        self.promises.asks.insert(id.0, ask);
        self.figures.add(Count::Asked, 1);
        self.figures.add(Count::Waived, u64::from(unseen));
        if pressed {
            self.plan(Duration::from_millis(3000), Happening::Check(Check::Acknowledged(id.0)));
        }
        self.plan(Duration::from_secs(15 * 60 - 1), Happening::Check(Check::Answered(id.0)));
    }

    fn excuse_where(&mut self, why: &'static str, is_it: impl Fn(u64, &Ask) -> bool) {
        let pending = self.promises.asks.iter_mut().filter(|(id, ask)| ask.excuse.is_none() && is_it(**id, ask));
        let excused: Vec<u64> = pending
            .map(|(id, ask)| {
                ask.excuse = Some(why);
                *id
            })
            .collect();
        self.figures.add(Count::Waived, excused.len() as u64);
        if !excused.is_empty() {
            self.tell(|_| format!("excused, because {why}: {excused:?}"));
        }
    }

    pub fn excuse_id(&mut self, data: &Value, why: &'static str) {
        let id: Option<u64> = data["id"].as_str().and_then(|id| id.parse().ok());
        self.excuse_where(why, |other, _| Some(other) == id);
    }

    pub fn excuse_channel(&mut self, channel: Snowflake, why: &'static str) {
        self.excuse_where(why, |_, ask| ask.channel == channel);
    }

    pub fn excuse_owner(&mut self, owner: Owner, why: &'static str) {
        let member = Snowflake(owner.member.0);
        let channel = self.rows.state(owner).channel().map(|channel| Snowflake(channel.0));
        let now = self.now;
        self.excuse_where(why, |_, ask| {
            ask.at + Duration::from_secs(60) > now && (ask.user == member || Some(ask.channel) == channel)
        });
    }

    /// Whoever waits for an answer when the bot dies. An opening that was saved is finished, with its answer, by the next
    /// life: one that was written, or one that was pressed and deferred.
    pub fn excuse_pending(&mut self, why: &'static str) {
        let saved: Vec<u64> = self.rows.tickets.values().filter_map(opener).collect();
        let asks = || self.promises.asks.iter();
        let pending: Vec<u64> = asks().filter(|(id, ask)| !self.is_done(**id, ask)).map(|(id, _)| *id).collect();
        let now = self.now;
        let kept: Vec<u64> = asks()
            .filter(|(id, ask)| saved.contains(id) && (!ask.pressed || self.is_thinking(**id)))
            .map(|(id, _)| *id)
            .collect();
        self.excuse_where(why, |id, ask| {
            let fresh = ask.at + Duration::from_secs(3) > now;
            (pending.contains(&id) || fresh) && !kept.contains(&id)
        });
    }

    /// At a start: who has been waiting for so long that Discord may not take their answer.
    pub fn excuse_old(&mut self) {
        let now = self.now;
        self.excuse_where("the bot was dead for too long", |_, ask| ask.at + Duration::from_secs(13 * 60) < now);
    }

    fn is_thinking(&self, id: u64) -> bool {
        self.world.progress(self.now, Snowflake(id)) == Some(Progress::Thinking)
    }

    /// The journal actor is asked for a story.
    pub fn pass_on_to_clerk(&mut self, question: &Question) {
        let Some(ask) = self.promises.asks.get_mut(&question.requester.request_id().0) else { return };
        ask.passed_on += 1;
        self.figures.add(Count::Stories, 1);
        let meant = question.ticket.is_none_or(|ticket| ticket.0 == ask.channel.0);
        if ask.wish != Wish::Explain || ask.passed_on > 1 || !meant {
            let what = format!("{} asked for {:?}, and the journal actor was told {question:?}", ask.user, ask.wish);
            self.broken(what);
        }
    }

    fn is_done(&self, id: u64, ask: &Ask) -> bool {
        if ask.passed_on > 0 {
            return true;
        }
        match self.world.progress(self.now, Snowflake(id)) {
            Some(progress) => progress == Progress::Answered,
            None if ask.pressed => true,
            None => self.replies(ask.channel, Snowflake(id)) > 0,
        }
    }

    /// Answers that Discord or the way to it would not take in time.
    pub fn excuse_letter(&mut self, call: &Request, fate: Fate, takes: Duration) {
        if let Request::DeleteChannel { channel } = call
            && let Some(read) = self.promises.read.remove(channel)
        {
            self.promises.condemned.insert(*channel, read);
        }
        let (id, mut limit, mut tries) = match call {
            Request::Acknowledge { press, .. } | Request::EditReply { press, .. } => {
                (press.interaction.0, Duration::from_secs(13 * 60), 60)
            }
            Request::Say { request_id, .. } => (request_id.0, Duration::from_secs(100), 20),
            _ => return,
        };
        if self.world.progress(self.now, Snowflake(id)) == Some(Progress::Waiting) {
            (limit, tries) = (Duration::from_millis(2300), 3);
        }
        let Some(ask) = self.promises.asks.get_mut(&id) else { return };
        ask.lost += u32::from(fate != Fate::Fine);
        if fate != Fate::Fine && (ask.at + limit < self.now + takes || ask.lost >= tries) {
            self.excuse_where("Discord did not take the answer in time", |other, _| other == id);
        }
    }
}

impl Game {
    pub fn check(&mut self, check: Check) {
        let (Check::Acknowledged(id) | Check::Answered(id)) = check;
        let Some(ask) = self.promises.asks.get(&id) else { return };
        let here = self.world.channels.contains_key(&ask.channel);
        if ask.excuse.is_some() || ask.heard.is_none() || !here {
            return;
        }
        let progress = self.world.progress(self.now, Snowflake(id));
        let verdict = match check {
            _ if ask.passed_on > 0 => Ok(()),
            Check::Acknowledged(_) => match progress {
                Some(Progress::Answered | Progress::Thinking) => Ok(()),
                other => Err(format!("nothing for three seconds: {other:?}")),
            },
            Check::Answered(_) if ask.pressed => match progress {
                Some(Progress::Answered) => self.judge_press(id, ask),
                other => Err(format!("no answer at all: {other:?}")),
            },
            Check::Answered(_) => self.judge_command(id, ask),
        };
        if let Err(why) = verdict {
            let what = format!("{} asked ({id}, {:?}), and: {why}", ask.user, ask.wish);
            self.broken(what);
        }
    }

    fn judge_press(&self, id: u64, ask: &Ask) -> Result<(), String> {
        let reply = self.world.reply_to(Snowflake(id));
        reply.map_or(Ok(()), |reply| self.judge(id, ask, &reply.content))
    }

    fn judge_command(&self, id: u64, ask: &Ask) -> Result<(), String> {
        let replies = || self.by_bot(ask.channel).filter(|message| message.reply_to == Some(Snowflake(id)));
        match (replies().count(), ask.wish) {
            (1, _) => replies().try_for_each(|reply| self.judge(id, ask, &reply.content)),
            // The announcement is the answer, and it is to nobody in particular.
            (0, Wish::Close { may: true }) if self.announcements(ask.channel) > 0 => Ok(()),
            // What was just refused there is not refused once more for everybody to read.
            (0, _) if ask.repeated => Ok(()),
            // It may not speak there, and says so nowhere.
            (0, _) if self.weather_then.rights > 0 => Ok(()),
            (count, _) => Err(format!("{count} answers")),
        }
    }

    /// Whether these words are a right answer.
    fn judge(&self, id: u64, ask: &Ask, said: &str) -> Result<(), String> {
        let weather = &self.weather_then;
        let is = |words: &Notice| texts::of(Language::Russian).say(words) == said;
        let later = |words| weather.held_up > 0 && says_until(words, said);
        let right = match ask.wish {
            Wish::Open if later(Notice::OpenLater) => true,
            Wish::Close { may } if later(Notice::CloseLater) => may,
            Wish::SetUp { may } if later(Notice::PanelLater) => may,
            Wish::SetUp { .. } if later(Notice::AskLater) => true,
            Wish::Open => self.is_right_opening(id, ask, said),
            Wish::Close { may } if texts::announces_closing(said) => may && !self.is_left_announced(ask.channel),
            Wish::Close { may } if is(&Notice::AlreadyClosing) => may,
            Wish::Close { may } if is(&Notice::NoRights) => !may,
            // It could not be said in the channel, so it was not done.
            Wish::Close { may } if is_close_failure(said) => may && weather.rights > 0,
            Wish::Close { .. } | Wish::CloseNothing if is(&Notice::NotATicket) => {
                ask.wish == Wish::CloseNothing || *weather != Weather::default()
            }
            Wish::SetUp { may } if is(&Notice::AdministratorsOnly) => !may,
            Wish::SetUp { may } if is(&Notice::PanelInPlace) => may,
            Wish::SetUp { .. } if is(&Notice::PanelFailed) => !weather.is_clear() || weather.rights > 0,
            Wish::SetUp { .. } if is(&Notice::DiscordDown) => !weather.is_clear(),
            // The ticket may be one that is just being looked into.
            Wish::Close { .. } if is(&Notice::TryAgain) => true,
            Wish::Elsewhere if is(&Notice::AnotherServer) => true,
            Wish::Close { .. } | Wish::CloseNothing | Wish::Explain | Wish::Elsewhere if is(&Notice::DiscordDown) => {
                !weather.is_clear()
            }
            _ if is(&Notice::TryAgain) || is(&Notice::CannotSave) => !weather.saves(),
            Wish::Close { .. } | Wish::CloseNothing | Wish::SetUp { .. } | Wish::Explain | Wish::Elsewhere => false,
        };
        if right { Ok(()) } else { Err(format!("was told: {said}")) }
    }

    /// The ticket is open again, though all that can be read is that it will be closed: nothing in this game kept the bot
    /// from correcting that, or made it forget to.
    fn is_left_announced(&self, channel: Snowflake) -> bool {
        let weather = &self.weather_then;
        let undisturbed = weather.is_clear() && weather.hears_everything() && weather.saves();
        let is_open = |row: &Document| row.state == State::Open { channel: ChannelId(channel.0) };
        let last = self.by_bot(channel).last();
        undisturbed
            && self.rows.tickets.values().any(is_open)
            && last.is_some_and(|message| texts::announces_closing(&message.content))
    }

    fn is_right_opening(&self, id: u64, ask: &Ask, said: &str) -> bool {
        let weather = &self.weather_then;
        let is = |words: &Notice| texts::of(Language::Russian).say(words) == said;
        let theirs = self.promises.tickets.iter().filter(|(_, made)| made.member == ask.user);
        let told = |words: fn(ChannelId) -> Notice| {
            let mut theirs = theirs.clone();
            theirs.find(|(channel, _)| is(&words(ChannelId(channel.0)))).map(|(_, made)| made)
        };
        if let Some(made) = told(Notice::Created) {
            return made.request_id == Some(id);
        }
        let theirs = self.promises.copies.iter().filter(|(_, copied)| copied.member == ask.user);
        let is_one = |words: fn(ChannelId) -> Notice| theirs.clone().any(|(copy, _)| is(&words(ChannelId(copy.0))));
        if [Notice::Created, Notice::AlreadyOpen].into_iter().any(is_one) {
            return true;
        }
        if let Some(made) = told(Notice::AlreadyOpen) {
            let knowable = weather.is_clear() && weather.hears_everything();
            return made.gone.is_none_or(|gone| ask.at <= gone) || !knowable;
        }
        is(&Notice::StillOpening) && weather.slow_disk > 0
            || (is(&Notice::StillOpening) || is(&Notice::DiscordDown)) && !weather.is_clear()
            || is(&Notice::CategoryFull) && weather.full > 0
            || (is(&Notice::CategoryGone) || is(&Notice::SupportRoleGone)) && (weather.ruin || weather.leave)
            || (is(&Notice::BotLacks(Vec::new())) || says_until(Notice::BotTimedOut, said)) && weather.rights > 0
            || (is(&Notice::TicketHidden) || is(&Notice::TicketHiddenStaffTold)) && weather.syncs > 0
            || is(&Notice::ChannelGone) && weather.deletions + weather.copies > 0
            || (is(&Notice::TryAgain) || is(&Notice::CannotSave)) && !weather.saves()
    }
}

/// These words, of whatever time.
pub(super) fn says_until(words: fn(SystemTime) -> Notice, said: &str) -> bool {
    let text = texts::of(Language::Russian).say(&words(SystemTime::UNIX_EPOCH));
    text.split("<t:").next().is_some_and(|begin| said.starts_with(begin))
}

fn is_close_failure(said: &str) -> bool {
    said == texts::of(Language::Russian).say(&Notice::CloseFailed(Vec::new()))
        || says_until(Notice::CloseTimedOut, said)
}
