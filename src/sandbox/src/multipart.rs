//! Bodies with files in them: `multipart/form-data` taken apart (Discord documentation, *API Reference*: "Uploading
//! Files"; the form itself is RFC 7578).

use std::sync::Arc;

use serde_json::{Map, Value};

use super::world::Upload;

/// What a form came to: the JSON of the call, and the files beside it.
#[derive(Debug, PartialEq)]
pub(super) struct Parts<Body = Option<Value>> {
    pub(super) body: Body,
    pub(super) files: Vec<Upload>,
}

/// Takes a form apart; nothing where it is not one, or its `payload_json` is not JSON. "If you supply a `payload_json`
/// form field, all fields except for `files[n]` fields will be ignored in the form."
pub(super) fn take_apart(content_type: &str, bytes: &[u8]) -> Option<Parts> {
    let boundary = parameter(content_type, "boundary")?;
    let (mut files, mut fields, mut payload) = (Vec::new(), Map::new(), None);
    for part in parts(&format!("--{boundary}"), bytes) {
        let (head, content) = split_once(part, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(head);
        let line = |name: &str| head.lines().find(|line| line.to_ascii_lowercase().starts_with(name));
        let disposition = line("content-disposition:")?;
        let name = parameter(disposition, "name")?;
        if let Some(filename) = parameter(disposition, "filename") {
            let kind =
                line("content-type:").and_then(|line| line.split_once(':')).map(|(_, kind)| kind.trim().to_owned());
            files.push(Upload { field: name, filename, kind, bytes: Arc::from(content) });
        } else if name == "payload_json" {
            payload = Some(serde_json::from_slice(content).ok()?);
        } else {
            fields.insert(name, String::from_utf8_lossy(content).into_owned().into());
        }
    }
    Some(Parts { body: payload.or_else(|| (!fields.is_empty()).then(|| fields.into())), files })
}

/// The parts between the boundaries, without the line breaks that belong to these.
fn parts<'a>(boundary: &str, bytes: &'a [u8]) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    let mut rest = split_once(bytes, boundary.as_bytes()).map(|(_, rest)| rest);
    while let Some(after) = rest.and_then(|rest| rest.strip_prefix(b"\r\n")) {
        let Some((part, next)) = split_once(after, format!("\r\n{boundary}").as_bytes()) else { break };
        found.push(part);
        rest = Some(next);
    }
    found
}

fn split_once<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((&bytes[..at], &bytes[at + mark.len()..]))
}

/// `name="value"`, `name=value`, or, for what is not ASCII, `name*=utf-8''value`.
fn parameter(line: &str, wanted: &str) -> Option<String> {
    let (mut plain, mut rest) = (None, line);
    while let Some((_, after)) = rest.split_once(';') {
        let Some((name, value)) = after.split_once('=') else { break };
        let (value, next) = take_value(value);
        let name = name.trim();
        if name.strip_suffix('*').is_some_and(|name| name.eq_ignore_ascii_case(wanted)) {
            return value.rsplit('\'').next().map(super::world::rest::percent_decoded);
        }
        if name.eq_ignore_ascii_case(wanted) {
            plain.get_or_insert(value);
        }
        rest = next;
    }
    plain
}

/// The value at the beginning of a text, and what follows it. Within quotes a browser writes quotes and line breaks as
/// `%22`, `%0D` and `%0A`, and nothing else (HTML, "Multipart form data"); other clients write `\"`.
fn take_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.trim_start().strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let closes = |&(at, letter): &(usize, char)| letter == '"' && !quoted[..at].ends_with('\\');
    let end = quoted.char_indices().find(closes).map_or(quoted.len(), |(at, _)| at);
    let mut value = quoted[..end].replace("\\\"", "\"");
    for (code, letter) in [("%22", "\""), ("%0D", "\r"), ("%0A", "\n")] {
        value = value.replace(code, letter);
    }
    (value, quoted.get(end + 1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KIND: &str = "multipart/form-data; boundary=abc";

    fn form(parts: &[(&str, &str)]) -> String {
        let part = |(head, content): &(&str, &str)| {
            format!("--abc\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
        };
        format!("{}--abc--\r\n", parts.iter().map(part).collect::<String>())
    }

    #[test]
    fn the_json_and_the_files_are_told_apart() {
        let text = form(&[
            ("name=\"payload_json\"\r\nContent-Type: application/json", r#"{"content":"x"}"#),
            ("name=\"content\"", "ignored"),
            ("name=\"files[0]\"; filename=\"a.txt\"\r\nContent-Type: text/plain", "one\r\n--two"),
            ("name=\"files[1]\"; filename*=utf-8''%D1%8F.txt", ""),
        ]);
        let parts = take_apart(KIND, text.as_bytes()).expect("it is a form");
        assert_eq!(parts.body, Some(json!({ "content": "x" })));
        let files: Vec<(&str, &str, &[u8])> =
            parts.files.iter().map(|file| (file.field.as_str(), file.filename.as_str(), &*file.bytes)).collect();
        assert_eq!(files, [("files[0]", "a.txt", "one\r\n--two".as_bytes()), ("files[1]", "я.txt", b"")]);
        assert_eq!(parts.files[0].kind.as_deref(), Some("text/plain"));
    }

    #[test]
    fn names_of_files_are_read_whatever_is_in_them() {
        for (written, name) in [
            ("filename=\"a; filename=b.txt\"", "a; filename=b.txt"),
            ("filename=\"50% #1?.txt\"", "50% #1?.txt"),
            ("filename=\"say %22hi%22.txt\"", "say \"hi\".txt"),
            ("filename=\"say \\\"hi\\\".txt\"", "say \"hi\".txt"),
            ("filename=\"счёт.txt\"", "счёт.txt"),
            ("filename=plain.txt", "plain.txt"),
            ("filename=\"old.txt\"; filename*=utf-8''%D1%8F.txt", "я.txt"),
        ] {
            let text = form(&[(&format!("name=\"files[0]\"; {written}"), "")]);
            let parts = take_apart(KIND, text.as_bytes()).expect("it is a form");
            assert_eq!(parts.files[0].filename, name, "{written}");
            assert_eq!(parts.files[0].field, "files[0]", "{written}");
        }
    }

    #[test]
    fn without_json_the_fields_are_the_body() {
        let parts = take_apart(KIND, form(&[("name=\"content\"", "plain")]).as_bytes());
        assert_eq!(parts.and_then(|parts| parts.body), Some(json!({ "content": "plain" })));
    }

    #[test]
    fn what_is_no_form_is_refused() {
        assert_eq!(take_apart("multipart/form-data", b"x"), None);
        assert_eq!(take_apart(KIND, form(&[("name=\"payload_json\"", "{")]).as_bytes()), None);
    }
}
