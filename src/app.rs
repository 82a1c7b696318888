//! Builds a running bot from its configuration, and shuts it down.

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

use crate::actors::admin_status::AdminStatuses;
use crate::actors::health_check::HealthCheck;
use crate::actors::settings::{CurrentSettings, follow};
use crate::actors::singletons::SingletonSettings;
use crate::actors::supervisor::{Arguments, Supervisor, SupervisorMsg};
use crate::actors::{Services, service_manager};
use crate::config::Config;
use crate::discord::{Application, BotGateway, Client, DiscordError, Place, Transport};
use crate::gateway::backoff::Backoff;
use crate::gateway::{self, ConnectionConfig, EventHandler, GatewayError};
use crate::health;
use crate::ids::{ApplicationId, UserId};
use crate::lifecycle::Rules;
use crate::memory;
use crate::operator::{doctor, settings};
use crate::status::Status;
use crate::store::{OpenError, Store, StoreError};

/// How long the tickets may take at a shutdown to finish what they have begun.
const DRAIN_TIMEOUT_MS: u64 = 4_000;
/// How long the start waits for the application's flags, which it can do without.
const APPLICATION_TIMEOUT: Duration = Duration::from_secs(2);
/// The pauses between attempts to reach Discord at the start: the one after the second attempt, and the longest.
const FIRST_RETRY_PAUSE: Duration = Duration::from_millis(500);
const MAX_RETRY_PAUSE: Duration = Duration::from_secs(60);

/// Why the bot cannot run.
#[derive(Debug)]
pub enum RunError {
    /// The database cannot be opened.
    Database(OpenError),
    /// The tickets cannot be read from the database.
    Rows(StoreError),
    /// Discord rejects the first REST requests for good.
    Start(DiscordError),
    /// Discord rejects the gateway connection for good.
    Gateway(GatewayError),
    /// `HEALTH_ADDR` cannot be bound.
    Health(SocketAddr, io::Error),
    /// The supervisor actor failed to start or ended by itself.
    Supervisor(String),
}

impl fmt::Display for RunError {
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

impl std::error::Error for RunError {}

/// Runs the bot until `shutdown` completes, then gives the tickets a few seconds to finish what they have begun; the next
/// start resumes the rest.
///
/// # Errors
///
/// Only what a retry cannot fix: an unusable database or address, a token or an intent that Discord rejects. Outages are
/// retried without end.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
    memory::limit_retained();
    let store = Store::open(&config.database).map_err(RunError::Database)?;
    let listener = match config.health {
        Some(address) => Some(bind_health(address).await?),
        None => None,
    };
    let transport = Transport::with_timeout(&config.token, config.proxy.as_deref(), config.request_timeout)
        .map_err(RunError::Start)?;
    let transport = Arc::new(transport);
    let health_check = HealthCheck { supervisor: Arc::default(), status: Arc::default(), store, transport };
    tokio::select! {
        ended = Box::pin(connect_and_run(config, health_check.clone(), shutdown)) => ended,
        never = serve_health(listener, health_check) => match never {},
    }
}

/// Connects to Discord, starts the actors and runs the gateway until `shutdown`.
async fn connect_and_run(
    config: Config,
    health_check: HealthCheck,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let mut shutdown = pin!(shutdown);
    let (status, transport) = (Arc::clone(&health_check.status), Arc::clone(&health_check.transport));
    let (me, gateway, application) = tokio::select! {
        connected = connect_with_retry(&transport, &status) => connected?,
        never = service_manager::accompany_start(&health_check) => match never {},
        () = &mut shutdown => {
            service_manager::tell_stopping();
            tracing::info!("stopped before Discord was reached");
            return Ok(());
        }
    };
    let place = build_place(&config, me, application.as_ref());
    let rules = Rules { close_delay: config.close_delay, owner_may_close: true, administrators_are_staff: false };
    let settings = CurrentSettings::new(settings::derive(config.home()), rules, place.clone());
    if let Some(stored) = health_check.store.changed_settings(None).await.map_err(RunError::Rows)? {
        settings.set_stored(stored.revisions);
    }
    let services = Services {
        metrics: transport.metrics(),
        client: Client::new(transport, place.clone()),
        store: health_check.store.clone(),
        standings: AdminStatuses::default(),
        settings,
        status: Arc::clone(&status),
    };
    services.client.set_place(services.settings.place());
    let duties = SingletonSettings { panel_file: config.panel_file.clone(), journal_keep: config.journal_keep };
    let arguments = load_arguments(services, duties).await?;
    let services = Arc::clone(&arguments.services);
    let (supervisor, mut tree) =
        Actor::spawn(None, Supervisor, arguments).await.map_err(|error| RunError::Supervisor(error.to_string()))?;
    // The cell is set nowhere else.
    let _ = health_check.supervisor.set(supervisor.clone());

    let message_content = application.is_none_or(|application| application.may_request_message_content());
    let connection = ConnectionConfig {
        token: config.token.clone(),
        gateway,
        message_content,
        stage_limit: config.gateway_timeout,
        status: Arc::clone(&status.gateway),
    };
    let handler = EventHandler {
        supervisor: supervisor.clone(),
        place,
        services: Arc::clone(&services),
        status: Arc::clone(&status),
    };
    let changed = || drop(supervisor.cast(SupervisorMsg::SettingsChanged));
    let ended = tokio::select! {
        ended = gateway::run_shards(connection, handler, Arc::clone(&services), shutdown) => ended.map_err(RunError::Gateway),
        ended = &mut tree => Err(RunError::Supervisor(format!("{ended:?}"))),
        never = follow(&services.settings, &services.store, changed) => match never {},
        never = doctor::watch(&services.client, config, &status.setup) => match never {},
    };
    drain_tickets(&supervisor).await;
    ended
}

fn build_place(config: &Config, me: UserId, application: Option<&Application>) -> Place {
    Place {
        me,
        // The bot's user id equals its application's id, except for bots made before 2016.
        application: application.map_or(ApplicationId(me.0), |application| application.id),
        panel: config.panel_channel,
        category: config.category,
        staff: vec![config.support].into(),
        mention_staff: true,
        locale: config.locale,
    }
}

async fn bind_health(address: SocketAddr) -> Result<TcpListener, RunError> {
    health::bind_listener(address).await.map_err(|error| RunError::Health(address, error))
}

/// Serves `/healthz` and `/metrics`, or waits forever without a listener.
async fn serve_health(listener: Option<TcpListener>, health_check: HealthCheck) -> Infallible {
    match listener {
        Some(listener) => health::serve_pages(listener, health_check).await,
        None => std::future::pending().await,
    }
}

/// Requests the bot's user and the gateway's address until Discord answers, and the application's flags beside them.
async fn connect_with_retry(
    transport: &Transport,
    status: &Status,
) -> Result<(UserId, BotGateway, Option<Application>), RunError> {
    let begun = Instant::now();
    let mut backoff = Backoff::new(FIRST_RETRY_PAUSE, MAX_RETRY_PAUSE);
    let mut attempt = 0_u32;
    loop {
        attempt += 1;
        status.begin_attempt();
        let error =
            match tokio::try_join!(transport.fetch_bot_id(), transport.fetch_gateway(), fetch_application(transport)) {
                Ok(connected) => {
                    status.finish_connecting();
                    if attempt > 1 {
                        tracing::info!(
                            attempt,
                            seconds = begun.elapsed().as_secs(),
                            "Discord answers; the start goes on"
                        );
                    }
                    return Ok(connected);
                }
                Err(error) => error,
            };
        if !error.is_transient() {
            return Err(RunError::Start(error));
        }
        let pause = backoff.next_pause();
        tracing::warn!(%error, attempt, seconds = pause.as_secs_f32(), "Discord cannot be reached; trying again");
        status.fail_attempt(&error.to_string(), pause);
        tokio::time::sleep(pause).await;
    }
}

/// The application, if Discord returns it in time: the start does not depend on it.
async fn fetch_application(transport: &Transport) -> Result<Option<Application>, DiscordError> {
    let response = tokio::time::timeout(APPLICATION_TIMEOUT, transport.fetch_application()).await;
    Ok(response.ok().and_then(Result::ok))
}

/// Loads the tickets for the supervisor. Open tickets get no actor; unfinished ones are resumed at once.
async fn load_arguments(services: Services, duties: SingletonSettings) -> Result<Arguments, RunError> {
    let rows = services.store.all().await.map_err(RunError::Rows)?;
    tracing::info!(tickets = rows.len(), "tickets loaded from the database");
    let unfinished = rows.iter().filter(|row| row.unfinished);
    Ok(Arguments {
        unfinished: unfinished.map(|row| row.owner).collect(),
        places: rows.iter().map(|row| (row.owner, row.stage.channel())).collect(),
        services: Arc::new(services),
        duties,
    })
}

/// Lets the tickets finish what they have begun, within [`DRAIN_TIMEOUT_MS`].
async fn drain_tickets(supervisor: &ActorRef<SupervisorMsg>) {
    service_manager::tell_stopping();
    tracing::info!("stopping: finishing what has been begun");
    if call_t!(supervisor, SupervisorMsg::Drain, DRAIN_TIMEOUT_MS).is_err() {
        tracing::warn!("the stop took too long: the next start resumes what is unfinished");
    }
    supervisor.stop(None);
    tracing::info!("stopped");
}
