//! Sessions of the gateway: which events each client gets, which a reconnecting client missed, and the faults of the connections
//! (Discord documentation, *Gateway*: "Connection Lifecycle"; *Opcodes and Status Codes*: "Gateway").
//!
//! The rules are here and know no sockets; `socket` carries the frames.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::gateway_fault::{GatewayAction, GatewayFaults, GatewayStage, omit};
use super::world::{Dispatch, Intents, Snowflake, World};

/// How many events a session keeps for a client that comes back.
const MOST_REPLAYED: usize = 5000;
/// How long a session waits for its client: it will "timeout after a few minutes".
const SESSION_LIFE: Duration = Duration::from_secs(5 * 60);

/// An order for the socket's task.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Order {
    Send(Value),
    /// Closes with a code, properly.
    Close(u16),
    /// Closes with a close frame that names no code.
    CloseWithoutCode,
    /// Drops the connection without a word.
    Drop,
    /// The connection has reached a stage at which faults may wait for it.
    Reach(GatewayStage),
    /// Does something out of the ordinary.
    Act(GatewayAction),
}

/// Why a client is sent away: the gateway's close codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reject {
    UnknownOpcode = 4001,
    Undecodable = 4002,
    NotAuthenticated = 4003,
    BadToken = 4004,
    AlreadyAuthenticated = 4005,
    InvalidSequence = 4007,
    RateLimited = 4008,
    TimedOut = 4009,
    InvalidShard = 4010,
    InvalidVersion = 4012,
    InvalidIntents = 4013,
    DisallowedIntents = 4014,
}

/// Everything the gateway knows.
#[derive(Debug)]
pub(super) struct Gateway {
    sessions: BTreeMap<String, Session>,
    opened: u64,
    /// Every connection, with a session or not; some have ended.
    links: Vec<Link>,
    /// The `resume_gateway_url` of READY.
    pub(super) resume_url: String,
    pub(super) faults: GatewayFaults,
    pub(super) heartbeat: Duration,
    pub(super) line: Line,
    held: Option<Vec<Dispatch>>,
    swallowed: Vec<(String, usize)>,
}

/// What is wrong with the line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    /// Connections are not taken.
    pub(super) refuses: bool,
    /// Heartbeats are not acknowledged.
    pub(super) silent: bool,
    /// Every event arrives twice.
    pub(super) doubled: bool,
}

#[derive(Debug)]
struct Session {
    intents: Intents,
    shard: Shard,
    /// Whether the server is one of its shard's.
    at_home: bool,
    sequence: u64,
    log: VecDeque<(u64, Value)>,
    link: Option<Link>,
    /// When its client was lost.
    lost: Option<SystemTime>,
}

/// A way to one connection.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) number: u64,
    pub(super) orders: UnboundedSender<Order>,
}

impl Link {
    /// A task that ended no longer listens; that is no one's mistake.
    pub(super) fn order(&self, order: Order) {
        let _ = self.orders.send(order);
    }
}

/// Which part of all servers a session is for, of how many: "`shard_id = (guild_id >> 22) % num_shards`"
/// (*Gateway*, "Sharding").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shard {
    number: u64,
    of: u64,
}

impl Shard {
    fn read(data: &Value) -> Result<Self, Reject> {
        let Some(shard) = data["shard"].as_array() else { return Ok(Self { number: 0, of: 1 }) };
        let numbers: Vec<u64> = shard.iter().filter_map(Value::as_u64).collect();
        match numbers[..] {
            [number, of] if number < of => Ok(Self { number, of }),
            _ => Err(Reject::InvalidShard),
        }
    }

    fn holds(self, guild: Snowflake) -> bool {
        (guild.get() >> 22) % self.of == self.number
    }
}

impl Session {
    /// Events of no server, such as private messages, go to the first shard.
    fn hears(&self, event: &Dispatch) -> bool {
        let of_a_server = event.name.starts_with("GUILD_") || event.data.get("guild_id").is_some();
        if of_a_server { self.at_home } else { self.shard.number == 0 }
    }

    fn send(&mut self, name: &str, data: &Value) {
        self.sequence += 1;
        let frame = json!({ "op": 0, "t": name, "s": self.sequence, "d": data });
        if let Some(link) = &self.link {
            link.order(Order::Send(frame.clone()));
        }
        self.log.push_back((self.sequence, frame));
        if self.log.len() > MOST_REPLAYED {
            self.log.pop_front();
        }
    }
}

impl Gateway {
    pub(super) fn new(url: String, heartbeat: Duration) -> Self {
        Self {
            sessions: BTreeMap::new(),
            opened: 0,
            links: Vec::new(),
            resume_url: url,
            faults: GatewayFaults::default(),
            heartbeat,
            line: Line::default(),
            held: None,
            swallowed: Vec::new(),
        }
    }

    /// A number for a new connection or session; it is never given twice.
    pub(super) fn next_number(&mut self) -> u64 {
        self.opened += 1;
        self.opened
    }

    /// A connection has opened, and this is the way to it.
    pub(super) fn open(&mut self, link: Link) {
        self.links.retain(|link| !link.orders.is_closed());
        self.links.push(link);
    }

    /// Does something to every connection there is, with a session or not.
    pub(super) fn strike(&self, action: &GatewayAction) {
        for link in &self.links {
            link.order(Order::Act(action.clone()));
        }
    }

    /// Delivers events to every session with the intents for them.
    pub(super) fn deliver(&mut self, now: SystemTime, events: Vec<Dispatch>) {
        let expired = |lost: SystemTime| now.duration_since(lost).is_ok_and(|age| age > SESSION_LIFE);
        self.sessions.retain(|_, session| !session.lost.is_some_and(expired));
        let events: Vec<Dispatch> = events.into_iter().filter(|event| !self.swallows(event)).collect();
        if let Some(held) = &mut self.held {
            held.extend(events);
            return;
        }
        for event in events {
            for _ in 0..if self.line.doubled { 2 } else { 1 } {
                self.hand_out(&event);
            }
        }
    }

    fn hand_out(&mut self, event: &Dispatch) {
        for listener in self.sessions.values_mut() {
            if let Some(data) = event.for_session(listener.intents).filter(|_| listener.hears(event)) {
                listener.send(event.name, data);
            }
        }
    }

    /// Answers a session's `REQUEST_GUILD_MEMBERS`.
    pub(super) fn tell_members(&mut self, world: &World, session: &str, request: &Value) {
        let Some(session) = self.sessions.get_mut(session) else { return };
        for chunk in world.roster(session.intents, request) {
            session.send("GUILD_MEMBERS_CHUNK", &chunk);
        }
    }

    fn swallows(&mut self, event: &Dispatch) -> bool {
        let Some((_, left)) = self.swallowed.iter_mut().find(|(name, left)| name == event.name && *left > 0) else {
            return false;
        };
        *left -= 1;
        true
    }

    /// Keeps events back from now on, or lets them go.
    pub(super) fn keep_back(&mut self, now: SystemTime, keep: bool) {
        let kept = self.held.take().unwrap_or_default();
        if keep {
            self.held = Some(kept);
        } else {
            self.deliver(now, kept);
        }
    }

    pub(super) fn swallow(&mut self, name: &str, times: usize) {
        self.swallowed.push((name.to_owned(), times));
    }

    /// A new session: READY, and then the server if it can be reached; `None` when sessions are started too often.
    pub(super) fn identify(
        &mut self,
        world: &mut World,
        data: &Value,
        link: &Link,
        omitted: &[String],
    ) -> Result<Option<(String, Intents)>, Reject> {
        let (intents, shard) = (check_identify(world, data)?, Shard::read(data)?);
        if !world.start_session() {
            return Ok(None);
        }
        let id = format!("{:032x}", self.next_number());
        let mut session = Session {
            intents,
            shard,
            at_home: shard.holds(world.guild.id),
            sequence: 0,
            log: VecDeque::new(),
            link: Some(link.clone()),
            lost: None,
        };
        let mut ready = self.ready(world, shard, &id);
        for field in omitted {
            omit(&mut ready, field);
        }
        session.send("READY", &ready);
        link.order(Order::Reach(GatewayStage::Ready));
        if world.guild.available && intents.has(Intents::GUILDS) {
            let home = world.guild.members.contains_key(&world.bot()).then(|| world.guild_create());
            for guild in home.into_iter().chain(world.neighbours()) {
                if guild["id"].as_str().and_then(|id| id.parse().ok()).is_some_and(|id| shard.holds(id)) {
                    session.send("GUILD_CREATE", &guild);
                }
            }
        }
        self.sessions.insert(id.clone(), session);
        Ok(Some((id, intents)))
    }

    fn ready(&self, world: &World, shard: Shard, session: &str) -> Value {
        let guilds = world.guilds().filter(|guild| shard.holds(*guild));
        let guilds: Vec<Value> = guilds.map(|id| json!({ "id": id, "unavailable": true })).collect();
        json!({
            "v": 10, "user": world.me(), "guilds": guilds,
            "session_id": session, "resume_gateway_url": self.resume_url, "session_type": "normal", "shard": [shard.number, shard.of],
            "application": world.application.partial(), "private_channels": [], "relationships": [], "presences": [],
            "user_settings": {}, "user_settings_proto": null, "guild_join_requests": [], "geo_ordered_rtc_regions": [],
            "_trace": ["sandbox"],
        })
    }

    /// A client comes back and gets what it missed; `None` when its session is not known any more.
    pub(super) fn resume(
        &mut self,
        world: &World,
        data: &Value,
        link: &Link,
    ) -> Result<Option<(String, usize)>, Reject> {
        if !is_token(world, data) {
            return Err(Reject::BadToken);
        }
        let id = data["session_id"].as_str().unwrap_or_default();
        let Some(session) = self.sessions.get_mut(id) else { return Ok(None) };
        let seen = data["seq"].as_u64().ok_or(Reject::Undecodable)?;
        if seen > session.sequence {
            return Err(Reject::InvalidSequence);
        }
        if session.log.front().is_some_and(|(oldest, _)| *oldest > seen + 1) {
            self.sessions.remove(id);
            return Ok(None);
        }
        session.lost = None;
        if let Some(old) = session.link.replace(link.clone()).filter(|old| old.number != link.number) {
            old.order(Order::Drop);
        }
        let missed = session.log.iter().filter(|(number, _)| *number > seen);
        let missed: Vec<Value> = missed.map(|(_, frame)| frame.clone()).collect();
        let count = missed.len();
        for frame in missed {
            link.order(Order::Send(frame));
        }
        session.send("RESUMED", &json!({ "_trace": ["sandbox"] }));
        link.order(Order::Reach(GatewayStage::Resumed));
        Ok(Some((id.to_owned(), count)))
    }

    /// A connection ended. With 1000 or 1001 the client gave up its session; otherwise it may come back.
    pub(super) fn hang_up(&mut self, now: SystemTime, id: &str, link: u64, code: Option<u16>) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let current = session.link.as_ref().is_some_and(|current| current.number == link);
        if current && matches!(code, Some(1000 | 1001)) {
            self.sessions.remove(id);
        } else if current {
            session.link = None;
            session.lost = Some(now);
        }
    }

    /// Gives every connected session an order.
    pub(super) fn order_all(&mut self, order: &Order) {
        for session in self.sessions.values() {
            if let Some(link) = &session.link {
                link.order(order.clone());
            }
        }
    }

    /// Forgets one session: it cannot be resumed.
    pub(super) fn forget_session(&mut self, id: &str) {
        self.sessions.remove(id);
    }

    /// The number of the last event that a session was sent.
    pub(super) fn sequence(&self, id: &str) -> Option<u64> {
        self.sessions.get(id).map(|session| session.sequence)
    }

    /// Forgets all sessions: none can be resumed.
    pub(super) fn forget(&mut self) {
        self.sessions.clear();
    }

    /// How many sessions have a living connection.
    pub(super) fn connected(&self) -> usize {
        self.sessions
            .values()
            .filter(|session| session.link.as_ref().is_some_and(|link| !link.orders.is_closed()))
            .count()
    }
}

/// A frame that is no event.
pub(super) fn bare(op: u8, data: &Value) -> Order {
    Order::Send(json!({ "op": op, "d": data, "s": null, "t": null }))
}

fn is_token(world: &World, data: &Value) -> bool {
    let token = data["token"].as_str().unwrap_or_default();
    token.strip_prefix("Bot ").unwrap_or(token) == world.application.token
}

fn check_identify(world: &World, data: &Value) -> Result<Intents, Reject> {
    if !is_token(world, data) {
        return Err(Reject::BadToken);
    }
    if !data["properties"].is_object() {
        return Err(Reject::Undecodable);
    }
    let intents =
        data["intents"].as_u64().map(Intents).filter(|intents| intents.is_valid()).ok_or(Reject::InvalidIntents)?;
    let switches = [
        (Intents::MESSAGE_CONTENT, world.application.content_intent),
        (Intents::GUILD_MEMBERS, world.application.members_intent),
        (Intents::GUILD_PRESENCES, world.application.presence_intent),
    ];
    let allowed = switches.iter().all(|(intent, on)| *on || !intents.has(*intent));
    allowed.then_some(intents).ok_or(Reject::DisallowedIntents)
}
