//! A small Discord on loopback: REST, gateway, people and a page, with the rules of the real one.
//!
//! It is what the tests play on and what a newcomer sees first. It knows nothing of any bot: whoever speaks Discord's
//! protocol can be tried against it.
//!
//! ```text
//!   Sandbox (driver.rs)      what tests and the page do and see
//!      │
//!     hub.rs ── world/       the rules, pure: no clock, no sockets
//!      │   ├─── gateway.rs   sessions: who hears what, who missed what
//!      │   ├─── faults.rs    what goes wrong, on demand; gateway_fault.rs for the gateway
//!      │   └─── record.rs    what was asked
//!      │
//!   server.rs, socket.rs     HTTP and WebSocket over wire.rs, with multipart.rs for bodies with files
//!   guard.rs                 keeps foreign pages out
//!   gateway_port.rs          a port of the gateway's own, on demand; huge_frame.rs: what is too large
//!   control/, page.rs        the same by hand: curl, and a browser
//!   switch.rs                what the host offers on the page, such as killing a bot of its own
//! ```
//!
//! A sandbox lives on a thread of its own, so that a busy or paused test runtime never makes Discord slow.

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
