use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::discord::{
    Application, BotGateway, BotPermissions, Channel, ChannelCounts, ChannelKind, ChannelLookup, ClockSkew, DeniedBy,
    DiscordError, MissingPermission, Named, NoGuild, Role, RoleHolders, RoleSource, Scope, SessionStartLimit,
    required_permissions,
};
use crate::ids::{ApplicationId, ChannelId, GuildId, MessageId, RoleId, UserId};
use crate::operator::facts::{Contents, Database, Disk, PanelFile, StoredSettings};
use crate::operator::finding::{self, Status};
use crate::operator::rights::name;
use crate::store::panel::NoPanel;
use crate::store::{OpenError, OpenErrorKind, StoreError};

fn spot(id: u64, name: &str, kind: ChannelKind) -> ChannelLookup {
    ChannelLookup::Found(Channel { id: ChannelId(id), name: name.to_owned(), kind, parent: None })
}

fn gateway(remaining: u32) -> BotGateway {
    let limit = SessionStartLimit { total: 1_000, remaining, reset_after: 3_600_000, max_concurrency: 1 };
    BotGateway { url: "wss://gateway.discord.gg".into(), shards: 1, session_start_limit: Some(limit) }
}

/// All is well.
fn facts() -> Facts {
    let support = Role { id: RoleId(3), name: "support".into(), mentionable: false, source: RoleSource::Moderator };
    let home = HomeGuild {
        guild: Named { id: GuildId(4), name: "talon".into() },
        channel_counts: Ok(ChannelCounts { total: 3, in_category: 0 }),
        panel: spot(1, "help", ChannelKind::Text),
        category: spot(2, "tickets", ChannelKind::Category),
        support: Ok(Some(support)),
        holders: RoleHolders { members: Some(9), per_role: [(RoleId(3), 2)].into() },
        requires_two_factor: Ok(false),
        permissions: Ok(BotPermissions {
            administrator: false,
            role: Some("helper".into()),
            missing: vec![],
            unchecked: vec![],
            timed_out: None,
        }),
    };
    let diagnostics = Diagnostics {
        bot: Named { id: UserId(9), name: "talon".into() },
        two_factor: Some(false),
        application: Ok(Application { id: ApplicationId(9), flags: Some(1 << 19) }),
        gateway: Ok(gateway(998)),
        home: Ok(home),
        commands: Ok(true),
        clock: ClockSkew::Behind(Duration::ZERO),
    };
    let panel = PanelFile { path: "panel.json".into(), said: Ok(MessageId(7)), writable: Ok(()) };
    let contents =
        Contents { tickets: Ok((1, 2)), damage: Ok(vec![]), settings: Ok(vec![]), another_process: Ok(None) };
    let database = Database { path: "talon.db".into(), state: Ok(contents), writable: Ok(()) };
    Facts { discord: Ok(diagnostics), disk: Disk { panel, database, free: Ok(1 << 30) } }
}

fn diagnostics(facts: &mut Facts) -> &mut Diagnostics {
    facts.discord.as_mut().unwrap()
}

fn home(facts: &mut Facts) -> &mut HomeGuild {
    diagnostics(facts).home.as_mut().unwrap()
}

fn rights(facts: &mut Facts) -> &mut BotPermissions {
    home(facts).permissions.as_mut().unwrap()
}

fn support(facts: &mut Facts) -> &mut Role {
    home(facts).support.as_mut().unwrap().as_mut().unwrap()
}

fn listing(facts: &mut Facts) -> &mut ChannelCounts {
    home(facts).channel_counts.as_mut().unwrap()
}

fn why() -> LookupFailure {
    LookupFailure("why".to_owned())
}

/// What is not as it should be: the check, how bad it is, and both texts.
fn amiss(change: impl FnOnce(&mut Facts)) -> Vec<(&'static str, Status, String)> {
    let mut facts = facts();
    change(&mut facts);
    let findings = examine(&facts).into_iter().filter(|finding| finding.status != Status::Ok);
    findings.map(|finding| (finding.check, finding.status, finding.to_string())).collect()
}

/// The same without what only hangs on it.
fn amiss_itself(change: impl FnOnce(&mut Facts)) -> Vec<(&'static str, Status, String)> {
    let mut facts = facts();
    change(&mut facts);
    let dependent: Vec<_> = examine(&facts).into_iter().filter(Finding::depends).map(|finding| finding.check).collect();
    amiss(|known| *known = facts).into_iter().filter(|(check, ..)| !dependent.contains(check)).collect()
}

/// One thing is amiss, and nothing else; these words tell of it.
#[track_caller]
fn alone(status: Status, check: &str, words: &[&str], change: impl FnOnce(&mut Facts)) {
    let amiss = amiss_itself(change);
    let [(found, how, text)] = &amiss[..] else { panic!("one thing is amiss: {amiss:#?}") };
    assert_eq!((*found, *how), (check, status), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} in {text:?}");
    }
}

#[track_caller]
fn error(check: &str, words: &[&str], change: impl FnOnce(&mut Facts)) {
    alone(Status::Error, check, words, change);
}

#[track_caller]
fn warning(check: &str, words: &[&str], change: impl FnOnce(&mut Facts)) {
    alone(Status::Warning, check, words, change);
}

#[test]
fn where_all_is_well_every_line_says_so() {
    assert_eq!(amiss(|_| ()), []);
    let names: std::collections::BTreeSet<_> = CHECKS.iter().map(|check| check.name).collect();
    assert_eq!(names.len(), CHECKS.len(), "programs tell them apart by name");
}

#[track_caller]
fn unchecked(check: &str, words: &[&str], change: impl FnOnce(&mut Facts)) {
    alone(Status::Unchecked, check, words, change);
}

#[test]
fn each_right_taken_away_alone_is_one_finding() {
    for right in required_permissions() {
        let lack = MissingPermission { permission: right, scope: Scope::Guild, denied_by: None };
        let amiss = amiss_itself(|facts| rights(facts).missing.push(lack));
        let [(check, Status::Error, text)] = &amiss[..] else { panic!("{right:?}: {amiss:#?}") };
        assert!(text.contains("Server Settings → Roles → \"helper\" → Permissions"), "{text}");
        assert!(text.contains(&format!("switch \"{}\" on", name(right))), "{text}");
        let title = CHECKS.iter().find(|known| known.name == *check).unwrap().title;
        assert_eq!(title == name(right), right != Permission::MentionEveryone, "{title}");
    }
}

#[test]
fn what_an_overwrite_takes_away_is_given_back_there() {
    let lack =
        |scope, denied_by| MissingPermission { permission: Permission::ViewChannel, scope, denied_by: Some(denied_by) };
    let everyone = lack(Scope::Category, DeniedBy::Everyone);
    error(
        "view_channels",
        &[
            "denied to @everyone in the category \"tickets\"",
            "right-click \"tickets\" → Edit Category",
            "role \"helper\"",
        ],
        |facts| rights(facts).missing.push(everyone),
    );
    let roles = lack(Scope::Panel, DeniedBy::Roles(vec!["bots".into()]));
    error(
        "view_channels",
        &["the bot's role \"bots\" in the panel channel #help", "right-click #help → Edit Channel", "role \"helper\""],
        |facts| rights(facts).missing.push(roles),
    );
    error("view_channels", &["denied to the bot itself", "the member \"talon\""], |facts| {
        rights(facts).missing.push(lack(Scope::Panel, DeniedBy::Bot));
    });
    error("view_channels", &["in the category", "and denied", "; and right-click"], |facts| {
        let both = [lack(Scope::Category, DeniedBy::Everyone), lack(Scope::Panel, DeniedBy::Everyone)];
        rights(facts).missing.extend(both);
    });
}

#[test]
fn a_bot_without_a_role_of_its_own_is_invited_again() {
    error("send_messages", &["no role of its own", "talon invite"], |facts| {
        let lack = MissingPermission { permission: Permission::SendMessages, scope: Scope::Guild, denied_by: None };
        *rights(facts) = BotPermissions {
            administrator: false,
            role: None,
            missing: vec![lack],
            unchecked: vec![],
            timed_out: None,
        };
    });
}

#[test]
fn a_support_that_anyone_may_mention_needs_no_right() {
    let lack = MissingPermission { permission: Permission::MentionEveryone, scope: Scope::Guild, denied_by: None };
    error("support_mention", &["nobody is notified", "Allow anyone to @mention this role"], |facts| {
        rights(facts).missing.push(lack.clone());
    });
    let amiss = amiss(|facts| {
        rights(facts).missing.push(lack);
        support(facts).mentionable = true;
    });
    assert_eq!(amiss, []);
}

#[test]
fn who_the_bot_is() {
    warning("message_content", &["the slash commands work", "Bot → Privileged Gateway Intents"], |facts| {
        diagnostics(facts).application.as_mut().unwrap().flags = Some(0);
    });
    unchecked("message_content", &["not checked: why"], |facts| diagnostics(facts).application = Err(why()));
    unchecked("message_content", &["Discord does not tell"], |facts| {
        diagnostics(facts).application.as_mut().unwrap().flags = None;
    });
    warning("two_factor", &["Enable Two-Factor Auth"], |facts| home(facts).requires_two_factor = Ok(true));
    let owner_has_it = |facts: &mut Facts| {
        home(facts).requires_two_factor = Ok(true);
        diagnostics(facts).two_factor = Some(true);
    };
    assert_eq!(amiss(owner_has_it), []);
    warning("administrator", &["not needed", "\"helper\""], |facts| rights(facts).administrator = true);
}

#[test]
fn a_bot_in_time_out_lacks_no_right_and_is_told_until_when() {
    let words = ["until 2026-11-28 13:00:00 UTC", "right-click \"talon\"", "Remove Timeout", "Timeout Members"];
    error("time_out", &words, |facts| {
        rights(facts).timed_out = Some(humantime::parse_rfc3339("2026-11-28T13:00:00Z").unwrap());
    });
}

#[test]
fn an_outage_is_one_line_and_nothing_is_wrong() {
    let cases = [
        (DiscordError::TokenRejected, "token", Status::Error, "Reset Token"),
        (DiscordError::NoAnswer(None), "discord", Status::Unchecked, "reaches https://discord.com"),
        (DiscordError::NoAnswer(Some(503)), "discord", Status::Unchecked, "status 503"),
        (DiscordError::InvalidProxy, "discord", Status::Error, "DISCORD_PROXY"),
    ];
    for (why, check, status, words) in cases {
        let mut facts = facts();
        facts.discord = Err(why);
        let findings = examine(&facts);
        let told: Vec<_> =
            findings.iter().filter(|finding| finding.status != Status::Ok && !finding.depends()).collect();
        let [told] = told[..] else { panic!("one line: {told:#?}") };
        assert_eq!((told.check, told.status), (check, status));
        assert!(told.to_string().contains(words), "{told}");
        let on_this_machine =
            findings.iter().filter(|finding| finding.status == Status::Ok && finding.check != "discord");
        assert_eq!(on_this_machine.count(), 6, "what needs no Discord is checked all the same: {findings:#?}");
    }
}

#[test]
fn how_many_sessions_are_left() {
    let left = |remaining| move |facts: &mut Facts| diagnostics(facts).gateway = Ok(gateway(remaining));
    assert_eq!(amiss(left(100)), []);
    warning("session_starts", &["99 of 1000 new ones left; reset in 1h", "another process"], left(99));
    error("session_starts", &["0 of 1000", "cannot connect before"], left(0));
    assert_eq!(amiss(|facts| diagnostics(facts).gateway.as_mut().unwrap().session_start_limit = None), []);
    unchecked("session_starts", &["not checked: why"], |facts| diagnostics(facts).gateway = Err(why()));
}

#[test]
fn nothing_that_was_not_told_is_in_place() {
    type Taking = fn(&mut Facts);
    let takings: [(Taking, usize); 9] = [
        (|facts| diagnostics(facts).application = Err(why()), 1),
        (|facts| diagnostics(facts).home = Err(NoGuild::Unknown(why())), 18),
        (|facts| home(facts).channel_counts = Err(why()), 2),
        (|facts| home(facts).permissions = Err(why()), 12),
        (|facts| home(facts).support = Err(why()), 2),
        (|facts| home(facts).requires_two_factor = Err(why()), 1),
        (|facts| rights(facts).unchecked.push(Scope::Panel), 4),
        (|facts| home(facts).category = ChannelLookup::Unknown(why()), 2),
        (
            |facts| {
                home(facts).panel = ChannelLookup::Unknown(why());
                rights(facts).unchecked.push(Scope::Panel);
            },
            5,
        ),
    ];
    for (number, (taken, unknown)) in takings.into_iter().enumerate() {
        let mut facts = facts();
        taken(&mut facts);
        let findings = examine(&facts);
        let open = findings.iter().filter(|finding| finding.status != Status::Ok);
        assert!(open.clone().all(|finding| finding.status == Status::Unchecked), "{number}: {findings:#?}");
        assert_eq!(open.count(), unknown, "{number}: {findings:#?}");
        let own = finding::causes(&findings).into_iter().filter(|(finding, _)| !finding.depends());
        assert_eq!(own.count(), 1, "{number}: one cause is one line: {findings:#?}");
        assert_eq!(finding::worst(&findings), Status::Unchecked);
        assert!(!finding::summary(&findings).contains("in place"));
    }
}

#[test]
fn a_hidden_channel_is_given_back_to_the_bot_and_not_looked_for_elsewhere() {
    let lack = MissingPermission {
        permission: Permission::ViewChannel,
        scope: Scope::Panel,
        denied_by: Some(DeniedBy::Hidden),
    };
    let amiss = amiss(|facts| {
        home(facts).panel = ChannelLookup::Hidden(ChannelId(1));
        rights(facts).missing.push(lack);
        rights(facts).unchecked.push(Scope::Panel);
    });
    let wrong: Vec<_> = amiss.iter().filter(|(_, status, _)| *status == Status::Error).collect();
    let [("view_channels", _, text)] = wrong[..] else { panic!("{amiss:#?}") };
    for words in ["with the id 1, which is hidden", "Edit Channel", "\"View Channels\" to ✓", "correct TICKET_BUTTON"]
    {
        assert!(text.contains(words), "{words:?} in {text}");
    }
    let unknown: Vec<_> =
        amiss.iter().filter(|(_, status, _)| *status == Status::Unchecked).map(|(check, ..)| *check).collect();
    assert_eq!(unknown, ["panel_channel", "send_messages", "embed_links", "read_message_history"]);
    error("server", &["hidden from the bot", "\"talon\"", "\"View Channel\" to ✓"], |facts| {
        diagnostics(facts).home = Err(NoGuild::Hidden(vec![Named { id: GuildId(4), name: "talon".into() }]));
    });
}

#[test]
fn a_bot_that_was_invited_without_slash_commands() {
    warning("commands", &["scope applications.commands", "client_id=9&scope=bot%20applications.commands"], |facts| {
        diagnostics(facts).commands = Ok(false);
    });
    unchecked("commands", &["not checked: why"], |facts| diagnostics(facts).commands = Err(why()));
}

#[test]
fn a_bot_in_no_server_or_in_another_is_invited() {
    let invited = |why: NoGuild, words: &str| {
        let amiss = amiss(|facts| diagnostics(facts).home = Err(why));
        let wrong: Vec<_> = amiss.iter().filter(|(_, status, _)| *status == Status::Error).collect();
        let [("server", _, text)] = &wrong[..] else { panic!("{wrong:#?}") };
        assert!(text.contains(words) && text.contains("client_id=9&"), "{text}");
    };
    invited(NoGuild::NotInAny, "in no server");
    invited(NoGuild::Elsewhere(vec![Named { id: GuildId(5), name: "chess club".into() }]), "\"chess club\"");
}

#[test]
fn what_the_settings_name() {
    let panel = |spot: ChannelLookup, words: &str| {
        let words = [words, "right-click a text channel of \"talon\"", "TICKET_BUTTON_CHANNEL_ID"];
        error("panel_channel", &words, |facts| home(facts).panel = spot);
    };
    panel(ChannelLookup::Missing, "does not exist");
    panel(ChannelLookup::InOtherGuild, "in another server");
    panel(spot(2, "tickets", ChannelKind::Category), "\"tickets\" is no text channel");
    unchecked("panel_channel", &["ask `talon doctor` again"], |facts| {
        home(facts).panel = ChannelLookup::Unknown(why())
    });
    unchecked("panel_channel", &["does not tell what kind of channel"], |facts| {
        home(facts).panel = spot(1, "help", ChannelKind::Unknown);
    });
    error("category", &["#help is no category", "TICKET_CATEGORY_ID"], |facts| {
        home(facts).category = spot(1, "help", ChannelKind::Text);
    });
    error("support_role", &["every member would see", "SUPPORT_ROLE_ID"], |facts| {
        support(facts).source = RoleSource::Everyone;
    });
    warning("support_role", &["belongs to a bot"], |facts| support(facts).source = RoleSource::Bot);
    warning("support_role", &["@support is given to whoever boosts", "SUPPORT_ROLE_ID"], |facts| {
        support(facts).source = RoleSource::Boosters;
    });
    let held = |count| move |facts: &mut Facts| home(facts).holders.per_role = [(RoleId(3), count)].into();
    warning("support_role", &["@support is held by 5 of about 9 members", "SUPPORT_ROLE_ID"], held(5));
    warning("support_role", &["@support is held by nobody", "give your support team"], held(0));
    assert_eq!(amiss(|facts| home(facts).holders = RoleHolders::default()), [], "not told is nobody's fault");
}

#[test]
fn what_is_missing_is_wrong_once_and_what_hangs_on_it_unknown() {
    let role = amiss(|facts| home(facts).support = Ok(None));
    let [("support_role", Status::Error, _), ("support_mention", Status::Unchecked, _)] = &role[..] else {
        panic!("{role:#?}")
    };
    let category = amiss(|facts| home(facts).category = ChannelLookup::Missing);
    let [("category", Status::Error, _), ("category_room", Status::Unchecked, _)] = &category[..] else {
        panic!("{category:#?}")
    };
}

#[test]
fn how_full_it_is() {
    let tickets = |count| move |facts: &mut Facts| listing(facts).in_category = count;
    assert_eq!(amiss(tickets(39)), []);
    let room = |change: fn(&mut Facts)| {
        let mut facts = facts();
        listing(&mut facts).in_category = 5;
        change(&mut facts);
        let found = examine(&facts).into_iter().find(|finding| finding.check == "category_room").unwrap();
        (found.status, found.found)
    };
    let (status, found) = room(|_| ());
    assert_eq!(status, Status::Ok);
    assert!(found.starts_with("at least 5 of 50") && found.contains("not counted"), "45 may be hidden: {found}");
    assert_eq!(room(|facts| rights(facts).administrator = true), (Status::Ok, "5 of 50 channels".to_owned()));
    let (status, found) = room(|facts| {
        rights(facts).missing.push(MissingPermission {
            permission: Permission::ViewChannel,
            scope: Scope::Guild,
            denied_by: None,
        });
    });
    assert!(status == Status::Unchecked && found.contains("5 of 50 channels; others are hidden"), "{found}");
    warning("category_room", &["40 of 50"], tickets(40));
    error("category_room", &["50 of 50", "no ticket can be opened"], tickets(50));
    warning("server_room", &["499 of 500"], |facts| listing(facts).total = 499);
    error("server_room", &["500 of 500"], |facts| listing(facts).total = 500);
}

fn denied() -> io::Error {
    io::ErrorKind::PermissionDenied.into()
}

fn refused(obstacle: OpenErrorKind) -> Result<Contents, OpenError> {
    Err(OpenError { path: PathBuf::from("talon.db"), obstacle })
}

#[test]
fn the_panel_file() {
    assert_eq!(amiss(|facts| facts.disk.panel.said = Err(NoPanel::NoFile)), []);
    warning("panel_file", &["no id", "sends the panel anew"], |facts| facts.disk.panel.said = Err(NoPanel::NoId));
    error("panel_file", &["cannot be read"], |facts| {
        facts.disk.panel.said = Err(NoPanel::Unreadable(denied()));
    });
    error("panel_file", &["cannot be written", "TICKET_MESSAGE_FILE"], |facts| {
        facts.disk.panel.writable = Err(denied());
    });
}

#[test]
fn the_database() {
    let none = |facts: &mut Facts| facts.disk.database.state = refused(OpenErrorKind::Missing);
    assert_eq!(amiss(none), []);
    error("database", &["cannot be written", "DATABASE_URL"], |facts| {
        none(facts);
        facts.disk.database.writable = Err(denied());
    });
    error("database", &["cannot be read"], |facts| {
        let tickets = Err(StoreError::Other("odd".into()));
        facts.disk.database.state =
            Ok(Contents { tickets, damage: Ok(vec![]), settings: Ok(vec![]), another_process: Ok(None) });
    });
    error("database_integrity", &["row 5 missing", "restore a backup"], |facts| {
        let damage = Ok(vec!["row 5 missing".into(), "row 6 missing".into()]);
        facts.disk.database.state =
            Ok(Contents { tickets: Ok((1, 2)), damage, settings: Ok(vec![]), another_process: Ok(None) });
    });
    let newer = amiss(|facts| facts.disk.database.state = refused(OpenErrorKind::Newer { found: 9, known: 1 }));
    let [
        ("database", Status::Error, text),
        ("database_integrity", Status::Unchecked, _),
        ("stored_settings", Status::Unchecked, _),
        ("one_process", ..),
    ] = &newer[..]
    else {
        panic!("{newer:#?}")
    };
    assert!(text.contains("version 9") && text.contains("start the newer bot"), "{text}");
}

#[test]
fn another_process_with_the_token() {
    let seen = |minutes: u64| {
        move |facts: &mut Facts| {
            let another_process = Ok(Some(Duration::from_secs(60 * minutes)));
            facts.disk.database.state =
                Ok(Contents { tickets: Ok((1, 2)), damage: Ok(vec![]), settings: Ok(vec![]), another_process });
        }
    };
    warning("one_process", &["5 minutes ago", "reset the token"], seen(5));
    assert_eq!(amiss(seen(60)), []);
}

#[test]
fn the_disk_and_the_clock() {
    error("disk_space", &["9 MB free", "make room"], |facts| facts.disk.free = Ok(9 << 20));
    warning("disk_space", &["99 MB free"], |facts| facts.disk.free = Ok(99 << 20));
    unchecked("disk_space", &["not checked"], |facts| facts.disk.free = Err(denied()));
    let by = |clock| move |facts: &mut Facts| diagnostics(facts).clock = clock;
    assert_eq!(amiss(by(ClockSkew::Ahead(Duration::from_secs(4)))), []);
    warning("clock", &["30 s fast", "timedatectl"], by(ClockSkew::Ahead(Duration::from_secs(30))));
    error("clock", &["3600 s slow"], by(ClockSkew::Behind(Duration::from_secs(3600))));
    unchecked("clock", &["did not tell the time"], by(ClockSkew::Unknown));
}

#[test]
fn each_variable_that_a_stored_document_overrules_is_named() {
    let with = |overruled| {
        let mut facts = facts();
        if let Ok(contents) = &mut facts.disk.database.state {
            contents.settings = Ok(vec![StoredSettings { guild: GuildId(4), revision: 7, overruled }]);
        }
        let found = examine(&facts).into_iter().find(|finding| finding.check == "stored_settings");
        let found = found.expect("the check");
        (found.status, found.to_string())
    };
    let overruled = vec![("CLOSE_DELAY", "closing.delay".to_owned()), ("SUPPORT_ROLE_ID", "staff_roles[1]".to_owned())];
    let (status, told) = with(Ok(overruled));
    assert_eq!(status, Status::Warning, "{told}");
    assert!(told.contains("CLOSE_DELAY (closing.delay), SUPPORT_ROLE_ID (staff_roles[1])"), "{told}");
    assert_eq!(with(Ok(vec![])).0, Status::Ok);
    assert_eq!(with(Err("no JSON".to_owned())).0, Status::Error);
}
