//! The known name that a wrong one is probably meant to be.

/// The known name that differs least from the written one; none where all differ too much.
pub(super) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer than any name: nothing to compare.
    if written.len() > 64 {
        return None;
    }
    let written: Vec<char> = written.to_lowercase().chars().collect();
    let distances = known.into_iter().map(|name| (distance(&written, name), name));
    let (distance, name) = distances.min_by_key(|(distance, _)| *distance)?;
    let allowed = 1 + written.len().max(name.chars().count()) / 4;
    (distance <= allowed && distance < written.len().max(1)).then_some(name)
}

/// How many letters have to be changed, added, left out or swapped with their neighbour.
fn distance(written: &[char], name: &str) -> usize {
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=name.len()).collect();
    for (row, letter) in written.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, other) in name.iter().enumerate() {
            let changed = last[column] + usize::from(letter != other);
            let mut cheapest = changed.min(last[column + 1] + 1).min(next[column] + 1);
            if row > 0 && column > 0 && written[row - 1] == *other && *letter == name[column - 1] {
                cheapest = cheapest.min(before[column - 1] + 1);
            }
            next.push(cheapest);
        }
        before = std::mem::replace(&mut last, next);
    }
    last[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_a_different_word_is_not() {
        let known = ["label", "staff_roles", "max_open", "key", "Europe/Moscow"];
        let cases = [
            ("lable", Some("label")),
            ("Label", Some("label")),
            ("staffroles", Some("staff_roles")),
            ("staff_role", Some("staff_roles")),
            ("maxopen", Some("max_open")),
            ("keys", Some("key")),
            ("europe/moscow", Some("Europe/Moscow")),
            ("Europe/Moskow", Some("Europe/Moscow")),
            ("colour", None),
            ("", None),
            ("x", None),
        ];
        for (written, meant) in cases {
            assert_eq!(nearest(written, known), meant, "{written}");
        }
    }
}
