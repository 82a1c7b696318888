//! Wakes the tickets whose time has come.
//!
//! A ticket that waits for a deadline which is far away is let go from memory like any other quiet ticket: the store keeps
//! its deadline beside its document. The scheduler asks the store regularly for the deadlines that are near, and the
//! supervisor loads those tickets in time; from then on each sets an alarm of its own.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::actors::supervisor::SupervisorMsg;
use crate::actors::{Services, clock};

/// How often the store is asked for deadlines.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// A ticket is loaded so long before its deadline: long enough that a look which fails may be repeated.
const WAKE_AHEAD: Duration = Duration::from_secs(30);

/// What the scheduler is told.
#[derive(Debug)]
pub enum SchedulerMsg {
    /// By itself: look for the deadlines that are near.
    Look,
}

/// The actor that looks.
pub struct Scheduler {
    /// Where the deadlines are kept.
    pub services: Arc<Services>,
    /// Who loads the tickets.
    pub supervisor: ActorRef<SupervisorMsg>,
}

/// A deadline that comes before this moment keeps a ticket in memory.
#[must_use]
pub fn horizon() -> SystemTime {
    clock::now() + WAKE_AHEAD
}

impl Actor for Scheduler {
    type Msg = SchedulerMsg;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, me: ActorRef<SchedulerMsg>, (): ()) -> Result<(), ActorProcessingErr> {
        me.send_interval(LOOK_INTERVAL, || SchedulerMsg::Look);
        me.cast(SchedulerMsg::Look)?;
        Ok(())
    }

    async fn handle(&self, _: ActorRef<SchedulerMsg>, _: SchedulerMsg, (): &mut ()) -> Result<(), ActorProcessingErr> {
        match self.services.store.due(horizon()).await {
            Ok(owners) => {
                for owner in owners {
                    self.supervisor.cast(SupervisorMsg::Wake(owner))?;
                }
            }
            Err(error) => tracing::error!(
                %error,
                "cannot read which tickets are due; it is tried again in {} s",
                LOOK_INTERVAL.as_secs()
            ),
        }
        Ok(())
    }
}
