//! Moving over from a bot that others wrote: its open tickets are imported while talon is stopped, and are talon's then.

use std::fs;
use std::path::Path;

use talon::ids::ChannelId;
use talon::lifecycle::State;
use talon_sandbox::world::Snowflake;

use crate::adoption;
use crate::stage::Stage;

const GUIDE: &str = include_str!("../../examples/guide/moving.md");
const LINES: &str = include_str!("../support/import/discord-tickets/tickets.jsonl");
/// The members and the channels of the samples.
const ALICE: &str = "1300000000000000001";
const BOB: &str = "1300000000000000002";

/// A channel that another bot made: nothing in it is talon's.
fn foreign_ticket(stage: &Stage, name: &str, member: Snowflake) -> Snowflake {
    adoption::channel(stage, name, &[member])
}

/// A file of the samples with the ids of this world, in the bot's folder.
fn write(stage: &Stage, name: &str, sample: &str, channels: &[(&str, Snowflake)]) {
    let ids = stage.discord.ids();
    let world = [("1100000000000000001", ids.guild), (ALICE, ids.alice), (BOB, ids.bob)];
    let replace = |text: String, (old, new): &(&str, Snowflake)| text.replace(old, &new.to_string());
    let text = world.iter().chain(channels).fold(sample.to_owned(), replace);
    let path = stage.file(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file can be written");
}

#[tokio::test]
async fn tickets_of_discord_tickets_are_closed_like_any_other() {
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    let of_alice = foreign_ticket(&stage, "ticket-7", ids.alice);
    let of_bob = foreign_ticket(&stage, "ticket-9", ids.bob);
    let channels = [("1400000000000000007", of_alice), ("1400000000000000009", of_bob)];
    write(&stage, "tickets.jsonl", LINES, &channels);
    let before = stage.discord.calls().len();

    let server = ids.guild.to_string();
    let output = stage.ask(&["import", "discord-tickets", "tickets.jsonl", "--server", &server]).await;

    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "her second one stays behind: {output:?}");
    assert!(told.starts_with("2 tickets imported from discord-tickets into server"), "{told}");
    assert_eq!(stage.discord.calls().len(), before, "Discord is not asked");
    stage.start().await;
    for (member, ticket) in [(ids.alice, of_alice), (ids.bob, of_bob)] {
        assert_eq!(stage.row(member).state, State::Open { channel: ChannelId(ticket.get()) });
        let press = stage.press_create(member);
        assert_eq!(stage.answer(press).await, format!("❌ у тебя уже есть тикет: <#{ticket}>"));
        assert!(stage.discord.messages(ids.sue, ticket).is_empty(), "nothing is said in it");
    }
    stage.until_slash().await;
    stage.slash(ids.sue, of_alice, "close").await;
    stage.discord.say(ids.bob, of_bob, "!close").expect("he may write there");
    for ticket in [of_alice, of_bob] {
        stage.until_gone(ticket).await;
        assert_eq!(stage.announcements(ticket).len(), 1);
    }
    stage.open(ids.alice).await;
    let listed = stage.until_told(&["tickets"], |told| told.contains("open")).await;
    assert!(listed.contains("#11 "), "above all that were imported: {listed}");
    let story = stage.until_told(&["explain", "#9"], |told| told.contains("is deleted")).await;
    assert!(story.contains("is imported from discord-tickets as a ticket"), "{story}");
}

#[tokio::test]
async fn tickets_of_open_ticket_survive_a_kill_and_are_closed() {
    let mut stage = Stage::empty();
    let ids = stage.discord.ids();
    let of_alice = foreign_ticket(&stage, "question-0012", ids.alice);
    let of_bob = foreign_ticket(&stage, "purchase-bob", ids.bob);
    let channels = [("1400000000000000021", of_alice), ("1400000000000000022", of_bob)];
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/import/open-ticket");
    for name in ["database/tickets.json", "database/options.json", "database/global.json", "config/general.json"] {
        let text = fs::read_to_string(sample.join(name)).expect("a sample");
        write(&stage, name, &text, &channels);
    }

    let output = stage.ask(&["import", "open-ticket", "database"]).await;

    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.starts_with("3 tickets imported from Open Ticket into server"), "{output:?}");
    stage.start().await;
    stage.kill().await;
    stage.start().await;
    stage.discord.say(ids.alice, of_alice, "!close").expect("she may write there");
    stage.until_gone(of_alice).await;
    assert_eq!(stage.row(ids.bob).state, State::Open { channel: ChannelId(of_bob.get()) });
    assert_eq!(stage.tickets(), [of_bob], "nothing was made twice");
}

#[tokio::test]
async fn the_commands_of_the_guide_do_what_it_says() {
    let stage = Stage::empty();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/import");
    fs::copy(sample.join("discord-tickets/export.zip"), stage.file("export.zip")).expect("a copy");
    for name in ["tickets.json", "options.json", "global.json"] {
        let text = fs::read_to_string(sample.join("open-ticket/database").join(name)).expect("a sample");
        write(&stage, &format!("database/{name}"), &text, &[]);
    }
    write(&stage, "config/general.json", r#"{ "serverId": "1100000000000000001" }"#, &[]);
    let commands: Vec<&str> = GUIDE.lines().filter(|line| line.starts_with("talon import ")).collect();
    assert_eq!(commands.len(), 4, "{commands:?}");

    for command in commands {
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let output = stage.ask(&words).await;
        let told = String::from_utf8_lossy(&output.stdout);
        let expected = if words.contains(&"--dry-run") { "would be imported" } else { "imported from" };
        assert_eq!(output.status.code(), Some(1), "a second ticket stays behind, as it says: {output:?}");
        assert!(told.contains(expected), "{command}: {told}");
    }
}

#[tokio::test]
async fn the_running_bot_is_stopped_first() {
    let stage = Stage::ready().await;
    write(&stage, "tickets.jsonl", LINES, &[]);
    let server = stage.discord.ids().guild.to_string();
    let words = ["import", "discord-tickets", "tickets.jsonl", "--server", &server];

    let refused = stage.ask(&words).await;
    let looked = stage.ask(&[&words[..], &["--dry-run"]].concat()).await;

    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert_eq!(
        String::from_utf8_lossy(&refused.stderr),
        "a running bot uses the database json/talon.db: stop it, import, and start it again\n"
    );
    assert!(String::from_utf8_lossy(&looked.stdout).contains("Nothing was written."), "{looked:?}");
    assert_eq!(stage.ask(&["tickets"]).await.stdout, b"no tickets\n");
}
