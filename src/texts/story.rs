//! A ticket's story as an administrator reads it in Discord, in messages that Discord takes.

use std::time::SystemTime;

use crate::lifecycle::Note;
use crate::texts::Texts;

/// The longest message that Discord takes.
const LONGEST: usize = 2_000;

impl Texts {
    /// A ticket's story, each step with its time, in as many messages as it takes.
    #[must_use]
    pub fn story(&self, number: Option<u64>, story: &[(SystemTime, Note)]) -> Vec<String> {
        let mut pages = vec![(self.title)(number)];
        for (at, note) in story {
            let line = cut(format!("{} {}", moment(*at), (self.step)(note)));
            match pages.last_mut() {
                Some(page) if length(page) + 1 + length(&line) <= LONGEST => {
                    page.push('\n');
                    page.push_str(&line);
                }
                _ => pages.push(line),
            }
        }
        pages
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
    use crate::ids::{ChannelId, UserId};
    use crate::language::Language;
    use crate::lifecycle::{Refusal, Right, Way, Why};
    use crate::texts::of;

    const NOON: SystemTime = SystemTime::UNIX_EPOCH;

    #[test]
    fn a_story_is_told_in_sentences() {
        let story = [
            (NOON, Note::Asked { by: UserId(1), way: Way::Button }),
            (
                NOON,
                Note::Retrying {
                    call: "create channel".into(),
                    why: Why::Refused(Refusal::Forbidden(vec![Right::ManageChannels])),
                    attempt: 1,
                    pause: Duration::from_millis(250),
                },
            ),
            (NOON, Note::Opened { channel: ChannelId(7) }),
        ];
        assert_eq!(
            of(Language::Russian).story(Some(3), &story),
            ["📖 история тикета №3\n\
              <t:0:d> <t:0:T> <@1> просит тикет (кнопка)\n\
              <t:0:d> <t:0:T> не удалось создать канал: мне не хватает права «управлять каналами»; \
              попытка 1, следующая через 0,3 с\n\
              <t:0:d> <t:0:T> тикет <#7> открыт"]
        );
    }

    #[test]
    fn a_long_pause_is_told_in_minutes() {
        let note = |seconds| Note::Retrying {
            call: "say".into(),
            why: Why::NoAnswer,
            attempt: 9,
            pause: Duration::from_secs(seconds),
        };
        for (seconds, russian, english) in
            [(30, "через 30 с", "in 30.0 s"), (90, "через 2 мин", "in 2 min"), (300, "через 5 мин", "in 5 min")]
        {
            for (language, end) in [(Language::Russian, russian), (Language::English, english)] {
                let told = of(language).story(None, &[(NOON, note(seconds))]);
                assert!(told[0].ends_with(end), "{told:?}");
            }
        }
    }

    #[test]
    fn a_long_story_takes_several_messages() {
        let story = vec![(NOON, Note::GaveUp { call: "x".repeat(300), why: Why::NoAnswer }); 40];
        let pages = of(Language::Russian).story(None, &story);
        assert!(pages.len() > 5 && pages.iter().all(|page| length(page) <= LONGEST));
        assert_eq!(pages.iter().map(|page| page.matches("больше не пробую").count()).sum::<usize>(), 40);
    }

    #[test]
    fn an_endless_line_is_cut() {
        let story = [(NOON, Note::GaveUp { call: "🎫".repeat(3_000), why: Why::NoAnswer })];
        assert!(of(Language::Russian).story(None, &story).iter().all(|page| length(page) <= LONGEST));
    }
}
