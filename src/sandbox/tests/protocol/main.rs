//! The sandbox from outside, over real sockets.

mod calls;
mod client;
#[cfg(feature = "cli")]
mod command_line;
mod gateway;
mod gateway_faults;
mod twilight;
