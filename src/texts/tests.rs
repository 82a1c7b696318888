//! What all languages have in common.

use super::*;

mod settings;

const TICKET: ChannelId = ChannelId(7);

/// One of each.
fn all_words() -> Vec<Notice> {
    vec![
        Notice::Created(TICKET),
        Notice::AlreadyOpen(TICKET),
        Notice::StillOpening,
        Notice::Closing(Duration::from_secs(60)),
        Notice::AlreadyClosing,
        Notice::NoRights,
        Notice::NotATicket,
        Notice::CategoryFull,
        Notice::ServerFull,
        Notice::CategoryGone,
        Notice::SupportRoleGone,
        Notice::BotLacks(vec![Permission::ManageChannels]),
        Notice::BotTimedOut(SystemTime::UNIX_EPOCH),
        Notice::BotRemoved,
        Notice::OpenRefused,
        Notice::DiscordDown,
        Notice::TryAgain,
        Notice::OpenLater(SystemTime::UNIX_EPOCH),
        Notice::CloseLater(SystemTime::UNIX_EPOCH),
        Notice::PanelLater(SystemTime::UNIX_EPOCH),
        Notice::AskLater(SystemTime::UNIX_EPOCH),
        Notice::CannotSave,
        Notice::ChannelGone,
        Notice::CloseFailed(vec![]),
        Notice::CloseTimedOut(SystemTime::UNIX_EPOCH),
        Notice::CommunityChannel,
        Notice::CloseRefused,
        Notice::TicketHidden,
        Notice::TicketHiddenStaffTold,
        Notice::OwnerLockedOut(UserId(7)),
        Notice::PanelInPlace,
        Notice::PanelFailed,
        Notice::AdministratorsOnly,
        Notice::AnotherServer,
        Notice::PrivateMessage,
        Notice::UnknownControl,
    ]
}

#[test]
fn only_an_announcement_begins_like_one_in_any_language() {
    for language in Language::ALL {
        for words in all_words() {
            let text = of(language).say(&words);
            assert_eq!(announces_closing(&text), matches!(words, Notice::Closing(_)), "{text}");
        }
    }
}

#[test]
fn no_text_stands_in_for_another_language() {
    let is_cyrillic = |text: &str| text.chars().any(|letter| matches!(letter, 'а'..='я' | 'А'..='Я'));
    for language in Language::ALL {
        let texts = of(language);
        let card = |card: &Card| [card.title, card.description, card.field, card.hint, card.label];
        let mut said: Vec<String> = all_words().iter().map(|words| texts.say(words)).collect();
        said.extend(card(&texts.panel).into_iter().chain(card(&texts.welcome)).map(str::to_owned));
        said.extend(Command::SLASH.map(|command| texts.slash(command).description.to_owned()));
        let Channel { neutral, mark: [mark, _], created, restored, deleted } = texts.channel;
        said.extend([neutral, mark, created, restored, deleted, texts.new_ticket].map(str::to_owned));
        for text in said {
            assert_eq!(is_cyrillic(&text), language == Language::Russian, "{text}");
        }
    }
}

#[test]
fn discord_takes_the_commands_as_they_are_called() {
    for language in Language::ALL {
        let mut names: Vec<&str> = Command::SLASH.map(|command| of(language).slash(command).name).to_vec();
        for name in &names {
            assert!(name.chars().all(|letter| letter.is_lowercase() && letter.is_alphabetic()), "{name}");
            assert!((1..=32).contains(&name.chars().count()), "{name}");
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Command::SLASH.len());
        for command in Command::SLASH {
            assert!((1..=100).contains(&of(language).slash(command).description.chars().count()));
        }
    }
    for command in Command::SLASH {
        assert_eq!(
            of(Language::English).slash(command).name,
            command.name(),
            "the name that every language can fall back on"
        );
    }
}

#[test]
fn an_announcement_of_any_delay_is_known_again_and_so_is_one_of_an_older_version() {
    for language in Language::ALL {
        for seconds in [0, 1, 5, 60, 90, 3_600, 5_400, 86_400, 90_000] {
            let text = of(language).say(&Notice::Closing(Duration::from_secs(seconds)));
            assert!(announces_closing(&text), "{text}");
        }
    }
    // An older version told every delay in seconds.
    for text in ["🔒 тикет будет закрыт через 3600 секунд...", "🔒 this ticket will be closed in 3600 seconds..."]
    {
        assert!(announces_closing(text), "{text}");
    }
}
