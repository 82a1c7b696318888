//! What an import takes over, what it leaves and why, and that it writes all of it or nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::ids::{ChannelId, TicketId, TicketNumber, UserId};
use crate::lifecycle::{JournalEvent, State};
use crate::store::{Filter, Stage};

const GUILD: GuildId = GuildId(1_100_000_000_000_000_001);
const ALICE: u64 = 1_300_000_000_000_000_001;
const BOB: u64 = 1_300_000_000_000_000_002;
const FIRST_CHANNEL: u64 = 1_400_000_000_000_000_007;

/// A folder for a database and for the files of another bot.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn database(&self) -> PathBuf {
        self.0.path().join("talon.db")
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    async fn run(&self, command: &Command) -> Result<Report, ImportError> {
        super::run(&self.database(), command, now()).await
    }

    async fn import(&self, command: &Command) -> Report {
        self.run(command).await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn refuse(&self, command: &Command) -> ImportError {
        match self.run(command).await {
            Ok(report) => panic!("{}", report.print()),
            Err(error) => error,
        }
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.database()).unwrap()
    }
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/import").join(name)
}

fn options() -> Options {
    Options { server: None, dry_run: false, json: false }
}

fn discord_tickets(file: impl Into<PathBuf>) -> Command {
    Command::DiscordTickets { file: file.into(), options: options() }
}

fn open_ticket(folder: impl Into<PathBuf>) -> Command {
    Command::OpenTicket { folder: folder.into(), options: options() }
}

fn with(mut command: Command, change: impl FnOnce(&mut Options)) -> Command {
    let (Command::DiscordTickets { options, .. } | Command::OpenTicket { options, .. }) = &mut command;
    change(options);
    command
}

fn owner(member: u64) -> Owner {
    Owner { guild: GUILD, member: UserId(member) }
}

fn adopted(report: &Report) -> Vec<(u64, u64, u64, Option<&str>)> {
    let tickets = report.plan.adopted.iter();
    tickets.map(|it| (it.number.0, it.member.0, it.channel.0, it.ticket_type.as_deref())).collect()
}

fn skipped(report: &Report) -> Vec<(&str, &str)> {
    report.plan.skipped.iter().map(|it| (&*it.place.part, it.reason.code())).collect()
}

fn ticket_line(channel: u64, number: u64, member: u64, more: &str) -> String {
    format!(r#"{{"id":"{channel}","number":{number},"createdById":"{member}","open":true{more}}}"#)
}

#[tokio::test]
async fn an_export_of_discord_tickets_becomes_tickets_with_their_numbers() {
    let home = Home::new();
    let report = home.import(&discord_tickets(sample("discord-tickets/export.zip"))).await;

    let [first, second] = [(7, ALICE, FIRST_CHANNEL, Some("Support")), (9, BOB, FIRST_CHANNEL + 2, Some("Purchases"))];
    assert_eq!(adopted(&report), [first, second]);
    let skips = [("line 2", "closed"), ("line 4", "second_ticket"), ("line 5", "broken")];
    assert_eq!(skipped(&report), skips);
    assert_eq!(report.exit_code(), 1, "an open ticket stays behind");
    let tickets = home.reader().all().unwrap();
    let rows: Vec<_> = tickets.iter().map(|it| (it.owner, it.number.0, it.opened, it.stage)).collect();
    let row = |(number, member, channel, _): (u64, u64, u64, _)| {
        let channel = ChannelId(channel);
        (owner(member), number, channel.made_at(), Stage::Open { channel })
    };
    let in_milliseconds = |at: SystemTime| at.duration_since(UNIX_EPOCH).unwrap().as_millis();
    assert_eq!(rows, [row(first), row(second)]);
    assert_eq!(in_milliseconds(rows[0].2), in_milliseconds(ChannelId(FIRST_CHANNEL).made_at()));
    let journal = home.reader().journal(Filter::All, 10).unwrap();
    let noted: Vec<_> = journal.into_iter().map(|entry| (entry.at, entry.number, entry.note)).collect();
    let note = |channel, ticket_type: &str| {
        let ticket_type = Some(ticket_type.to_owned());
        Ok(JournalEvent::Imported { channel: ChannelId(channel), from: SourceBot::DiscordTickets, ticket_type })
    };
    let numbers = [Some(TicketNumber(7)), Some(TicketNumber(9))];
    let [support, purchases] = [note(FIRST_CHANNEL, "Support"), note(FIRST_CHANNEL + 2, "Purchases")];
    assert_eq!(noted, [(now(), numbers[0], support), (now(), numbers[1], purchases)]);
}

#[tokio::test]
async fn the_next_number_is_above_all_imported_ones() {
    let home = Home::new();
    let report = home.import(&discord_tickets(sample("discord-tickets/export.zip"))).await;
    assert!(report.print().contains("The next ticket of the server is #11."), "{}", report.print());

    let store = Store::open(&home.database()).unwrap();
    let note = JournalEvent::Adopted { channel: ChannelId(1) };
    let number = store.save(owner(77), &State::Open { channel: ChannelId(1) }.into(), &[note], now()).await.unwrap();

    assert_eq!(number, Some(TicketNumber(11)));
}

#[tokio::test]
async fn every_mistake_of_an_entry_is_named_with_its_place() {
    let home = Home::new();
    let text = home.import(&discord_tickets(sample("discord-tickets/export.zip"))).await.print();
    let place = "discord-tickets/export.zip: tickets.jsonl: line 5, channel 1400000000000000011: ";
    let mistakes = "createdById: expected a Discord id as a string of digits, found 5; \
                    number: expected a whole number above 0, found nothing\n";
    assert!(text.contains(&format!("{place}{mistakes}")), "{text}");
    assert!(text.contains("#8 is closed\n"), "{text}");
    let second = format!("the member {ALICE} has the ticket #7, and a member has at most one: close this one by hand");
    assert!(text.contains(&second), "{text}");
}

#[tokio::test]
async fn a_second_import_changes_nothing_and_brings_no_closed_ticket_back() {
    let home = Home::new();
    let command = discord_tickets(sample("discord-tickets/export.zip"));
    home.import(&command).await;
    let store = Store::open(&home.database()).unwrap();
    let closed = JournalEvent::Closed { channel: ChannelId(FIRST_CHANNEL) };
    store.save(owner(ALICE), &State::Absent.into(), &[closed], now()).await.unwrap();
    drop(store);

    let report = home.import(&command).await;

    let skips = [
        ("line 1", "closed_since"),
        ("line 2", "closed"),
        ("line 3", "channel_taken"),
        // Her first one is closed, so there is room for it now.
        ("line 5", "broken"),
    ];
    assert_eq!(skipped(&report), skips);
    assert_eq!(adopted(&report), [(10, ALICE, FIRST_CHANNEL + 3, Some("Purchases"))]);
    assert_eq!(home.reader().all().unwrap().len(), 2);
}

#[tokio::test]
async fn what_the_database_has_is_not_taken() {
    let home = Home::new();
    let store = Store::open(&home.database()).unwrap();
    let has = async |member, channel, number| {
        let state = State::Open { channel: ChannelId(channel) }.into();
        let note = JournalEvent::Adopted { channel: ChannelId(channel) };
        store.put((owner(member), &state), Some(TicketNumber(number)), &[note], now(), true).await.unwrap();
    };
    has(50, 500, 7).await;
    has(51, 501, 30).await;
    store.save(owner(51), &State::Absent.into(), &[], now()).await.unwrap();
    has(52, 502, 31).await;
    drop(store);
    let lines = [
        ticket_line(600, 7, 60, ""),
        ticket_line(601, 30, 61, ""),
        ticket_line(502, 40, 62, ""),
        ticket_line(603, 41, 52, ""),
        ticket_line(604, 42, 64, r#","guildId":"9""#),
        ticket_line(605, 43, 65, ""),
        ticket_line(606, 43, 66, ""),
        ticket_line(605, 44, 67, ""),
    ];
    let file = home.write("tickets.jsonl", lines.join("\n"));

    let report = home.import(&with(discord_tickets(file), |it| it.server = Some(GUILD))).await;

    assert_eq!(adopted(&report), [(43, 65, 605, None)]);
    let skips = [
        ("line 1", "number_taken"),
        ("line 2", "number_taken"),
        ("line 3", "channel_taken"),
        ("line 4", "second_ticket"),
        ("line 7", "number_taken"),
        ("line 8", "channel_taken"),
        ("line 5", "other_server"),
    ];
    assert_eq!(skipped(&report), skips);
    assert_eq!(report.plan.last, TicketId { guild: GUILD, number: TicketNumber(44) });
}

#[tokio::test]
async fn the_database_of_open_ticket_becomes_tickets() {
    let home = Home::new();
    let report = home.import(&open_ticket(sample("open-ticket/database"))).await;

    let channel = 1_400_000_000_000_000_021;
    let tickets = [
        (12, ALICE, channel, Some("Question")),
        // Its option does not count, and the number of the next one is taken: both get a number above all counts.
        (16, BOB, channel + 1, Some("Purchase")),
        (17, BOB + 1, channel + 3, Some("Report")),
    ];
    assert_eq!(adopted(&report), tickets);
    let skips = [("entry 3", "closed"), ("entry 6", "second_ticket"), ("entry 7", "broken")];
    assert_eq!(skipped(&report), skips);
    assert_eq!(report.plan.last, TicketId { guild: GUILD, number: TicketNumber(17) });
    let again = home.import(&open_ticket(sample("open-ticket"))).await;
    assert!(again.plan.adopted.is_empty(), "the folder above is the same");
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let home = Home::new();
    let command = discord_tickets(sample("discord-tickets/export.zip"));
    let report = home.import(&with(command, |it| (it.dry_run, it.json) = (true, true))).await;

    let told: Value = serde_json::from_str(&report.print()).unwrap();
    assert_eq!((&told["written"], &told["from"]), (&false.into(), &"discord-tickets".into()));
    assert_eq!((&told["guild"], &told["next_ticket"]), (&GUILD.to_string().into(), &11.into()));
    assert_eq!(told["imported"][0]["channel"], FIRST_CHANNEL.to_string());
    assert_eq!((&told["skipped"][0]["reason"], &told["skipped"][0]["stays_open"]), (&"closed".into(), &false.into()));
    assert!(fs::read_dir(home.0.path()).unwrap().next().is_none(), "there is no file");
}

#[tokio::test]
async fn beside_a_running_bot_only_a_dry_run_works() {
    let home = Home::new();
    let running = Store::open(&home.database()).unwrap();
    let command = discord_tickets(sample("discord-tickets/export.zip"));

    let error = home.refuse(&command).await;

    assert_eq!(error.exit_code(), 1);
    assert!(error.to_string().ends_with("stop it, import, and start it again"), "{error}");
    assert!(running.all().await.unwrap().is_empty());
    assert_eq!(home.import(&with(command, |it| it.dry_run = true)).await.plan.adopted.len(), 2);
}

#[tokio::test]
async fn the_server_is_said_where_the_files_do_not_say_it() {
    let home = Home::new();
    let unknown = home.write("unknown.jsonl", ticket_line(600, 1, 60, ""));
    let two = [ticket_line(600, 1, 60, r#","guildId":"8""#), ticket_line(601, 1, 60, r#","guildId":"9""#)];
    let two = home.write("two.jsonl", two.join("\n"));
    let error = home.refuse(&discord_tickets(&unknown)).await;
    assert_eq!(error.exit_code(), 2);
    assert!(
        error.to_string().ends_with("unknown.jsonl: do not say of which server they are: add --server ID"),
        "{error}"
    );
    let error = home.refuse(&discord_tickets(&two)).await;
    assert!(error.to_string().ends_with("hold tickets of several servers: add --server 8 or --server 9"), "{error}");

    let report = home.import(&with(discord_tickets(two), |it| it.server = Some(GuildId(9)))).await;

    assert_eq!(adopted(&report), [(1, 60, 601, None)]);
    assert_eq!((skipped(&report), report.exit_code()), (vec![("line 1", "other_server")], 0));
    let other = with(discord_tickets(sample("discord-tickets/export.zip")), |it| it.server = Some(GuildId(9)));
    assert!(home.import(&other).await.plan.adopted.is_empty(), "the archive says whose tickets they are");
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_and_nothing_is_written() {
    let home = Home::new();
    let whole = fs::read(sample("discord-tickets/export.zip")).unwrap();
    let cut = home.write("cut.zip", &whole[..whole.len() / 2]);
    let mut flipped = whole.clone();
    // The checksum in the last record of the directory, which is that of the tickets.
    let record = whole.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    flipped[record + 16] ^= 1;
    let flipped = home.write("flipped.zip", flipped);
    let ticket = home.write("ot/database/tickets.json", "[{]");
    home.write("ot/database/options.json", "{}");
    home.write("ot/config/general.json", "server");
    let cases: [(Command, &[&str]); 6] = [
        (discord_tickets(home.0.path().join("none.zip")), &["none.zip: there is no such file: correct the path"]),
        (discord_tickets(cut), &["cut.zip: cannot be read: its end is missing, the file is cut off"]),
        (discord_tickets(flipped), &["flipped.zip: tickets.jsonl: line 6: cannot be read: its checksum is wrong"]),
        (discord_tickets(home.0.path()), &["cannot be read: Is a directory"]),
        (open_ticket(home.0.path()), &["holds no tickets.json: name the folder `database` of Open Ticket"]),
        (
            open_ticket(ticket.parent().unwrap()),
            &["tickets.json: is not what it should be", "options.json: is not", "general.json: is not"],
        ),
    ];
    for (command, words) in cases {
        let error = home.refuse(&command).await;
        let told = error.to_string();
        assert_eq!(error.exit_code(), 2, "{told}");
        assert_eq!(told.lines().count(), words.len(), "{told}");
        for word in words {
            assert!(told.contains(word), "{told}");
        }
    }
    assert!(!home.database().exists());
}
