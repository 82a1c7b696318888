//! Queries: what a person sees, and what the bot asked of Discord.

use std::time::SystemTime;

use super::Sandbox;
use crate::hub::now;
use crate::pattern::Pattern;
use crate::record::{Call, GatewayConnection, GatewayNote};
use crate::world::{ChannelView, Interaction, Message, MessageView, Progress, Snowflake, World};

impl Sandbox {
    /// The channels this person sees.
    #[must_use]
    pub fn channels(&self, user: Snowflake) -> Vec<ChannelView> {
        self.look(|world| world.channels_seen(user))
    }

    /// The messages this person sees in a channel, oldest first.
    #[must_use]
    pub fn messages(&self, user: Snowflake, channel: Snowflake) -> Vec<MessageView> {
        self.look(|world| world.messages_seen(user, channel))
    }

    /// The interactions of this person in this channel that the bot did not acknowledge in time.
    #[must_use]
    pub fn failed(&self, user: Snowflake, channel: Snowflake) -> Vec<Interaction> {
        self.hub.look(|state, now| state.world.failed(now, user, channel).into_iter().cloned().collect())
    }

    /// The progress of an interaction.
    #[must_use]
    pub fn progress(&self, interaction: Snowflake) -> Option<Progress> {
        self.hub.look(|state, now| state.world.progress(now, interaction))
    }

    /// The bot's answer to an interaction, so far.
    #[must_use]
    pub fn reply(&self, interaction: Snowflake) -> Option<MessageView> {
        self.look(|world| world.reply_to(interaction).map(|reply| world.message_view(reply)))
    }

    /// Waits until the bot has answered an interaction with more than a deferral, or has failed to.
    ///
    /// # Panics
    /// When neither comes within ten seconds.
    pub async fn answered(&self, interaction: Snowflake) -> Option<MessageView> {
        let view = |world: &World| world.reply_to(interaction).map(|reply| world.message_view(reply));
        self.until("the interaction is answered", |world| world.is_settled(now(), interaction).then(|| view(world)))
            .await
    }

    /// Who is notified by a message.
    #[must_use]
    pub fn notified(&self, channel: Snowflake, message: Snowflake) -> Vec<Snowflake> {
        self.look(|world| {
            let found: Option<&Message> =
                world.channels.get(&channel).and_then(|channel| channel.messages.get(&message));
            found.map(|message| world.notified(message)).unwrap_or_default()
        })
    }
}

/// The record of calls and connections.
impl Sandbox {
    /// Every call so far, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.hub.look(|state, _| state.record.calls().cloned().collect())
    }

    /// The calls that a pattern names.
    #[must_use]
    pub fn calls_matching(&self, pattern: &str) -> Vec<Call> {
        self.hub.look(|state, _| state.record.matching(&Pattern::from(pattern)))
    }

    /// The events of the gateway's connections so far.
    #[must_use]
    pub fn gateway_notes(&self) -> Vec<GatewayNote> {
        self.hub.look(|state, _| state.record.notes())
    }

    /// Every connection to the gateway so far, oldest first.
    #[must_use]
    pub fn gateway_connections(&self) -> Vec<GatewayConnection> {
        self.hub.look(|state, _| state.record.connections().cloned().collect())
    }

    /// How many gateway sessions have a living connection.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.hub.look(|state, _| state.gateway.connected())
    }

    /// Forgets all calls and notes.
    pub fn clear_record(&self) {
        self.hub.act(|state, _| state.record.clear());
    }

    /// The sandbox's time.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        now()
    }
}
