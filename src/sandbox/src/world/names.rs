//! What Discord makes of a channel's name. A text channel's name is lowered, its spaces become dashes and its
//! punctuation goes; a bot that compares names without knowing this is wrong on the first "Anna B.".
//! (Discord documentation, *Channels Resource*, "Channel Structure": names have 1 to 100 characters; the rest is
//! observed behaviour that Discord does not write down.)

/// Kinds of channel whose names are normalised: text, announcement, forum, media.
const NORMALISED: &[u8] = &[0, 5, 15, 16];

/// The name under which a channel of this kind is kept, or nothing when nothing is left of it.
pub(super) fn normalise(kind: u8, name: &str) -> Option<String> {
    let name = if NORMALISED.contains(&kind) { dashed(name) } else { name.trim().to_owned() };
    (!name.is_empty()).then_some(name)
}

fn dashed(name: &str) -> String {
    let mut result = String::new();
    for letter in name.trim().chars().flat_map(char::to_lowercase) {
        let letter = if letter.is_whitespace() { '-' } else { letter };
        if is_dropped(letter) || (letter == '-' && result.ends_with('-')) {
            continue;
        }
        result.push(letter);
    }
    result.trim_matches('-').to_owned()
}

/// ASCII punctuation other than dash and underscore, control characters, and marks that draw nothing or turn the text.
fn is_dropped(letter: char) -> bool {
    let invisible = matches!(letter, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    invisible || letter.is_control() || (letter.is_ascii_punctuation() && letter != '-' && letter != '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_what_discord_makes_of_them() {
        let cases = [
            ("ticket-alice", Some("ticket-alice")),
            ("Ticket Anna B.", Some("ticket-anna-b")),
            ("тикет-Мария", Some("тикет-мария")),
            ("a  --  b", Some("a-b")),
            ("under_score", Some("under_score")),
            ("🎫 hi", Some("🎫-hi")),
            ("🎫", Some("🎫")),
            ("@everyone", Some("everyone")),
            ("**bold**", Some("bold")),
            ("\u{202e}abc", Some("abc")),
            ("!!!", None),
            ("---", None),
            ("   ", None),
        ];
        for (name, expected) in cases {
            assert_eq!(normalise(0, name).as_deref(), expected, "{name:?}");
        }
    }

    #[test]
    fn categories_and_voice_keep_their_names() {
        assert_eq!(normalise(4, "Support: Tickets!").as_deref(), Some("Support: Tickets!"));
        assert_eq!(normalise(2, "General Voice").as_deref(), Some("General Voice"));
    }
}
