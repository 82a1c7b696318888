//! Text that others wrote, made safe for a terminal.
//!
//! A name in Discord may hold nearly anything. An escape sequence would move the operator's cursor, a direction mark
//! would turn the rest of the line around, a line feed would begin a line that looks like the bot's own, and what has
//! no width makes two different names look alike. Such characters are shown by their number, so that one still sees
//! what is there.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text in one line, with every character that a terminal would not show as such written as `\u{202e}`.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_hidden(letter) {
            // Writing to a string does not fail.
            let _ = write!(shown, "{}", letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// Whether a terminal obeys this character or shows nothing for it: controls, line and paragraph separators, direction
/// marks, and what has no width (Unicode's general categories Cc, Cf, Zl and Zp, and the fillers). The joiner and the
/// variation selectors are left alone: emoji are made of them.
pub(crate) fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
            | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180e}' | '\u{200b}'..='\u{200c}'
            | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_by_its_number() {
        let cases = [
            ("alice", "alice"),
            ("Алиса 🎫 é ‰ 愛", "Алиса 🎫 é ‰ 愛"),
            ("👩\u{200d}💻 🎟\u{fe0f}", "👩\u{200d}💻 🎟\u{fe0f}"),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{9b}31mred", "\\u{9b}31mred"),
            ("one\ntwo\r\tthree", "one\\u{a}two\\u{d}\\u{9}three"),
            ("exe\u{202e}txt.\u{2066}", "exe\\u{202e}txt.\\u{2066}"),
            ("ad\u{200b}min\u{feff}\u{ad}", "ad\\u{200b}min\\u{feff}\\u{ad}"),
            ("one\u{2028}two\u{2029}", "one\\u{2028}two\\u{2029}"),
            ("\u{e0041}tag", "\\u{e0041}tag"),
            ("\u{3164}", "\\u{3164}"),
            ("\u{0}\u{7f}", "\\u{0}\\u{7f}"),
        ];
        for (text, shown) in cases {
            assert_eq!(printable(text), shown, "{text:?}");
        }
    }
}
