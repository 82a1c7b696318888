use serde_json::Value;

use super::*;

fn parse(status: u16, body: &str) -> Result<Value, DiscordError> {
    parse_lookup(HttpResponse { status, body: body.into(), date: None, retry_after: None }).map(|(found, _)| found)
}

#[test]
fn a_token_is_rejected_by_discord_alone() {
    let rejected = |body| matches!(parse(401, body), Err(DiscordError::TokenRejected));
    assert!(rejected("{\"message\": \"401: Unauthorized\", \"code\": 0}"));
    assert!(rejected("{\"message\": \"401: Unauthorized\"}"));
    for body in ["<html>please log in", "", "error code: 1016", "{\"title\": \"Unauthorized\", \"status\": 401}"] {
        assert!(matches!(parse(401, body), Err(DiscordError::NotDiscord(401))), "{body}");
    }
}

#[test]
fn transient_errors_are_recognized() {
    for (status, body, sentence) in [
        (403, "<html>", "a proxy or firewall answers in Discord's place"),
        (200, "<html>welcome to the airport", "a proxy or firewall answers in Discord's place"),
        (302, "", "a proxy or firewall answers in Discord's place"),
        (403, "{\"message\": \"internal network error\", \"code\": 40333}", "discord does not answer"),
        (403, "{\"message\": \"Missing Access\", \"code\": 50001}", "status 403"),
        (503, "<html>", "status 503"),
    ] {
        let why = parse(status, body).unwrap_err();
        assert!(why.is_transient() && why.to_string().contains(sentence), "{status} {body}: {why}");
    }
}
