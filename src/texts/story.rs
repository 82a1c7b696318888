//! A ticket's story: the steps of its journal in the words of one language, for Discord and for a terminal.

use std::time::SystemTime;

use crate::ids::{ChannelId, GuildId, TicketNumber, UserId};
use crate::lifecycle::JournalEvent;
use crate::texts::{Texts, mention};

/// The longest message that Discord takes.
const LONGEST: usize = 2_000;

/// How a story names people, channels and moments.
pub struct Naming<'a> {
    /// A member, or whoever else asked for something.
    pub person: &'a dyn Fn(UserId) -> String,
    /// A channel.
    pub channel: &'a dyn Fn(ChannelId) -> String,
    /// A moment to come, behind words such as "until".
    pub moment: &'a dyn Fn(SystemTime) -> String,
}

/// As Discord shows them: the client knows the names, and each reader's time zone.
const MENTIONS: Naming<'static> =
    Naming { person: &|user| format!("<@{user}>"), channel: &mention, moment: &super::relative };

/// What `talon explain` says around the steps of a story.
pub struct Explain {
    /// Above the story of a ticket: its number, its owner, its server, and its channel where it is known.
    pub ticket: fn(TicketNumber, &str, GuildId, Option<&str>) -> String,
    /// Above what is known of a member who had no ticket.
    pub no_ticket: fn(&str, GuildId, Option<&str>) -> String,
    /// Above everything, where there is more than is told.
    pub cut: &'static str,
    /// A line that this version cannot read.
    pub unknown: fn(&str) -> String,
}

impl Texts {
    /// One step of a ticket's story, without its time: a sentence without a full stop.
    #[must_use]
    pub fn step(&self, note: &JournalEvent, naming: &Naming<'_>) -> String {
        (self.step)(note, naming)
    }

    /// What stands around the steps in a terminal.
    #[must_use]
    pub const fn explain(&self) -> &Explain {
        &self.explain
    }

    /// A ticket's story, each step with its time, in as many messages as it takes.
    #[must_use]
    pub fn story(&self, number: Option<TicketNumber>, story: &[(SystemTime, JournalEvent)]) -> Vec<String> {
        let mut pages = vec![(self.title)(number)];
        for (at, note) in story {
            let line = cut(format!("{} {}", moment(*at), (self.step)(note, &MENTIONS)));
            append(&mut pages, line);
        }
        pages
    }

    /// What everybody who reads in `ticket` may know of it, and how an administrator comes to know the rest.
    #[must_use]
    pub fn public_story(
        &self,
        number: Option<TicketNumber>,
        ticket: ChannelId,
        story: &[(SystemTime, JournalEvent)],
    ) -> Vec<String> {
        let public: Vec<_> = story.iter().filter(|(_, note)| note.is_public(ticket)).cloned().collect();
        let mut pages = self.story(number, &public);
        if public.len() < story.len() {
            append(&mut pages, self.whole_story.to_owned());
        }
        pages
    }
}

/// A foreign name as inline code, in which Discord obeys neither markdown nor mentions.
pub(super) fn quote(name: &str) -> String {
    let plain: String = name.chars().filter(|letter| *letter != '`' && !letter.is_control()).collect();
    format!("`{plain}`")
}

fn append(pages: &mut Vec<String>, line: String) {
    match pages.last_mut() {
        Some(page) if length(page) + 1 + length(&line) <= LONGEST => {
            page.push('\n');
            page.push_str(&line);
        }
        _ => pages.push(line),
    }
}

/// Discord counts UTF-16 units at worst.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn cut(mut line: String) -> String {
    while length(&line) > LONGEST {
        line.pop();
    }
    line
}

/// A time that every reader sees in their own zone.
fn moment(at: SystemTime) -> String {
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("<t:{seconds}:d> <t:{seconds}:T>")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::language::Language;
    use crate::lifecycle::{ApiError, Permission, Reason, Source};
    use crate::texts::of;

    const NOON: SystemTime = SystemTime::UNIX_EPOCH;

    #[test]
    fn a_story_is_told_in_sentences() {
        let story = [
            (NOON, JournalEvent::Asked { by: UserId(1), way: Source::Button }),
            (
                NOON,
                JournalEvent::Retrying {
                    call: "create channel".into(),
                    why: Reason::Refused(ApiError::Forbidden(vec![Permission::ManageChannels])),
                    attempt: 1,
                    pause: Duration::from_millis(250),
                },
            ),
            (NOON, JournalEvent::Opened { channel: ChannelId(7) }),
        ];
        assert_eq!(
            of(Language::Russian).story(Some(TicketNumber(3)), &story),
            ["📖 история тикета #3\n\
              <t:0:d> <t:0:T> <@1> открывает тикет (кнопка)\n\
              <t:0:d> <t:0:T> не удалось создать канал: мне не хватает права «управлять каналами»; \
              попытка 1, следующая через 0,3 с\n\
              <t:0:d> <t:0:T> тикет <#7> открыт"]
        );
    }

    #[test]
    fn what_was_done_is_public_and_what_was_refused_in_private_is_not() {
        let ticket = ChannelId(7);
        let down = |way, channel| JournalEvent::TurnedDown { by: UserId(2), way, channel, why: Reason::NoRights };
        let hidden = [
            down(Source::Button, Some(ticket)),
            down(Source::Command, Some(ChannelId(8))),
            down(Source::Command, None),
            JournalEvent::AskedAgain { by: UserId(1), way: Source::Button },
            JournalEvent::Retrying { call: "say".into(), why: Reason::NoAnswer, attempt: 1, pause: Duration::ZERO },
            JournalEvent::GaveUp { call: "say".into(), why: Reason::NoAnswer },
            JournalEvent::Unclaimed { channel: ChannelId(9) },
            JournalEvent::NotTold,
            JournalEvent::Unsaved,
        ];
        let shown = [
            JournalEvent::Asked { by: UserId(1), way: Source::Button },
            JournalEvent::Opened { channel: ticket },
            down(Source::Command, Some(ticket)),
            JournalEvent::CloseAsked { by: UserId(1), way: Source::Slash },
            JournalEvent::Announced,
        ];
        let at_noon = |note: &JournalEvent| (NOON, note.clone());
        for (language, rest) in [
            (Language::Russian, "вся история, только для тебя: `/история` (`/explain`)"),
            (Language::English, "the whole story, for you alone: `/explain`"),
        ] {
            let texts = of(language);
            let public: Vec<_> = shown.iter().map(at_noon).collect();
            assert_eq!(
                texts.public_story(Some(TicketNumber(3)), ticket, &public),
                texts.story(Some(TicketNumber(3)), &public),
                "nothing is left out"
            );
            let all: Vec<_> = hidden.iter().chain(&shown).map(at_noon).collect();
            let [told] = &texts.public_story(Some(TicketNumber(3)), ticket, &all)[..] else { panic!("one page") };
            assert_eq!(*told, format!("{}\n{rest}", texts.story(Some(TicketNumber(3)), &public)[0]));
        }
    }

    #[test]
    fn a_long_pause_is_told_in_minutes() {
        let note = |seconds| JournalEvent::Retrying {
            call: "say".into(),
            why: Reason::NoAnswer,
            attempt: 9,
            pause: Duration::from_secs(seconds),
        };
        for (seconds, russian, english) in
            [(30, "через 30 с", "in 30 s"), (90, "через 2 мин", "in 2 min"), (300, "через 5 мин", "in 5 min")]
        {
            for (language, end) in [(Language::Russian, russian), (Language::English, english)] {
                let told = of(language).story(None, &[(NOON, note(seconds))]);
                assert!(told[0].ends_with(end), "{told:?}");
            }
        }
    }

    #[test]
    fn a_long_story_takes_several_messages() {
        let story = vec![(NOON, JournalEvent::GaveUp { call: "x".repeat(300), why: Reason::NoAnswer }); 40];
        let pages = of(Language::Russian).story(None, &story);
        assert!(pages.len() > 5 && pages.iter().all(|page| length(page) <= LONGEST));
        assert_eq!(pages.iter().map(|page| page.matches("больше не пробую").count()).sum::<usize>(), 40);
    }

    #[test]
    fn an_endless_line_is_cut() {
        let story = [(NOON, JournalEvent::GaveUp { call: "🎫".repeat(3_000), why: Reason::NoAnswer })];
        assert!(of(Language::Russian).story(None, &story).iter().all(|page| length(page) <= LONGEST));
    }
}
