//! Each setting: its name, how a right value looks, and how it is understood.

use std::borrow::Cow;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use crate::config::SetupChecks;
use crate::ids::{ChannelId, RoleId};
use crate::language::{Language, Locale};
use crate::logging::LogFormat;

/// Longer than anybody would wait for a ticket to close; rather a slip of the pen.
const LONGEST_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a healthy network needs for a new connection and a slow answer.
const SHORTEST_REQUEST: Duration = Duration::from_secs(1);

/// What was made by a request without an answer is looked for in the minutes after it; a later effect would be missed.
const LONGEST_REQUEST: Duration = Duration::from_secs(60);

/// A connection that takes longer is none.
const LONGEST_STAGE: Duration = Duration::from_secs(60 * 60);

/// A journal that forgets what is still going on would tell half a story.
const SHORTEST_MEMORY: Duration = Duration::from_secs(60 * 60);

/// A variable and its meaning.
pub(super) struct Setting<T> {
    pub(super) name: &'static str,
    /// Goes on from "expected …".
    pub(super) expected: &'static str,
    /// The meaning of a value, or what is wrong with it, which goes before "expected …" and never repeats the value.
    pub(super) understand: fn(&str) -> Result<T, Cow<'static, str>>,
}

/// Every variable that the bot reads. `RUST_LOG` is read by the log.
pub(super) const NAMES: [&str; 17] = [
    TOKEN.name,
    TOKEN_FILE.name,
    PANEL_CHANNEL.name,
    CATEGORY.name,
    SUPPORT.name,
    PANEL_FILE.name,
    CLOSE_DELAY.name,
    DATABASE.name,
    JOURNAL_KEEP.name,
    HEALTH.name,
    LOG_FORMAT.name,
    LOCALE.name,
    PROXY.name,
    REQUEST_TIMEOUT.name,
    GATEWAY_TIMEOUT.name,
    SETUP_CHECKS.name,
    "RUST_LOG",
];

/// What the bot cannot do without.
pub(super) const REQUIRED: [&str; 4] = [TOKEN.name, PANEL_CHANNEL.name, CATEGORY.name, SUPPORT.name];

pub(super) const TOKEN: Setting<SecretString> = Setting {
    name: "DISCORD_TOKEN",
    expected: "the bot's token in one piece, without quotes (discord.com/developers/applications → your application → \
               Bot → Reset Token), or DISCORD_TOKEN_FILE with the path of a file that holds it",
    understand: token,
};

pub(super) const TOKEN_FILE: Setting<SecretString> = Setting {
    name: "DISCORD_TOKEN_FILE",
    expected: "the path of a file that holds the bot's token and nothing else",
    understand: token_file,
};

pub(super) const PANEL_CHANNEL: Setting<ChannelId> = Setting {
    name: "TICKET_BUTTON_CHANNEL_ID",
    expected: "the id of the text channel for the message with the button, only digits, such as 1234567890123456789 \
               (Discord with developer mode on: right click the channel → Copy Channel ID)",
    understand: |value| id(value).map(ChannelId),
};

pub(super) const CATEGORY: Setting<ChannelId> = Setting {
    name: "TICKET_CATEGORY_ID",
    expected: "the id of the category for the tickets, only digits, such as 1234567890123456789 (Discord with \
               developer mode on: right click the category → Copy Category ID)",
    understand: |value| id(value).map(ChannelId),
};

pub(super) const SUPPORT: Setting<RoleId> = Setting {
    name: "SUPPORT_ROLE_ID",
    expected: "the id of the support team's role, only digits, such as 1234567890123456789 (Discord with developer \
               mode on: Server Settings → Roles → right click the role → Copy Role ID)",
    understand: |value| id(value).map(RoleId),
};

pub(super) const PANEL_FILE: Setting<PathBuf> = Setting {
    name: "TICKET_MESSAGE_FILE",
    expected: "the path of a file, such as json/ticket_message.json",
    understand: file,
};

pub(super) const CLOSE_DELAY: Setting<Duration> = Setting {
    name: "CLOSE_DELAY",
    expected: "a number with its unit, such as 5s or 1m 30s, and at most a day",
    understand: delay,
};

pub(super) const REQUEST_TIMEOUT: Setting<Duration> = Setting {
    name: "REQUEST_TIMEOUT",
    expected: "a number with its unit, such as 15s, at least a second and at most a minute",
    understand: request_timeout,
};

pub(super) const GATEWAY_TIMEOUT: Setting<Duration> = Setting {
    name: "GATEWAY_TIMEOUT",
    expected: "a number with its unit, such as 25s, and at most an hour",
    understand: gateway_timeout,
};

pub(super) const SETUP_CHECKS: Setting<SetupChecks> =
    Setting { name: "SETUP_CHECKS", expected: "on or off", understand: setup_checks };

pub(super) const DATABASE: Setting<PathBuf> = Setting {
    name: "DATABASE_URL",
    expected: "sqlite:// and the path of a file, such as sqlite://json/talon.db or sqlite:///var/lib/talon/talon.db",
    understand: database,
};

pub(super) const JOURNAL_KEEP: Setting<Duration> = Setting {
    name: "JOURNAL_KEEP",
    expected: "a number with its unit, such as 90d or 1y, and at least an hour",
    understand: memory,
};

pub(super) const HEALTH: Setting<SocketAddr> = Setting {
    name: "HEALTH_ADDR",
    expected: "an address of this machine and a port, such as 127.0.0.1:8080",
    understand: |value| value.parse().map_err(|_| "is not an address with a port".into()),
};

pub(super) const LOG_FORMAT: Setting<LogFormat> =
    Setting { name: "LOG_FORMAT", expected: "text or json", understand: format };

pub(super) const LOCALE: Setting<Locale> = Setting {
    name: "LOCALE",
    expected: "ru for Russian, en for English, or auto for Russian in the channels and for each member their own \
               language in what only they can see",
    understand: locale,
};

pub(super) const PROXY: Setting<String> = Setting {
    name: "DISCORD_PROXY",
    expected: "http:// or https:// with a host, perhaps a port, and no path, such as http://127.0.0.1:8080",
    understand: proxy,
};

fn token(value: &str) -> Result<SecretString, Cow<'static, str>> {
    // Some write it as it goes into the header.
    let value = value.strip_prefix("Bot ").unwrap_or(value).trim_start();
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\'';
    if value.is_empty() || !value.bytes().all(fits) {
        return Err("holds what is no part of a token".into());
    }
    Ok(SecretString::from(value))
}

fn token_file(path: &str) -> Result<SecretString, Cow<'static, str>> {
    let text = fs::read_to_string(path).map_err(|why| format!("cannot be read ({why})"))?;
    let text = Zeroizing::new(text);
    match text.trim() {
        "" => Err("names an empty file".into()),
        text => token(text).map_err(|_| "names a file that holds more than a token".into()),
    }
}

fn id(value: &str) -> Result<u64, Cow<'static, str>> {
    // `parse` alone would take a plus sign.
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(id) if digits && id != 0 => Ok(id),
        _ => Err("is not an id".into()),
    }
}

fn file(value: &str) -> Result<PathBuf, Cow<'static, str>> {
    if value.ends_with('/') {
        return Err("names a folder".into());
    }
    Ok(PathBuf::from(value))
}

/// A span of time; where it does not fit, why.
fn duration(value: &str, fits: impl Fn(Duration) -> bool, why: &'static str) -> Result<Duration, Cow<'static, str>> {
    match humantime::parse_duration(value) {
        Ok(span) if fits(span) => Ok(span),
        Ok(_) => Err(why.into()),
        Err(_) => Err("is not a duration".into()),
    }
}

fn delay(value: &str) -> Result<Duration, Cow<'static, str>> {
    duration(value, |span| span <= LONGEST_DELAY, "is longer than a day")
}

fn request_timeout(value: &str) -> Result<Duration, Cow<'static, str>> {
    duration(
        value,
        |span| (SHORTEST_REQUEST..=LONGEST_REQUEST).contains(&span),
        "is shorter than a second or longer than a minute",
    )
}

fn gateway_timeout(value: &str) -> Result<Duration, Cow<'static, str>> {
    duration(value, |span| !span.is_zero() && span <= LONGEST_STAGE, "is nothing, or longer than an hour")
}

fn setup_checks(value: &str) -> Result<SetupChecks, Cow<'static, str>> {
    match value.to_ascii_lowercase().as_str() {
        "on" => Ok(SetupChecks::On),
        "off" => Ok(SetupChecks::Off),
        _ => Err("is neither".into()),
    }
}

fn memory(value: &str) -> Result<Duration, Cow<'static, str>> {
    duration(value, |span| span >= SHORTEST_MEMORY, "is shorter than an hour")
}

fn format(value: &str) -> Result<LogFormat, Cow<'static, str>> {
    match value {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("is neither".into()),
    }
}

fn database(value: &str) -> Result<PathBuf, Cow<'static, str>> {
    let Some(path) = value.strip_prefix("sqlite:") else {
        return Err("is not the address of an SQLite file, the only kind of database there is".into());
    };
    let path = path.strip_prefix("//").unwrap_or(path);
    // What other programs must be told, a store does by itself.
    let path = path.strip_suffix("?mode=rwc").unwrap_or(path);
    match path {
        "" => Err("names no file".into()),
        ":memory:" => Err("names no file, and what is in memory is lost at the next start".into()),
        path if path.contains('?') => Err("has options, and there are none".into()),
        path => file(path),
    }
}

fn locale(value: &str) -> Result<Locale, Cow<'static, str>> {
    match value.to_ascii_lowercase().as_str() {
        "ru" => Ok(Locale::One(Language::Russian)),
        "en" => Ok(Locale::One(Language::English)),
        "auto" => Ok(Locale::Auto),
        _ => Err("is not a language that the bot speaks".into()),
    }
}

fn proxy(value: &str) -> Result<String, Cow<'static, str>> {
    let Some((scheme, rest)) = value.split_once("://") else {
        return Err("is not an address".into());
    };
    let scheme = scheme.to_ascii_lowercase();
    if scheme != "http" && scheme != "https" {
        return Err("begins with neither http:// nor https://".into());
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['/', '?', '#', '@']) {
        return Err("holds more than a host and a port".into());
    }
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    if !is_host(host) {
        return Err("names no host".into());
    }
    if port.is_some_and(|port| !port.bytes().all(|byte| byte.is_ascii_digit()) || port.parse::<u16>().is_err()) {
        return Err("has a port that is no number up to 65535".into());
    }
    Ok(format!("{scheme}://{rest}"))
}

/// A name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !host.is_empty() && host.bytes().all(fits)
}
