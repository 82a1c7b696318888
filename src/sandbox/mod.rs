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
//!      │   ├─── faults.rs    what goes wrong, on demand
//!      │   └─── record.rs    what was asked
//!      │
//!   server.rs, socket.rs     HTTP and WebSocket, with multipart.rs for bodies with files; guard.rs keeps foreign pages out
//!   control/, page.rs        the same by hand: curl, and a browser
//!   switch.rs                what the host offers on the page, such as killing a bot of its own
//! ```
//!
//! A sandbox lives on a thread of its own, so that a busy or paused test runtime never makes Discord slow.

mod control;
mod driver;
mod faults;
mod gateway;
mod guard;
mod hub;
mod multipart;
mod page;
mod pattern;
mod record;
mod server;
mod socket;
mod switch;
#[cfg(test)]
mod tests;
mod wish;
pub mod world;

pub use driver::{Sandbox, Setup};
pub use faults::{Fault, Gate, Hold, Trouble, When};
pub use pattern::Pattern;
pub use record::{Call, Ending, Happening, Note};
pub use switch::{Caption, Switch};
