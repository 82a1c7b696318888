//! The sandbox from outside, over real sockets.

mod calls;
mod client;
mod gateway;
mod gateway_faults;
mod twilight;
