//! How Discord says no: a status, a code, a sentence, and for a malformed body the exact fields
//! (Discord documentation, *Opcodes and Status Codes*, "JSON"; *API Reference*, "Error Messages").

use serde_json::{Map, Value, json};

/// One refused request.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub status: u16,
    pub code: u32,
    pub message: String,
    /// The `errors` object of an invalid form body.
    pub errors: Option<Value>,
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $code:literal, $message:literal;)*) => {
        impl Refusal {
            $($(#[$doc])* pub(crate) fn $name() -> Self {
                Self { status: $status, code: $code, message: $message.to_owned(), errors: None }
            })*
        }
    };
}

refusals! {
    unauthorized = 401, 0, "401: Unauthorized";
    no_such_route = 404, 0, "404: Not Found";
    wrong_method = 405, 0, "405: Method Not Allowed";
    unknown_application = 404, 10002, "Unknown Application";
    unknown_channel = 404, 10003, "Unknown Channel";
    unknown_guild = 404, 10004, "Unknown Guild";
    unknown_member = 404, 10007, "Unknown Member";
    unknown_message = 404, 10008, "Unknown Message";
    unknown_overwrite = 404, 10009, "Unknown Overwrite";
    unknown_role = 404, 10011, "Unknown Role";
    unknown_user = 404, 10013, "Unknown User";
    unknown_emoji = 400, 10014, "Unknown Emoji";
    unknown_webhook = 404, 10015, "Unknown Webhook";
    unknown_interaction = 404, 10062, "Unknown interaction";
    unknown_command = 404, 10063, "Unknown application command";
    too_many_channels = 400, 30013, "Maximum number of guild channels reached (500)";
    too_many_commands = 400, 30032, "Maximum number of application commands reached (100)";
    too_many_roles = 400, 30005, "Maximum number of guild roles reached (250)";
    already_acknowledged = 400, 40060, "Interaction has already been acknowledged.";
    too_many_reactions = 400, 30010, "Maximum number of reactions reached (20)";
    too_many_attachments = 400, 30015, "Maximum number of attachments in a message reached (10)";
    too_large = 413, 40005, "Request entity too large";
    missing_access = 403, 50001, "Missing Access";
    not_your_message = 403, 50005, "Cannot edit a message authored by another user";
    out_of_reach = 403, 50007, "Cannot send messages to this user";
    invalid_recipients = 400, 50033, "Invalid Recipient(s)";
    empty_message = 400, 50006, "Cannot send an empty message";
    no_text_there = 400, 50008, "Cannot send messages in a non-text channel";
    missing_permissions = 403, 50013, "Missing Permissions";
    no_history_no_reply = 403, 160_002, "Cannot reply without permission to read message history";
    invalid_json = 400, 50109, "The request body contains invalid JSON.";
    nameless_client = 403, 40333, "internal network error";
    bad_bulk_size = 400, 50016, "Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete.";
    too_old_for_bulk = 400, 50034, "You can only bulk delete messages that are under 14 days old.";
    invalid_webhook_token = 401, 50027, "Invalid Webhook Token";
}

impl Refusal {
    /// 50035 with a single mistake, such as `parent_id: CHANNEL_PARENT_INVALID`.
    pub(super) fn field(path: &str, code: &str, message: impl Into<String>) -> Self {
        let mut field_errors = FieldErrors::default();
        field_errors.add(path, code, message);
        field_errors.refusal()
    }

    /// 50035 for a body that is not declared as JSON.
    pub(crate) fn unexpected_content() -> Self {
        let message = "Expected \"Content-Type\" header to be one of {'application/json', 'multipart/form-data'}.";
        Self::field("", "CONTENT_TYPE_INVALID", message)
    }

    /// The body as Discord sends it.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = json!({ "message": self.message, "code": self.code });
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        body
    }
}

/// The errors found in one body, kept until all of them are known: Discord reports them together.
#[derive(Debug, Default)]
pub(super) struct FieldErrors(Vec<Mistake>);

#[derive(Debug)]
struct Mistake {
    path: String,
    code: String,
    message: String,
}

impl FieldErrors {
    /// `path` is dotted, with list positions as numbers: `embeds.0.title`.
    pub(super) fn add(&mut self, path: &str, code: &str, message: impl Into<String>) {
        self.0.push(Mistake { path: path.to_owned(), code: code.to_owned(), message: message.into() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One line for each, for a test to compare.
    #[cfg(test)]
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.iter().map(|mistake| format!("{}: {} ({})", mistake.path, mistake.code, mistake.message)).collect()
    }

    pub(super) fn refusal(&self) -> Refusal {
        let mut errors = Value::Object(Map::new());
        for mistake in &self.0 {
            let steps = mistake.path.split('.').filter(|step| !step.is_empty());
            let node = steps.fold(&mut errors, |node, step| &mut node[step]);
            let told = json!({ "code": mistake.code, "message": mistake.message });
            match &mut node["_errors"] {
                Value::Array(list) => list.push(told),
                empty => *empty = json!([told]),
            }
        }
        Refusal { status: 400, code: 50035, message: "Invalid Form Body".to_owned(), errors: Some(errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_nest_as_discord_nests_them() {
        let mut field_errors = FieldErrors::default();
        field_errors.add("embeds.0.title", "BASE_TYPE_MAX_LENGTH", "Must be 256 or fewer in length.");
        field_errors.add("embeds.0", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000");
        let body = field_errors.refusal().body();
        assert_eq!(body["code"], 50035);
        assert_eq!(body["errors"]["embeds"]["0"]["title"]["_errors"][0]["code"], "BASE_TYPE_MAX_LENGTH");
        assert_eq!(body["errors"]["embeds"]["0"]["_errors"][0]["code"], "MAX_EMBED_SIZE_EXCEEDED");
    }
}
