use std::path::Path;

use secrecy::ExposeSecret;

use super::*;

const GOOD: [(&str, &str); 4] = [
    ("DISCORD_TOKEN", "abc.def-ghi"),
    ("TICKET_BUTTON_CHANNEL_ID", "11"),
    ("TICKET_CATEGORY_ID", "12"),
    ("SUPPORT_ROLE_ID", "13"),
];

/// Good settings, but for these.
fn read(changes: &[(&str, &str)]) -> Result<Config, Mistakes> {
    let mut variables: std::collections::BTreeMap<_, _> = GOOD.into();
    variables.extend(changes.iter().copied());
    Config::read(&variables.into_iter().collect())
}

#[test]
fn four_variables_are_enough() {
    let config = read(&[]).unwrap();
    assert_eq!(config.token.expose_secret(), "abc.def-ghi");
    assert_eq!(config.panel_channel, ChannelId(11));
    assert_eq!(config.category, ChannelId(12));
    assert_eq!(config.support, RoleId(13));
    assert_eq!(config.panel_file, Path::new("json/ticket_message.json"));
    assert_eq!(config.close_delay, Duration::from_secs(5));
    assert_eq!(config.database, Path::new("json/talon.db"));
    assert_eq!(config.locale, Locale::One(Language::Russian));
    assert_eq!(config.proxy, None);
    assert_eq!(config.request_timeout, Duration::from_secs(15));
    assert_eq!(config.gateway_timeout, Duration::from_secs(25));
    assert_eq!(config.journal_keep, Duration::from_secs(90 * 86_400));
    assert_eq!(config.health, None);
    assert_eq!(config.log_format, LogFormat::Text);
}

#[test]
fn the_database_is_found_without_the_rest() {
    let database = |variables: &[(&str, &str)]| Config::database(&variables.iter().copied().collect());
    assert_eq!(database(&[]).unwrap(), Path::new("json/talon.db"));
    assert_eq!(database(&[("TICKET_MESSAGE_FILE", "a/panel.json")]).unwrap(), Path::new("a/talon.db"));
    assert_eq!(database(&[("DATABASE_URL", "sqlite://b.db")]).unwrap(), Path::new("b.db"));
    assert!(database(&[("DATABASE_URL", "postgres://b")]).is_err());
}

#[test]
fn what_the_operator_may_set() {
    let config = read(&[("JOURNAL_KEEP", "2h"), ("HEALTH_ADDR", "[::1]:80"), ("LOG_FORMAT", "json")]).unwrap();
    assert_eq!(config.journal_keep, Duration::from_secs(7_200));
    assert_eq!(config.health, Some("[::1]:80".parse().unwrap()));
    assert_eq!(config.log_format, LogFormat::Json);
    for (name, value) in
        [("JOURNAL_KEEP", "5m"), ("JOURNAL_KEEP", "90"), ("HEALTH_ADDR", "8080"), ("LOG_FORMAT", "xml")]
    {
        let Mistakes(mistakes) = read(&[(name, value)]).unwrap_err();
        assert_eq!(mistakes.iter().map(|mistake| mistake.place.as_str()).collect::<Vec<_>>(), [name], "{value}");
    }
}

#[test]
fn what_settings_mean() {
    let database = |value: &str, path: &str| {
        let config = read(&[("DATABASE_URL", value)]).unwrap();
        assert_eq!(config.database, Path::new(path), "{value}");
    };
    database("sqlite://a/b.db", "a/b.db");
    database("sqlite:///a/b.db", "/a/b.db");
    database("sqlite:a b.db", "a b.db");
    database("sqlite://b.db?mode=rwc", "b.db");
    database("  ", "json/talon.db");

    let delay = |value: &str, ms: u64| {
        let config = read(&[("CLOSE_DELAY", value)]).unwrap();
        assert_eq!(config.close_delay, Duration::from_millis(ms), "{value}");
    };
    delay("1m 30s", 90_000);
    delay("0s", 0);
    delay("250ms", 250);
    delay("1d", 86_400_000);

    for (value, seconds) in [("1s", 1), ("20s", 20), ("1m", 60)] {
        let config = read(&[("REQUEST_TIMEOUT", value)]).unwrap();
        assert_eq!(config.request_timeout, Duration::from_secs(seconds), "{value}");
    }

    let locale = |value: &str, expected: Locale| {
        assert_eq!(read(&[("LOCALE", value)]).unwrap().locale, expected, "{value}");
    };
    locale("ru", Locale::One(Language::Russian));
    locale("en", Locale::One(Language::English));
    locale("AUTO", Locale::Auto);

    let proxy = |value: &str, expected: &str| {
        let config = read(&[("DISCORD_PROXY", value)]).unwrap();
        assert_eq!(config.proxy.as_deref(), Some(expected), "{value}");
    };
    proxy("http://127.0.0.1:8080/", "http://127.0.0.1:8080");
    proxy("HTTPS://proxy.example", "https://proxy.example");
    proxy("http://[::1]:80", "http://[::1]:80");
    proxy("http://[::1]", "http://[::1]");

    let config = read(&[("TICKET_MESSAGE_FILE", "/data/panel.json"), ("SUPPORT_ROLE_ID", " 5\n")]).unwrap();
    assert_eq!(config.database, Path::new("/data/talon.db"), "beside the panel file");
    assert_eq!(config.support, RoleId(5));
    let config = read(&[("DISCORD_TOKEN", "Bot abc")]).unwrap();
    assert_eq!(config.token.expose_secret(), "abc");
}

#[test]
fn each_mistake_names_its_variable_and_never_the_value() {
    let cases = [
        ("DISCORD_TOKEN", "", "is not set"),
        ("DISCORD_TOKEN", "\"abc.def\"", "no part of a token"),
        ("DISCORD_TOKEN", "abc def", "no part of a token"),
        ("TICKET_BUTTON_CHANNEL_ID", " ", "is not set"),
        ("TICKET_BUTTON_CHANNEL_ID", "MTIz.secret.token", "is not an id"),
        ("TICKET_CATEGORY_ID", "+12", "is not an id"),
        ("TICKET_CATEGORY_ID", "0", "is not an id"),
        ("SUPPORT_ROLE_ID", "99999999999999999999", "is not an id"),
        ("SUPPORT_ROLE_ID", "-13", "is not an id"),
        ("TICKET_MESSAGE_FILE", "folder-of-mine/", "names a folder"),
        ("CLOSE_DELAY", "55", "is not a duration"),
        ("CLOSE_DELAY", "5 hats", "is not a duration"),
        ("CLOSE_DELAY", "1d 1s", "is longer than a day"),
        ("REQUEST_TIMEOUT", "15", "is not a duration"),
        ("GATEWAY_TIMEOUT", "0s", "is nothing"),
        ("REQUEST_TIMEOUT", "999ms", "is shorter than a second"),
        ("REQUEST_TIMEOUT", "61s", "longer than a minute"),
        ("DATABASE_URL", "postgres://me:secret@host/db", "only kind of database"),
        ("DATABASE_URL", "sqlite::memory:", "lost at the next start"),
        ("DATABASE_URL", "sqlite://", "names no file"),
        ("DATABASE_URL", "sqlite://a.db?cache=shared", "has options"),
        ("DATABASE_URL", "sqlite://folder-of-mine/", "names a folder"),
        ("DISCORD_PROXY", "127.0.0.1:8081", "is not an address"),
        ("DISCORD_PROXY", "socks5://127.0.0.1", "neither http:// nor"),
        ("DISCORD_PROXY", "http://127.0.0.1/api", "more than a host"),
        ("DISCORD_PROXY", "http://me:secret@host", "more than a host"),
        ("DISCORD_PROXY", "http://", "names no host"),
        ("DISCORD_PROXY", "http://:8080", "names no host"),
        ("DISCORD_PROXY", "http://a b", "names no host"),
        ("DISCORD_PROXY", "http://host:99999", "no number up to 65535"),
        ("DISCORD_PROXY", "http://host:", "no number up to 65535"),
    ];
    for (name, value, words) in cases {
        let mistakes = read(&[(name, value)]).unwrap_err();
        assert_eq!(mistakes.0.len(), 1, "{name}={value}: {mistakes}");
        assert_eq!(mistakes.0[0].place, name);
        let text = &mistakes.0[0].text;
        assert!(text.contains(words) && text.contains("expected"), "{name}={value}: {text}");
        let repeated = value.trim().len() > 9 && text.contains(value.trim());
        assert!(!repeated && !text.contains("secret"), "{name}={value}: {text}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_a_line_for_each() {
    let mut environment = Environment::of_file(b"DISCORD_TOKEN\nSUPPORT_ROLE_ID=13");
    environment.extend([("CLOSE_DELAY", "soon")]);
    let text = Config::read(&environment).unwrap_err().to_string();
    let places: Vec<_> = text.lines().filter_map(|line| line.split_once(": ")).collect();
    let places: Vec<_> = places.into_iter().map(|(place, _)| place).collect();
    let expected = [".env, line 1", "DISCORD_TOKEN", "TICKET_BUTTON_CHANNEL_ID", "TICKET_CATEGORY_ID", "CLOSE_DELAY"];
    assert_eq!(places, expected, "{text}");
}

#[test]
fn the_token_may_be_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let name = path.to_str().unwrap();
    let from_file = |text: &str| {
        std::fs::write(&path, text).unwrap();
        read(&[("DISCORD_TOKEN", ""), ("DISCORD_TOKEN_FILE", name)])
    };
    assert_eq!(from_file("\tabc.def\r\n").unwrap().token.expose_secret(), "abc.def");
    assert!(from_file("\n").unwrap_err().to_string().contains("an empty file"));
    assert!(from_file("abc\ndef").unwrap_err().to_string().contains("more than a token"));

    let both = read(&[("DISCORD_TOKEN_FILE", name)]).unwrap_err().to_string();
    assert!(both.contains("keep one of the two"), "{both}");
    // The token itself, where the name of its file should be.
    let missing = read(&[("DISCORD_TOKEN", ""), ("DISCORD_TOKEN_FILE", "MTIz.secret")]).unwrap_err();
    assert!(missing.to_string().contains("cannot be read") && !missing.to_string().contains("secret"));
    assert_eq!(missing.0.len(), 1);
}

#[test]
fn the_token_is_not_printed() {
    assert!(!format!("{:?}", read(&[]).unwrap()).contains("abc.def-ghi"));
}

#[test]
fn a_dotenv_file_stands_below_the_environment() {
    let text = "\u{feff}# mine\n\nexport SUPPORT_ROLE_ID=1\r\nCLOSE_DELAY=\"1m 30s\" # long\nTICKET_CATEGORY_ID=2\n";
    let mut environment = Environment::of_file(text.as_bytes());
    environment.extend([("TICKET_CATEGORY_ID", "3"), ("CLOSE_DELAY", "")]);
    assert_eq!(environment.get("SUPPORT_ROLE_ID"), Some("1"));
    assert_eq!(environment.get("TICKET_CATEGORY_ID"), Some("3"));
    assert_eq!(environment.get("CLOSE_DELAY"), Some("1m 30s"), "an empty variable is none");
    assert_eq!(environment.get("DISCORD_TOKEN"), None);
}

#[test]
fn a_broken_line_is_told_by_its_number_alone() {
    let cases = [
        ("A=1\nMTIz secret\nB=2\n", ".env, line 2"),
        ("A=1\n\n# no\nsecret", ".env, line 4"),
        ("A=1\nB=secret x\nC=3\n", ".env, line 2"),
        ("A=1\nB='secret\nC=3\nD=4\n", ".env, line 2"),
    ];
    for (text, place) in cases {
        let environment = Environment::of_file(text.as_bytes());
        let mistakes = Mistakes(environment.mistakes().to_vec());
        assert_eq!(mistakes.0.len(), 1, "{text}: {mistakes}");
        assert_eq!(mistakes.0[0].place, place, "{text}");
        assert!(!mistakes.to_string().contains("secret"));
        assert_eq!(environment.get("A"), Some("1"));
    }
    assert!(!Environment::of_file(b"A=\xFF\n").mistakes().is_empty());
}

#[test]
fn a_slip_of_the_pen_is_told_beside_what_is_missing() {
    for text in ["DISCORD_TOKE=abc.def\n", "export discord_token='abc.def'"] {
        let environment = Environment::of_file(text.as_bytes());
        let told = Config::read(&environment).unwrap_err().to_string();
        assert!(told.contains("DISCORD_TOKEN: is not set") && told.contains("is DISCORD_TOKEN meant?"), "{told}");
        assert!(!told.contains("abc.def"), "{told}");
        assert!(Access::read(&environment).unwrap_err().to_string().contains("is DISCORD_TOKEN meant?"));
    }
    let mut environment: Environment = GOOD.into_iter().collect();
    environment.extend([("CLOSE_DELY", "1m"), ("HOME", "/root")]);
    assert!(Config::read(&environment).is_ok(), "what is only probably wrong stops nothing");
    let warnings = environment.warnings();
    assert_eq!(warnings, ["CLOSE_DELY: is no setting of the bot and is ignored: is CLOSE_DELAY meant?"]);
}

#[test]
fn the_easy_way_out_comes_with_what_is_missing_and_with_nothing_else() {
    let advice = |changes: &[(&str, &str)]| read(changes).unwrap_err().advice();
    let nothing = Config::read(&Environment::default()).unwrap_err();
    assert!(nothing.advice().unwrap().starts_with("Nothing is set up yet: run `talon setup`"));
    assert!(advice(&[("SUPPORT_ROLE_ID", "")]).unwrap().contains("`talon setup`"));
    assert_eq!(advice(&[("CLOSE_DELAY", "soon")]), None);
}

#[test]
fn a_dotenv_file_is_read_however_it_was_saved() {
    let check = |text: &[u8], variables: &[(&str, &str)]| {
        let told = String::from_utf8_lossy(text);
        let environment = Environment::of_file(text);
        assert_eq!(environment.mistakes(), [], "{told:?}");
        let read: Vec<_> = environment.values().collect();
        assert_eq!(read, variables, "{told:?}");
    };
    check(b"SUPPORT_ROLE_ID=1", &[("SUPPORT_ROLE_ID", "1")]);
    check(b"\n   \n\t\nSUPPORT_ROLE_ID=1\n   ", &[("SUPPORT_ROLE_ID", "1")]);
    check(b"\xEF\xBB\xBFA=1\r\nB=2\r\n", &[("A", "1"), ("B", "2")]);
    check(b"  export  A = 1\nexport\tB=2", &[("A", "1"), ("B", "2")]);
    check(b"A=b#c\nB='d # e' # f\nC=\"g # h\"", &[("A", "b#c"), ("B", "d # e"), ("C", "g # h")]);
    check(b"A=b=c==\nB=\"d=e\"", &[("A", "b=c=="), ("B", "d=e")]);
    check(b"A=\nB=''\nC=3 # d", &[("C", "3")]);
    check("A=дом\n# ключ\nB=2".as_bytes(), &[("A", "дом"), ("B", "2")]);
}

#[test]
fn a_file_in_utf_16_is_told_in_words() {
    let utf_16 = |unit: fn(u16) -> [u8; 2], mark: &[u8]| {
        let text: Vec<u8> = "DISCORD_TOKEN=secret\r\n".encode_utf16().flat_map(unit).collect();
        [mark, &text].concat()
    };
    for text in
        [utf_16(u16::to_le_bytes, b"\xFF\xFE"), utf_16(u16::to_be_bytes, b"\xFE\xFF"), utf_16(u16::to_le_bytes, b"")]
    {
        let mistakes = Mistakes(Environment::of_file(&text).mistakes().to_vec()).to_string();
        assert!(mistakes.starts_with(".env: ") && mistakes.contains("save it as UTF-8"), "{mistakes}");
        assert_eq!(mistakes.lines().count(), 1, "one sentence, and not one for each line");
    }
}
