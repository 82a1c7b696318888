//! Sends requests only as fast as Discord allows, so that its limits are met before they are broken.
//!
//! - [`queue`](RequestQueue): a request waits here, in order of priority and then of arrival, until it may be sent;
//! - `limiter`: Discord's rate limits, one bucket each and one for all of them, learned from the headers of its responses;
//! - `cloudflare`: blocks of this IP address by Cloudflare, and Discord's limit on invalid requests, which prevents them;
//! - `response`: the body and headers of a 429.
//!
//! Only `queue` waits. The others take the time as an argument and are pure.

mod bucket;
mod cloudflare;
mod limiter;
mod queue;
mod response;
mod waiting;

pub(super) use cloudflare::{GuardEvent, SendOutcome};
pub(crate) use queue::random_fraction;
pub(super) use queue::{QueueEntry, RateLimited, RequestQueue};
pub(super) use response::RateLimitResponse;
