//! Stories: a world, a bot, a deed, and what the person then sees.
//!
//! The world is the sandbox, on real sockets; the bot is the real binary, with a real database. Nothing of the bot is
//! replaced, so what passes here is what runs.

#[path = "../support/process.rs"]
mod process;
#[path = "../support/test_bot.rs"]
mod test_bot;

mod access;
mod adoption;
mod backup;
mod calls;
mod closing;
mod commands;
mod copies;
mod crash;
mod demo;
mod disk;
mod doctor;
mod elsewhere;
mod examples;
mod explain;
mod faults;
mod gateway;
mod guides;
mod hands;
mod health;
mod health_command;
mod hidden;
mod import;
mod invite;
mod language;
mod line;
mod logs;
mod long_limits;
mod manual;
mod moments;
mod names;
mod noticing;
mod opening;
mod outage;
mod panel;
mod rest_line;
mod restart;
mod rights;
mod scenes;
mod settings;
mod settings_document;
mod settings_stored;
mod setup;
mod slash;
mod sleeping;
mod slow_disk;
mod spam;
mod story;
mod supervision;

mod stage;
mod tls;
mod twins;
mod unknown;
