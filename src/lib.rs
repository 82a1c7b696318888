//! A Discord support-ticket bot in which every ticket is an actor.
//!
//! A member presses a button and gets a private channel with the support team; a button, `/close` or `!close`
//! takes it away after five seconds. A ticket is never lost, never doubled and never stuck, whatever dies in between.
//!
//! # The map
//!
//! | room | question | what is in it |
//! |---|---|---|
//! | [`operator`] | what does the operator ask? | `setup`, `doctor`, `health`, `invite`, `settings`, `tickets`, `explain`, `import`, `backup` |
//! | [`config`] | how are we set up? | environment → `Config`, all mistakes at once |
//! | [`ids`] | who and what? | `UserId`, `ChannelId`, `Owner`, `Button`, `Command` |
//! | [`language`] | in which language? | who reads Russian and who English |
//! | [`model`] | what is it all about? | the settings document of a server: fields, validation, JSON Schema |
//! | [`metrics`] | how much, and how often? | counters, gauges and histograms for Prometheus |
//! | [`memory`] | how much memory is held? | freed memory, returned to the operating system |
//! | [`platform`] | which system is this? | private files, terminal, signals, service manager |
//! | [`logging`] | what does the operator read? | the log, and which libraries may write to it |
//! | [`printable`] | what may a terminal be shown? | foreign text without control characters |
//! | [`texts`] | what do we say? | every word a member can read, in each language |
//! | [`gateway`] | what happens on Discord? | the gateway connection and its supervisor; serenity's events → `DiscordEvent` |
//! | [`status`] | what is the current state? | what health, metrics and the service manager report |
//! | [`health`] | is the bot healthy? | serves `/healthz` and `/metrics`, and asks for them |
//! | [`actors`] | who is alive? | supervisor, tickets, scheduler, panel, journal, watchdog |
//! | [`lifecycle`] | what is true, and what follows? | State + Event → State + calls; pure |
//! | [`discord`] | what do we ask of Discord? | calls as requests, answers read back |
//! | [`store`] | what survives a restart? | rows and the journal, in a database; the panel file |
//! | `demo` | how does it look? | the sandbox and the bot, started together |
//!
//! The sandbox, a small Discord on loopback, is the package `talon-sandbox` in `src/sandbox`. It knows nothing of this one.
//!
//! ```text
//!   main ──▶ logging               demo ──▶ the package talon-sandbox
//!     │ └──▶ operator ──▶ config   and store, discord, texts: beside a running bot
//!     │
//!  gateway ─────────┐              serenity (events)
//!  health           │              hyper (/healthz, /metrics)
//!     │             │
//!  actors           │              ractor, timers, the clock
//!  │     │          │
//!  store discord ◀──┘              rusqlite │ serenity (REST), reqwest
//!  │       │
//!  │     texts
//!  └──▶ lifecycle                  std, serde
//!          │
//!  model                           serde: under config, texts, store and actors
//!  ids, language, memory, status, metrics, printable, platform    everyone may name these
//! ```
//!
//! A room names only rooms below it.
//!
//! # What holds
//!
//! - Nothing in `lifecycle` waits, logs, reads a clock or names Discord's library.
//! - Nothing in the server is done before the row that says so is on the disk: decide, save, act. An acknowledgement, which
//!   only the presser sees, never waits for the disk.
//! - Nobody but the supervisor talks to tickets, so a member's presses pass one mailbox in one order.
//! - The supervisor never waits for Discord or the disk.
//! - No call that is not safe to repeat is repeated; creating a channel is looked up first.
//! - No part of serenity runs on the bot's runtime: its client has a thread of its own, which can be replaced, and reaches
//!   Discord through a relay on loopback, which limits every stage, frame and pause.
//! - No sandbox code is reached by the bot but through a socket.
//!
//! # One press, told
//!
//! `gateway` recognises the button and casts `DiscordEvent::Open`. The supervisor finds or spawns the member's ticket and passes
//! it on. The ticket asks `lifecycle`, which answers: *opening; create the channel*. `store` saves, `discord` creates.
//! The answer goes to `lifecycle` again: *its channel is this; welcome them there, and tell them*. `store` saves,
//! `discord` says both at once in words from `texts`. When both are said, the ticket is *open*, and its actor goes to
//! sleep: a row and an entry in the registry remain.

pub mod actors;
mod app;
pub mod config;
#[cfg(feature = "sandbox")]
pub mod demo;
pub mod discord;
pub mod gateway;
pub mod health;
pub mod ids;
pub mod language;
pub mod lifecycle;
pub mod logging;
pub mod memory;
pub mod metrics;
pub mod model;
pub mod operator;
pub mod platform;
pub mod printable;
pub mod status;
pub mod store;
pub mod texts;

pub use app::{RunError, run};
