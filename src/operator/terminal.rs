//! The terminal: how wide it is, and how a text is fitted into it.

use crate::platform::terminal_width;

/// Lines are broken no earlier than this, however narrow the window is.
const NARROWEST: usize = 40;

/// The text as it fits the terminal that it is printed to; as it is, where it goes anywhere else.
#[must_use]
pub fn fit_terminal(text: &str) -> String {
    match terminal_width() {
        Some(width) => wrap(text, width),
        None => text.to_owned(),
    }
}

/// Breaks long lines between words. What follows stands below the beginning of the line's text; a word that is too
/// long by itself, an address say, stays whole.
fn wrap(text: &str, width: usize) -> String {
    let width = width.max(NARROWEST);
    text.split_inclusive('\n').map(|line| wrap_line(line, width)).collect()
}

fn wrap_line(line: &str, width: usize) -> String {
    let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
    if visible_width(line) <= width {
        return format!("{line}{end}");
    }
    let text = line.trim_start();
    let marks = text.find(|letter: char| !matches!(letter, '→' | ' ')).unwrap_or(0);
    let margin =
        " ".repeat((visible_width(&line[..line.len() - text.len()]) + text[..marks].chars().count()).min(width / 2));
    let mut wrapped = String::new();
    let mut used = 0;
    // Each word with the spaces before it: a table's columns stay where they are.
    let mut rest = line;
    while !rest.is_empty() {
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        let word_end = rest[spaces..].find(' ').map_or(rest.len(), |end| spaces + end);
        let (word, later) = rest.split_at(word_end);
        let length = visible_width(word);
        let fresh = wrapped.is_empty() || used == margin.len() && wrapped.ends_with(&margin);
        if !fresh && used + length > width {
            wrapped.push('\n');
            wrapped.push_str(&margin);
            wrapped.push_str(&word[spaces..]);
            used = margin.len() + visible_width(&word[spaces..]);
        } else {
            wrapped.push_str(word);
            used += length;
        }
        rest = later;
    }
    wrapped + end
}

/// How many columns a text takes, its colours not counted.
fn visible_width(text: &str) -> usize {
    let mut coloured = false;
    text.chars()
        .filter(|&letter| {
            let counts = !coloured && letter != '\x1b';
            coloured = letter == '\x1b' || coloured && letter != 'm';
            counts
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_between_words_and_short_ones_stay() {
        let cases = [
            ("short\n\nlines  stay\n", "short\n\nlines  stay\n"),
            (
                "a line that is a good deal longer than forty columns\nnext",
                "a line that is a good deal longer than\nforty columns\nnext",
            ),
            (
                "    an indented line keeps its margin below itself\n",
                "    an indented line keeps its margin\n    below itself\n",
            ),
            (
                "  → what to do about it is told in several words\n",
                "  → what to do about it is told in\n    several words\n",
            ),
            (
                "see https://discord.com/oauth2/authorize?client_id=1 there",
                "see\nhttps://discord.com/oauth2/authorize?client_id=1\nthere",
            ),
            (
                "\x1b[31m✗\x1b[0m exactly forty columns without colours\n",
                "\x1b[31m✗\x1b[0m exactly forty columns without colours\n",
            ),
            ("строка по-русски, которая длиннее сорока колонок", "строка по-русски, которая длиннее сорока\nколонок"),
        ];
        for (text, wrapped) in cases {
            assert_eq!(wrap(text, 40), wrapped, "{text:?}");
            assert_eq!(wrap(text, 200), text, "{text:?}");
            assert_eq!(wrap(text, 1), wrapped, "no narrower than forty");
        }
    }
}
