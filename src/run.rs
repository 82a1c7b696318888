//! From settings to a running bot, and to its end.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorRef, call_t};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::actors::staff::Duties;
use crate::actors::standings::Standings;
use crate::actors::supervisor::{Arguments, Supervisor, SupervisorMsg};
use crate::actors::vitals::Vitals;
use crate::actors::{Outside, service_manager};
use crate::config::Config;
use crate::discord::{Application, Client, Gateway, Place, StartError, Transport};
use crate::gateway::backoff::Backoff;
use crate::gateway::{self, ConnectionConfig, EventHandler, GatewayError};
use crate::health;
use crate::ids::{ApplicationId, UserId};
use crate::lifecycle::Rules;
use crate::memory;
use crate::operator::{doctor, settings};
use crate::status::Status;
use crate::store::{OpenError, Stage, Store, StoreError};

/// How long a stop may take: what was begun is finished, but not for ever.
const DRAIN_MS: u64 = 4_000;
/// How long the start waits for what it can do without.
const PATIENCE: Duration = Duration::from_secs(2);
/// The pauses between attempts to reach Discord at the start: the first one after a second attempt, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Why the bot cannot run.
#[derive(Debug)]
pub enum Failure {
    /// The database cannot be used.
    Database(OpenError),
    /// The database cannot be read.
    Rows(StoreError),
    /// Discord does not want us at all.
    Start(StartError),
    /// Discord does not want us on its gateway.
    Gateway(GatewayError),
    /// Nobody can ask how we are at this address.
    Health(SocketAddr, io::Error),
    /// The supervisor ended, which it never should.
    Supervisor(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => error.fmt(f),
            Self::Rows(error) => write!(f, "the tickets cannot be read: {error}"),
            Self::Start(error) => error.fmt(f),
            Self::Gateway(error) => error.fmt(f),
            Self::Health(address, why) => {
                write!(f, "nothing can listen on {address} ({why}): let HEALTH_ADDR name a free port of this machine")
            }
            Self::Supervisor(why) => write!(f, "the supervisor ended: {why}"),
        }
    }
}

impl std::error::Error for Failure {}

/// Runs the bot until `shutdown`. What was begun by then is finished, within a few seconds; the rest is taken up at the
/// next start.
///
/// # Errors
///
/// Only what cannot mend itself: an unusable database, a token or an intent that Discord refuses. An outage is waited
/// out.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), Failure> {
    memory::keep_little();
    let store = Store::open(&config.database).map_err(Failure::Database)?;
    let listener = match config.health {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let transport = Transport::new(&config.token, config.proxy.as_deref()).map_err(Failure::Start)?;
    let transport = Arc::new(transport);
    let vitals = Vitals { supervisor: Arc::default(), status: Arc::default(), store, transport };
    tokio::select! {
        ended = Box::pin(start(config, vitals.clone(), shutdown)) => ended,
        never = tell_health(listener, vitals) => match never {},
    }
}

/// Reaches Discord, builds the tree of actors and lets it work until `shutdown`.
async fn start(config: Config, vitals: Vitals, shutdown: impl Future<Output = ()>) -> Result<(), Failure> {
    let mut shutdown = pin!(shutdown);
    let (status, transport) = (Arc::clone(&vitals.status), Arc::clone(&vitals.transport));
    let (me, gateway, application) = tokio::select! {
        reached = connect_with_retry(&transport, &status) => reached?,
        never = service_manager::accompany_start(&vitals) => match never {},
        () = &mut shutdown => {
            service_manager::tell_stopping();
            tracing::info!("stopped before Discord was reached");
            return Ok(());
        }
    };
    let place = Place {
        me,
        // The two ids are the same for every bot that is not older than 2016.
        application: application.as_ref().map_or(ApplicationId(me.0), |application| application.id),
        panel: config.panel_channel,
        category: config.category,
        support: config.support,
        locale: config.locale,
    };
    let settings = settings::derive(config.home());
    let outside = Outside {
        counts: transport.counts(),
        client: Client::new(transport, place.clone()),
        store: vitals.store.clone(),
        standings: Standings::default(),
        rules: Rules { close_delay: settings.closing.delay.map_or(config.close_delay, |delay| delay.0) },
        status: Arc::clone(&status),
    };
    let duties = Duties { panel_file: config.panel_file.clone(), journal_keep: config.journal_keep };
    let arguments = arguments(outside, duties).await?;
    let outside = Arc::clone(&arguments.outside);
    let (supervisor, mut tree) =
        Actor::spawn(None, Supervisor, arguments).await.map_err(|error| Failure::Supervisor(error.to_string()))?;
    // It is set nowhere else.
    let _ = vitals.supervisor.set(supervisor.clone());

    let content = application.is_none_or(|application| application.may_read());
    let connection = ConnectionConfig {
        token: config.token.clone(),
        gateway,
        content,
        stage_limit: config.gateway_stage_limit,
        status: Arc::clone(&status.gateway),
    };
    let handler = EventHandler { supervisor: supervisor.clone(), place, status: Arc::clone(&status) };
    let ended = tokio::select! {
        heard = gateway::listen(connection, handler, Arc::clone(&outside), shutdown) => heard.map_err(Failure::Gateway),
        ended = &mut tree => Err(Failure::Supervisor(format!("{ended:?}"))),
        never = doctor::watch(&outside.client, config, &status.setup) => match never {},
    };
    drain(&supervisor).await;
    ended
}

/// Takes the address at which the operator wants to ask how we are.
async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    health::listen(address).await.map_err(|why| Failure::Health(address, why))
}

/// Tells how we are, for ever; where nobody wants to know, waits for ever.
async fn tell_health(listener: Option<TcpListener>, vitals: Vitals) -> Infallible {
    match listener {
        Some(listener) => health::serve(listener, vitals).await,
        None => std::future::pending().await,
    }
}

/// Who the bot is and where the gateway is, asked for until Discord answers; and what it tells of the application meanwhile.
async fn connect_with_retry(
    transport: &Transport,
    status: &Status,
) -> Result<(UserId, Gateway, Option<Application>), Failure> {
    let begun = Instant::now();
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let mut attempt = 0_u32;
    loop {
        attempt += 1;
        status.begin_attempt();
        let error = match tokio::try_join!(transport.me(), transport.gateway(), application(transport)) {
            Ok(reached) => {
                status.finish_reaching();
                if attempt > 1 {
                    tracing::info!(attempt, seconds = begun.elapsed().as_secs(), "Discord answers; the start goes on");
                }
                return Ok(reached);
            }
            Err(error) => error,
        };
        if !error.may_pass() {
            return Err(Failure::Start(error));
        }
        let pause = backoff.pause();
        tracing::warn!(%error, attempt, seconds = pause.as_secs_f32(), "Discord cannot be reached; trying again");
        status.fail_attempt(&error.to_string(), pause);
        tokio::time::sleep(pause).await;
    }
}

/// What Discord tells of our application, if it does so in time: the start does not depend on it.
async fn application(transport: &Transport) -> Result<Option<Application>, StartError> {
    let told = tokio::time::timeout(PATIENCE, transport.application()).await;
    Ok(told.ok().and_then(Result::ok))
}

/// What the store remembers. Tickets that are simply open stay quiet; the others are taken up at once.
async fn arguments(outside: Outside, duties: Duties) -> Result<Arguments, Failure> {
    let rows = outside.store.all().await.map_err(Failure::Rows)?;
    tracing::info!(tickets = rows.len(), "restored from the database");
    let unfinished = rows.iter().filter(|row| !matches!(row.stage, Stage::Open { .. }));
    Ok(Arguments {
        unfinished: unfinished.map(|row| row.owner).collect(),
        places: rows.iter().map(|row| (row.owner, row.stage.channel())).collect(),
        outside: Arc::new(outside),
        duties,
    })
}

async fn drain(supervisor: &ActorRef<SupervisorMsg>) {
    service_manager::tell_stopping();
    tracing::info!("stopping: what was begun is finished first");
    if call_t!(supervisor, SupervisorMsg::Drain, DRAIN_MS).is_err() {
        tracing::warn!("not all that was begun could be finished in time; it is taken up at the next start");
    }
    supervisor.stop(None);
    tracing::info!("stopped");
}
