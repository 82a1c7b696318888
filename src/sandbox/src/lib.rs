//! A small, strict Discord on loopback: REST, gateway, people and a page, for trying and testing any Discord bot.
//!
//! It enforces Discord's rules (request schemas, permissions, limits, deadlines, the gateway's protocol) and knows nothing
//! of any particular bot.
//!
//! ```
//! use talon_sandbox::{Ending, Sandbox, Setup};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::start(Setup::default())?;
//! // Start a bot with these two, and wait for it with `sandbox.ready().await`.
//! let (address, token) = (sandbox.base_url(), sandbox.token());
//! assert!(address.starts_with("http://127.0.0.1:") && !token.is_empty());
//!
//! let ids = sandbox.ids();
//! sandbox.say(ids.alice, ids.lounge, "hello")?;
//! assert_eq!(sandbox.messages(ids.bob, ids.lounge)[0].content, "hello");
//! assert!(sandbox.calls().iter().all(|call| call.ending != Ending::Reset));
//! # Ok(())
//! # }
//! ```
//!
//! # The map
//!
//! ```text
//!   Sandbox (driver/)        the interface for tests: actions of people, queries, faults
//!      │
//!     hub.rs ── world/       the rules, pure: no clock, no sockets
//!      │   ├─── gateway.rs   sessions: which events each client gets, which it has missed
//!      │   ├─── faults.rs    faults of REST calls; gateway_fault.rs: faults of the gateway
//!      │   └─── record.rs    the calls and connections so far
//!      │
//!   server.rs, socket.rs     HTTP and WebSocket over wire.rs, with multipart.rs for bodies with files
//!   guard.rs                 refuses pages of other origins
//!   gateway_port.rs          a port of the gateway's own, on demand; huge_frame.rs: frames that are too large
//!   control/, page.rs        the control API under `/sandbox`, and the page that uses it
//!   switch.rs                buttons of the page that its host offers, such as killing a bot
//!   standalone.rs, main.rs   the program `talon-sandbox`
//! ```
//!
//! A sandbox runs on a thread of its own, so that a busy or paused test runtime never makes Discord slow.

mod control;
mod driver;
mod faults;
mod gateway;
mod gateway_fault;
mod gateway_port;
mod guard;
mod hub;
mod huge_frame;
mod multipart;
mod page;
mod parameters;
mod pattern;
mod record;
mod server;
mod socket;
pub mod standalone;
mod switch;
mod wire;
pub mod world;

pub use driver::{Sandbox, Setup};
pub use faults::{Fault, FaultEffect, Gate, Hold, When};
pub use gateway_fault::{GatewayAction, GatewayFault, GatewayStage};
pub use huge_frame::HugeFrame;
pub use pattern::Pattern;
pub use record::{Call, Ending, GatewayConnection, GatewayEvent, GatewayNote};
pub use switch::{Caption, Switch};
