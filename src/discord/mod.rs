//! What we ask of Discord, and how we read what it says.
//!
//! Two halves. The pure one spells a [`Call`](crate::lifecycle::Call) as a request ([`request`]) and reads the reply
//! back as an [`Answer`](crate::lifecycle::Answer) ([`answer`]); it opens no socket, so the simulator plays the very
//! bytes that production sends. The other one carries them over the wire: `gate` lets them out as Discord's limits allow,
//! [`Transport`] repeats what a limit refused after all, and [`Client`] performs a call and finds out which rights are
//! missing when one is forbidden.
//!
//! Nothing here retries what may have been done. A reply that did not come is [`Answer::Unknown`], and the rules
//! decide what follows.
//!
//! [`Answer::Unknown`]: crate::lifecycle::Answer::Unknown

mod body;
mod bucket;
mod client;
mod connections;
mod edge;
mod estate;
mod gate;
mod lenient;
mod limit;
mod limits;
mod list;
mod menu;
mod message;
mod reply;
mod rights;
mod said;
#[cfg(test)]
mod standin;
mod start;
mod status;
mod survey;
mod transport;
mod unreachable;
pub mod view;
mod waiting;
mod wire;

pub use client::{Client, Standing};
pub use estate::{Application, Channel, Holders, Kind, Named, Role, Server, Source, Thing};
pub(crate) use gate::random_fraction;
pub use reply::answer;
pub use rights::{Denier, Lack, Rights, Site, needed_number, needed_rights, places_of};
pub use start::{Gateway, SessionStartLimit, StartError};
pub use status::{Barred, LimitedRoute, LineStatus};
pub use survey::{Clock, Home, Homeless, Listing, Look, Sought, Spot, Survey, Untold};
pub use transport::Transport;
pub use unreachable::Unreachable;
pub use wire::{Ask, Class, Place, request};
