//! Which fields of a document the bot does not obey yet: they are validated and kept, and each is named.

use crate::model::settings::{Closing, HomeServer, LanguageChoice, Settings};
use crate::operator::settings::derive;

/// A line for each field that says something the bot does not do yet. Where the panel stands is still decided by the
/// environment, of which `home` may know.
pub(super) fn unobeyed(settings: &Settings, home: Option<HomeServer>) -> String {
    let lines = unobeyed_paths(settings, home).into_iter().map(|path| format!("not obeyed yet: {path}\n"));
    lines.collect()
}

fn unobeyed_paths(settings: &Settings, home: Option<HomeServer>) -> Vec<String> {
    obeyed_part(settings, home).map_or_else(Vec::new, |obeyed| obeyed.changed_paths(settings))
}

/// The document as the bot behaves: all that it obeys as it is in `settings`, and the rest as it does by itself.
fn obeyed_part(settings: &Settings, home: Option<HomeServer>) -> Option<Settings> {
    let (first, support_role) = (settings.ticket_types.first()?, *settings.staff_roles.first()?);
    let panel = settings.panels.first();
    let mut part = derive(HomeServer {
        panel_channel: home.map(|home| home.panel_channel).or(panel.map(|panel| panel.channel))?,
        category: first.category.or(home.map(|home| home.category)).unwrap_or(panel?.channel),
        support_role,
        close_delay: home.map(|home| home.close_delay).unwrap_or_default(),
        language: settings.language.unwrap_or(home.map_or(LanguageChoice::Ru, |home| home.language)),
    });
    part.language = settings.language;
    part.staff_roles.clone_from(&settings.staff_roles);
    part.administrators_are_staff = settings.administrators_are_staff;
    part.closing.delay = settings.closing.delay;
    part.closing.owner_may_close = settings.closing.owner_may_close;
    if let [ticket_type] = &mut *part.ticket_types {
        ticket_type.key.clone_from(&first.key);
        ticket_type.category = first.category;
        ticket_type.staff_roles.clone_from(&first.staff_roles);
        ticket_type.mention = first.mention;
        ticket_type.closing = first.closing.as_ref().map(|closing| Closing {
            delay: closing.delay,
            owner_may_close: closing.owner_may_close,
            ..Closing::default()
        });
    }
    if let [only] = &mut *part.panels {
        only.ticket_types = vec![first.key.clone()];
        if let Some(panel) = panel {
            only.key.clone_from(&panel.key);
        }
    }
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ChannelId, RoleId};

    const HOME: HomeServer = HomeServer {
        panel_channel: ChannelId(1),
        category: ChannelId(2),
        support_role: RoleId(3),
        close_delay: std::time::Duration::from_secs(5),
        language: LanguageChoice::Ru,
    };

    #[test]
    fn what_the_environment_gives_is_obeyed_whole() {
        for language in [LanguageChoice::Ru, LanguageChoice::En, LanguageChoice::Auto] {
            let home = HomeServer { language, ..HOME };
            assert_eq!(unobeyed(&derive(home), Some(home)), "");
            assert_eq!(unobeyed(&derive(home), None), "");
        }
    }

    #[test]
    fn each_field_that_is_not_obeyed_is_named_and_no_other() {
        let document = r#"{
            "version": 1, "time_zone": "Europe/Moscow", "staff_roles": ["3", "4"], "rating": true,
            "ticket_types": [{ "key": "help", "label": "создать тикет", "emoji": "🎫", "category": "9", "mention": "nobody",
                "channel_name": "{number}", "closing": { "delay": "1m", "owner_may_close": false, "confirm": true } }],
            "panels": [{ "key": "main", "channel": "8", "ticket_types": ["help"], "card": { "title": "x" } }]
        }"#;
        let settings = Settings::read(document).expect("a document");
        let paths = [
            "panels[0].channel",
            "panels[0].card",
            "rating",
            "ticket_types[0].channel_name",
            "ticket_types[0].closing.confirm",
            "time_zone",
        ];
        let mut found = unobeyed_paths(&settings, Some(HOME));
        found.sort();
        let mut expected = paths.map(str::to_owned);
        expected.sort();
        assert_eq!(found, expected);
    }
}
