//! Names that are a slip of the pen away from a variable that the bot knows.
//!
//! A variable under a wrong name is ignored, and an optional one is then missed by nobody: `CLOSE_DELY=1m` would close
//! tickets after five seconds.

use crate::config::setting::NAMES;

/// A variable that is probably meant to be another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Typo {
    /// As it is written.
    pub(super) name: String,
    /// What the bot would read.
    pub(super) meant: &'static str,
}

impl Typo {
    /// What to do about it; follows its name.
    pub(super) fn advice(&self) -> String {
        format!("is no setting of the bot and is ignored: is {} meant?", self.meant)
    }
}

/// The variable that is probably meant by this name; none where the name is right, or like no other.
pub(super) fn find(name: &str) -> Option<Typo> {
    let upper = name.to_uppercase();
    let meant = NAMES.into_iter().find(|known| is_one_slip_away(&upper, known))?;
    let known = NAMES.contains(&name);
    (!known).then(|| Typo { name: name.to_owned(), meant })
}

/// Whether one text becomes the other by changing, adding or leaving out one letter, or by swapping two neighbours.
fn is_one_slip_away(written: &str, known: &str) -> bool {
    let (written, known): (Vec<char>, Vec<char>) = (written.chars().collect(), known.chars().collect());
    let same = written.iter().zip(&known).take_while(|(one, other)| one == other).count();
    let (written, known) = (&written[same..], &known[same..]);
    match (written, known) {
        ([], [] | [_]) | ([_], []) => true,
        ([], _) | (_, []) => false,
        ([one, rest @ ..], [other, others @ ..]) => {
            let swapped = matches!((rest, others), ([second, tail @ ..], [first, tails @ ..])
                if one == first && second == other && tail == tails);
            swapped || rest == others || rest == known || written == others
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_is_noticed_and_two_are_not() {
        let cases = [
            ("DISCORD_TOKE", "DISCORD_TOKEN"),
            ("DISCORD_TOKENN", "DISCORD_TOKEN"),
            ("DISCROD_TOKEN", "DISCORD_TOKEN"),
            ("discord_token", "DISCORD_TOKEN"),
            ("Discord_Tokn", "DISCORD_TOKEN"),
            ("DISCORD_TOKEN_FIL", "DISCORD_TOKEN_FILE"),
            ("TICKET_CATAGORY_ID", "TICKET_CATEGORY_ID"),
            ("UPPORT_ROLE_ID", "SUPPORT_ROLE_ID"),
            ("SUPPORT_ROLEID", "SUPPORT_ROLE_ID"),
            ("CLOSE_DELY", "CLOSE_DELAY"),
            ("RUST_LGO", "RUST_LOG"),
        ];
        for (name, meant) in cases {
            assert_eq!(find(name), Some(Typo { name: name.to_owned(), meant }), "{name}");
        }
        for name in NAMES {
            assert_eq!(find(name), None, "{name} is right");
        }
        for name in ["", "PATH", "LOC", "DISCORD", "TOKEN", "DISCORD_TKN", "TICKET_CHANNEL_ID", "ROLE_SUPPORT_ID"] {
            assert_eq!(find(name), None, "{name}");
        }
    }
}
