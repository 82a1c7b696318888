//! Bodies with files in them: `multipart/form-data` taken apart (Discord documentation, *API Reference*: "Uploading
//! Files"; the form itself is RFC 7578).

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::header;
use futures_util::stream;
use multer::{Field, Multipart};
use serde_json::{Map, Value};

use super::world::Upload;
use super::world::rest::percent_decoded;

/// What a form came to: the JSON of the call, and the files beside it.
#[derive(Debug, PartialEq)]
pub(super) struct Parts<Body = Option<Value>> {
    pub(super) body: Body,
    pub(super) files: Vec<Upload>,
}

/// Takes a form apart; nothing where it is not one, or its `payload_json` is not JSON. "If you supply a `payload_json`
/// form field, all fields except for `files[n]` fields will be ignored in the form."
pub(super) async fn take_apart(content_type: &str, bytes: Bytes) -> Option<Parts> {
    let boundary = multer::parse_boundary(content_type).ok()?;
    let mut form = Multipart::new(stream::iter([Ok::<_, Infallible>(bytes)]), boundary);
    let (mut files, mut fields, mut payload) = (Vec::new(), Map::new(), None);
    while let Some(part) = form.next_field().await.ok()? {
        let (name, filename) = (part.name()?.to_owned(), filename(&part));
        let kind = part.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_owned);
        let content = part.bytes().await.ok()?;
        if let Some(filename) = filename {
            files.push(Upload { field: name, filename, kind, bytes: Arc::from(&*content) });
        } else if name == "payload_json" {
            payload = Some(serde_json::from_slice(&content).ok()?);
        } else {
            fields.insert(name, String::from_utf8_lossy(&content).into_owned().into());
        }
    }
    Some(Parts { body: payload.or_else(|| (!fields.is_empty()).then(|| fields.into())), files })
}

/// The name of a file. Within quotes a browser writes quotes and line breaks as `%22`, `%0D` and `%0A`, and nothing else
/// (HTML, "Multipart form data").
fn filename(part: &Field) -> Option<String> {
    let disposition = String::from_utf8_lossy(part.headers().get(header::CONTENT_DISPOSITION)?.as_bytes());
    let plain = || Some(part.file_name()?.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n"));
    extended_filename(&disposition).or_else(plain)
}

/// `filename*=utf-8''%D1%8F.txt`: how some clients, such as reqwest, write a name that is not ASCII. It is never quoted.
fn extended_filename(disposition: &str) -> Option<String> {
    let outside_quotes: String = disposition.replace("\\\"", "").split('"').step_by(2).collect();
    let (_, value) = outside_quotes.split_once("filename*=")?;
    value.split(';').next()?.rsplit('\'').next().map(|name| percent_decoded(name.trim()))
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

    async fn parts_of(form: String) -> Option<Parts> {
        take_apart(KIND, form.into()).await
    }

    #[tokio::test]
    async fn the_json_and_the_files_are_told_apart() {
        let text = form(&[
            ("name=\"payload_json\"\r\nContent-Type: application/json", r#"{"content":"x"}"#),
            ("name=\"content\"", "ignored"),
            ("name=\"files[0]\"; filename=\"a.txt\"\r\nContent-Type: text/plain", "one\r\n--two"),
            ("name=\"files[1]\"; filename*=utf-8''%D1%8F.txt", ""),
        ]);
        let parts = parts_of(text).await.expect("it is a form");
        assert_eq!(parts.body, Some(json!({ "content": "x" })));
        let files: Vec<(&str, &str, &[u8])> =
            parts.files.iter().map(|file| (file.field.as_str(), file.filename.as_str(), &*file.bytes)).collect();
        assert_eq!(files, [("files[0]", "a.txt", "one\r\n--two".as_bytes()), ("files[1]", "я.txt", b"")]);
        assert_eq!(parts.files[0].kind.as_deref(), Some("text/plain"));
    }

    #[tokio::test]
    async fn names_of_files_are_read_whatever_is_in_them() {
        for (written, name) in [
            ("filename=\"a; filename=b.txt\"", "a; filename=b.txt"),
            ("filename=\"50% #1?.txt\"", "50% #1?.txt"),
            ("filename=\"say %22hi%22.txt\"", "say \"hi\".txt"),
            ("filename=\"say \\\"hi\\\".txt\"", "say \"hi\".txt"),
            ("filename=\"счёт.txt\"", "счёт.txt"),
            ("filename=plain.txt", "plain.txt"),
            ("filename=\"a; filename*=utf-8''b.txt\"", "a; filename*=utf-8''b.txt"),
            ("filename=\"old.txt\"; filename*=utf-8''%D1%8F.txt", "я.txt"),
        ] {
            let text = form(&[(&format!("name=\"files[0]\"; {written}"), "")]);
            let parts = parts_of(text).await.expect("it is a form");
            assert_eq!(parts.files[0].filename, name, "{written}");
            assert_eq!(parts.files[0].field, "files[0]", "{written}");
        }
    }

    #[tokio::test]
    async fn without_json_the_fields_are_the_body() {
        let parts = parts_of(form(&[("name=\"content\"", "plain")])).await;
        assert_eq!(parts.and_then(|parts| parts.body), Some(json!({ "content": "plain" })));
    }

    #[tokio::test]
    async fn what_is_no_form_is_refused() {
        assert_eq!(take_apart("multipart/form-data", "x".into()).await, None);
        assert_eq!(parts_of(form(&[("name=\"payload_json\"", "{")])).await, None);
        assert_eq!(parts_of("--abc\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ncut".to_owned()).await, None);
    }
}
