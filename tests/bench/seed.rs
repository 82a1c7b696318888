//! Tickets that were there before: rows in the bot's database, and their channels in the sandbox.

use std::time::{Duration, SystemTime};

use futures_util::future::try_join_all;
use talon::discord::candidates;
use talon::ids::{ChannelId, GuildId, MessageId, Owner, RequestId, UserId};
use talon::language::Language;
use talon::lifecycle::state::Origin;
use talon::lifecycle::{Closing, Document, Requester, State};
use talon::store::Store;
use talon_sandbox::world::{Overwrite, Permissions, Snowflake, Target, channels};

use crate::rig::Rig;

/// So many tickets at most in one server of those that the sandbox does not play: Discord has room for 500 channels.
const IN_ONE_SERVER: u64 = 450;

/// Tickets that are simply open: so many in the sandbox's server, and so many in servers of which nothing is heard.
pub fn open(rig: &Rig, here: u64, elsewhere: u64) {
    let own = (0..here).map(|number| ticket_here(rig, number));
    let strange = (0..elsewhere).map(|number| {
        let owner = Owner { guild: GuildId(1_000 + number / IN_ONE_SERVER), member: UserId(1_000_000 + number) };
        (owner, ChannelId(10_000_000 + number))
    });
    let rows: Vec<_> = own.chain(strange).map(|(owner, channel)| (owner, State::Open { channel }.into())).collect();
    save(rig, &rows);
}

/// Tickets in the sandbox's server that are being closed, each due at its own time.
pub fn closing(rig: &Rig, count: u64, due: impl Fn(u64) -> SystemTime) -> Vec<(ChannelId, SystemTime)> {
    let tickets: Vec<_> = (0..count).map(|number| (ticket_here(rig, number), due(number))).collect();
    let row = |((owner, channel), due): &((Owner, ChannelId), SystemTime)| {
        let message = MessageId(channel.0 + 1);
        let origin = Origin::Message { channel: *channel, message, language: Language::Russian };
        let requester = Requester { user: owner.member, at: *due - Duration::from_secs(5), origin, repeated: false };
        (
            *owner,
            State::Closing(Closing { channel: *channel, due: *due, delay: Duration::from_secs(5), requester }).into(),
        )
    };
    save(rig, &tickets.iter().map(row).collect::<Vec<_>>());
    tickets.into_iter().map(|((_, channel), due)| (channel, due)).collect()
}

/// A ticket channel as the bot would have made it, for a member of whom nothing else is heard.
fn ticket_here(rig: &Rig, number: u64) -> (Owner, ChannelId) {
    let ids = rig.discord.ids();
    let member = UserId(1_000_000 + number);
    let grant = |id, kind, allow, deny| Overwrite { id, kind, allow, deny };
    let (view, none) = (Permissions::VIEW_CHANNEL, Permissions::NONE);
    let overwrites = [
        grant(ids.guild, Target::Role, none, view),
        grant(ids.support_role, Target::Role, view, none),
        grant(ids.bot, Target::Member, view, none),
        grant(Snowflake(member.0), Target::Member, view, none),
    ];
    let channel = rig.discord.act(|world| {
        let channel = world.create_channel(channels::TEXT, "ticket", Some(ids.category), &overwrites);
        let topic = candidates::format_topic_marker(None, member, RequestId(channel.get() - 1), 0, Language::Russian);
        world.channels.entry(channel).and_modify(|channel| channel.topic = Some(topic));
        channel
    });
    (Owner { guild: GuildId(ids.guild.get()), member }, ChannelId(channel.get()))
}

fn save(rig: &Rig, rows: &[(Owner, Document)]) {
    let store = Store::open(&rig.database()).expect("the database can be made");
    let now = rig.discord.now();
    let saves = rows.iter().map(|(owner, state)| store.save(*owner, state, &[], now));
    block_on(try_join_all(saves)).expect("the rows can be saved");
}

/// Waits for something that needs no runtime's help.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be made").block_on(future)
}
