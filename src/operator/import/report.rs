//! What an import did, or would do, as text and as JSON.

use serde_json::{Value, json};

use crate::lifecycle::SourceBot;
use crate::operator::import::plan::{Adoption, Plan, Skipped};
use crate::operator::tickets::table;
use crate::printable::printable;

/// What an import did, or would do.
pub struct Report {
    /// The other bot.
    pub bot: SourceBot,
    /// The tickets that are taken over, and those that are not.
    pub plan: Plan,
    /// Nothing was written.
    pub dry_run: bool,
    /// It is for machines.
    pub json: bool,
}

impl Report {
    /// 1 where an open ticket of the server stays behind, else 0.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        u8::from(self.plan.skipped.iter().any(|skipped| skipped.reason.leaves_open_ticket()))
    }

    /// What is printed.
    #[must_use]
    pub fn print(&self) -> String {
        if self.json { format!("{:#}\n", self.object()) } else { self.text() }
    }

    fn object(&self) -> Value {
        let adopted = |ticket: &Adoption| {
            json!({
                "ticket": ticket.number.0,
                // As Discord writes them: they are too large for the numbers of many who read JSON.
                "member": ticket.member.to_string(),
                "channel": ticket.channel.to_string(),
                "type": ticket.ticket_type,
            })
        };
        let skipped = |skipped: &Skipped| {
            json!({
                "file": skipped.place.file,
                "place": skipped.place.part,
                "channel": skipped.channel.map(|channel| channel.to_string()),
                "reason": skipped.reason.code(),
                "text": skipped.reason.to_string(),
                "stays_open": skipped.reason.leaves_open_ticket(),
            })
        };
        json!({
            "from": self.bot,
            "guild": self.plan.last.guild.to_string(),
            "written": !self.dry_run,
            "imported": self.plan.adopted.iter().map(adopted).collect::<Vec<_>>(),
            "skipped": self.plan.skipped.iter().map(skipped).collect::<Vec<_>>(),
            "next_ticket": self.plan.last.number.0 + 1,
        })
    }

    fn text(&self) -> String {
        let Plan { adopted, skipped, last } = &self.plan;
        let be = if self.dry_run { "would be imported" } else { "imported" };
        let head = format!("{} {be} from {} into server {}\n", tickets(adopted.len()), self.bot, last.guild);
        let columns = ["TICKET", "MEMBER", "CHANNEL", "TYPE"].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(columns).chain(adopted.iter().map(row)).collect();
        let list = if adopted.is_empty() { String::new() } else { table(&rows) };
        let (open, rest): (Vec<&Skipped>, Vec<_>) =
            skipped.iter().partition(|skipped| skipped.reason.leaves_open_ticket());
        let open = section("These stay open and are not imported", &open);
        let rest = section("These are skipped", &rest);
        let end = if self.dry_run { "Nothing was written." } else { "Start the bot now." };
        format!("{head}{list}{open}{rest}\nThe next ticket of the server is #{}. {end}\n", last.number.0 + 1)
    }
}

fn section(title: &str, skipped: &[&Skipped]) -> String {
    if skipped.is_empty() {
        return String::new();
    }
    let lines: String = skipped.iter().map(|skipped| line(skipped)).collect();
    format!("\n{title}:\n{lines}")
}

fn tickets(count: usize) -> String {
    format!("{count} ticket{}", if count == 1 { "" } else { "s" })
}

fn row(ticket: &Adoption) -> [String; 4] {
    let ticket_type = ticket.ticket_type.as_deref().map_or_else(|| "-".into(), printable);
    [ticket.number.to_string(), ticket.member.to_string(), ticket.channel.to_string(), ticket_type.into_owned()]
}

fn line(skipped: &Skipped) -> String {
    let channel = skipped.channel.map(|channel| format!(", channel {channel}")).unwrap_or_default();
    let sentence = format!("{}{channel}: {}", skipped.place, skipped.reason);
    format!("  {}\n", printable(&sentence))
}
