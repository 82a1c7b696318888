//! Choosing from a list: by number, by name, or by id.

use std::fmt::Write as _;

/// What can be chosen.
pub struct Menu {
    /// What stands above the list.
    pub title: &'static str,
    /// The things, in the order in which people know them.
    pub items: Vec<Item>,
    /// Something new may be made; what it is.
    pub new: Option<&'static str>,
}

/// A thing that can be chosen.
pub struct Item {
    /// Its id.
    pub id: u64,
    /// How people would write it.
    pub name: String,
    /// Something that tells it from others of the same name, if there is anything.
    pub hint: Option<String>,
    /// What speaks against it, where anything does.
    pub warning: Option<Warning>,
}

/// What speaks against a thing.
pub struct Warning {
    /// What, as the rest of a sentence about it.
    pub words: String,
    /// It is asked for once more before it is taken.
    pub asks: bool,
}

impl Item {
    /// Its name, and what tells it from others of the same name.
    pub fn label(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("  ({hint})")).unwrap_or_default();
        format!("{}{hint}", self.name)
    }
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub enum Pick {
    /// The thing with this id.
    Id(u64),
    /// A new one.
    New,
    /// Nothing: look at the list again.
    Again,
    /// It cannot be told; why.
    Unclear(&'static str),
}

impl Menu {
    /// The list, with numbers.
    pub fn text(&self) -> String {
        let mut text = format!("\n{}\n\n", self.title);
        for (number, item) in (1..).zip(&self.items) {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {number:>3}  {}", item.label());
            if let Some(warning) = &item.warning {
                let _ = writeln!(text, "       ! {}", warning.words);
            }
        }
        if let Some(new) = self.new {
            let _ = writeln!(text, "  new  {new}");
        }
        text
    }

    /// The question below it.
    pub const fn question(&self) -> &'static str {
        match (self.new, self.items.is_empty()) {
            (Some(_), _) => "Which one? A number, a name, or new; just Enter looks again:",
            (None, false) => "Which one? A number or a name; just Enter looks again:",
            (None, true) => "Just Enter looks again:",
        }
    }

    /// What an answer means.
    pub fn pick(&self, answer: &str) -> Pick {
        if answer.is_empty() {
            return Pick::Again;
        }
        let number = answer.parse::<usize>().ok();
        if let Some(item) = number.and_then(|number| self.items.get(number.checked_sub(1)?)) {
            return Pick::Id(item.id);
        }
        let bare = |name: &str| name.trim_start_matches(['#', '@']).to_lowercase();
        let wanted = bare(answer);
        let fits = |item: &&Item| bare(&item.name) == wanted || item.id.to_string() == answer;
        let mut found = self.items.iter().filter(fits);
        match (found.next(), found.next()) {
            (Some(item), None) => Pick::Id(item.id),
            (Some(_), Some(_)) => Pick::Unclear("There are several of that name: please give the number."),
            (None, _) if wanted == "new" && self.new.is_some() => Pick::New,
            (None, _) => Pick::Unclear("That is not in the list."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn menu(new: Option<&'static str>) -> Menu {
        let item = |id, name: &str| Item { id, name: name.to_owned(), hint: None, warning: None };
        let items = vec![item(501, "#support"), item(502, "#Lounge"), item(503, "#lounge"), item(504, "#2")];
        Menu { title: "Channels", items, new }
    }

    #[test]
    fn answers_are_numbers_names_or_ids() {
        let cases = [
            ("1", Pick::Id(501)),
            ("support", Pick::Id(501)),
            ("#SUPPORT", Pick::Id(501)),
            ("503", Pick::Id(503)),
            ("2", Pick::Id(502)),
            ("#2", Pick::Id(504)),
            ("", Pick::Again),
            ("new", Pick::New),
        ];
        for (answer, expected) in cases {
            assert_eq!(menu(Some("a new one")).pick(answer), expected, "{answer}");
        }
        for answer in ["0", "5", "-1", "lounge", "hat", "99999999999999999999999"] {
            assert!(matches!(menu(None).pick(answer), Pick::Unclear(_)), "{answer}");
        }
        assert!(matches!(menu(None).pick("new"), Pick::Unclear(_)));
    }

    #[test]
    fn the_list_has_a_number_before_each() {
        let text = menu(Some("make a new text channel")).text();
        assert!(text.contains("\n    1  #support\n") && text.contains("\n    4  #2\n"), "{text}");
        assert!(text.ends_with("  new  make a new text channel\n"), "{text}");
    }
}
