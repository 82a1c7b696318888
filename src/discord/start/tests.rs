use serde_json::Value;

use super::*;

fn said(status: u16, body: &str) -> Result<Value, StartError> {
    read(Reply { status, body: body.into(), date: None, held_up: None }).map(|(found, _)| found)
}

#[test]
fn a_token_is_rejected_by_discord_alone() {
    let rejected = |body| matches!(said(401, body), Err(StartError::TokenRejected));
    assert!(rejected("{\"message\": \"401: Unauthorized\", \"code\": 0}"));
    assert!(rejected("{\"message\": \"401: Unauthorized\"}"));
    for body in ["<html>please log in", "", "error code: 1016", "{\"title\": \"Unauthorized\", \"status\": 401}"] {
        assert!(matches!(said(401, body), Err(StartError::NotDiscord(401))), "{body}");
    }
}

#[test]
fn what_may_pass_is_waited_for() {
    for (status, body, sentence) in [
        (403, "<html>", "not Discord but something on the way"),
        (200, "<html>welcome to the airport", "not Discord but something on the way"),
        (302, "", "not Discord but something on the way"),
        (403, "{\"message\": \"internal network error\", \"code\": 40333}", "discord does not answer"),
        (403, "{\"message\": \"Missing Access\", \"code\": 50001}", "status 403"),
        (503, "<html>", "status 503"),
    ] {
        let why = said(status, body).unwrap_err();
        assert!(why.may_pass() && why.to_string().contains(sentence), "{status} {body}: {why}");
    }
}
