//! Frames far larger than any client expects, made without ever holding what they inflate to.

use std::io::Write as _;

use flate2::{Compress, Compression, FlushCompress, Status};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// A frame that is larger than a client expects. None is kept for a client that resumes: it would meet it again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HugeFrame {
    /// A text message of so many bytes.
    Text(usize),
    /// A binary message, compressed with zlib as for a client that asked for it, that inflates to so many bytes.
    Compressed(usize),
    /// The server once more, as a text message with so many channels in addition.
    Guild {
        /// About 300 bytes each.
        channels: usize,
    },
}

impl HugeFrame {
    /// The frame itself. It repeats the sequence number of the event before it.
    pub(super) fn message(self, guild: impl FnOnce() -> Value, sequence: u64) -> Message {
        match self {
            Self::Text(bytes) => Message::Text(text(bytes, sequence)),
            Self::Compressed(bytes) => Message::Binary(compressed(bytes, sequence)),
            Self::Guild { channels } => Message::Text(with_channels(guild(), channels, sequence)),
        }
    }

    pub(super) fn json(self) -> Value {
        match self {
            Self::Text(bytes) => json!({ "action": "text", "bytes": bytes }),
            Self::Compressed(bytes) => json!({ "action": "compressed", "bytes": bytes }),
            Self::Guild { channels } => json!({ "action": "guild", "channels": channels }),
        }
    }
}

/// An event of an unknown kind, split where a run of one letter makes it as long as is wished.
fn envelope(sequence: u64) -> [String; 2] {
    [format!(r#"{{"op":0,"t":"SANDBOX_HUGE_FRAME","s":{sequence},"d":""#), r#""}"#.to_owned()]
}

/// How long the run of letters is in a frame of so many bytes.
fn run_length(bytes: usize, [head, tail]: &[String; 2]) -> usize {
    bytes.saturating_sub(head.len() + tail.len())
}

/// A JSON event of this length.
fn text(bytes: usize, sequence: u64) -> String {
    let parts = envelope(sequence);
    let run = "x".repeat(run_length(bytes, &parts));
    let [head, tail] = parts;
    head + &run + &tail
}

/// The same, compressed. A run is deflated once and repeated: after a full flush nothing refers to what was before.
fn compressed(bytes: usize, sequence: u64) -> Vec<u8> {
    const PIECE: usize = 1024 * 1024;
    let parts = envelope(sequence);
    let run = run_length(bytes, &parts);
    let piece = vec![b'x'; PIECE];
    let mut deflate = Compress::new(Compression::best(), false);
    // The header of zlib: deflate with a window of 32 KiB, best compression.
    let mut frame = vec![0x78, 0xda];
    frame.extend(deflate_part(&mut deflate, parts[0].as_bytes(), FlushCompress::Full));
    let repeated = deflate_part(&mut deflate, &piece, FlushCompress::Full);
    for _ in 0..run / PIECE {
        frame.extend(&repeated);
    }
    frame.extend(deflate_part(&mut deflate, &piece[..run % PIECE], FlushCompress::Full));
    frame.extend(deflate_part(&mut deflate, parts[1].as_bytes(), FlushCompress::Finish));
    let sum = Adler::default().bytes(parts[0].as_bytes()).run(b'x', run).bytes(parts[1].as_bytes());
    let _ = frame.write_all(&sum.to_bytes());
    frame
}

fn deflate_part(deflate: &mut Compress, part: &[u8], flush: FlushCompress) -> Vec<u8> {
    let mut out = Vec::with_capacity(part.len() + 1024);
    let status = deflate.compress_vec(part, &mut out, flush);
    debug_assert!(matches!(status, Ok(Status::Ok | Status::StreamEnd)), "{status:?}");
    out
}

/// The server with many more channels, which cannot be used.
fn with_channels(mut guild: Value, channels: usize, sequence: u64) -> String {
    /// Above every id that a clock of this century can give.
    const FIRST_ID: u64 = 1 << 62;
    let model = guild["channels"].as_array().and_then(|all| all.iter().find(|channel| channel["type"] == 0)).cloned();
    let (model, list) = (model.unwrap_or_else(|| json!({ "type": 0, "name": "x" })), guild["channels"].as_array_mut());
    if let Some(list) = list {
        list.extend((0..channels).map(|number| {
            let mut channel = model.clone();
            channel["id"] = (FIRST_ID + number as u64).to_string().into();
            channel
        }));
    }
    json!({ "op": 0, "t": "GUILD_CREATE", "s": sequence, "d": guild }).to_string()
}

/// Adler-32 (RFC 1950), with the sum of a run in one step.
#[derive(Clone, Copy)]
struct Adler {
    low: u64,
    high: u64,
}

impl Default for Adler {
    fn default() -> Self {
        Self { low: 1, high: 0 }
    }
}

impl Adler {
    const MODULUS: u64 = 65_521;

    fn bytes(self, bytes: &[u8]) -> Self {
        bytes.iter().fold(self, |sum, byte| sum.run(*byte, 1))
    }

    fn run(self, byte: u8, length: usize) -> Self {
        let (byte, length) = (u64::from(byte), length as u64 % (2 * Self::MODULUS));
        let triangle = length * (length + 1) / 2 % Self::MODULUS;
        Self {
            low: (self.low + byte * length) % Self::MODULUS,
            high: (self.high + length * self.low + byte * triangle) % Self::MODULUS,
        }
    }

    fn to_bytes(self) -> [u8; 4] {
        let (low, high) = (self.low.to_be_bytes(), self.high.to_be_bytes());
        [high[6], high[7], low[6], low[7]]
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_small_frame_inflates_to_the_large_one() {
        const BYTES: usize = 3_500_000;
        let small = compressed(BYTES, 7);
        assert!(small.len() * 500 < BYTES, "{}", small.len());
        let mut inflated = String::new();
        flate2::read::ZlibDecoder::new(&small[..]).read_to_string(&mut inflated).expect("zlib");
        assert_eq!(inflated.len(), BYTES);
        assert!(inflated == text(BYTES, 7), "both are the same event");
        let event: Value = serde_json::from_str(&inflated).expect("JSON");
        assert_eq!((&event["s"], event["d"].as_str().map(|run| run.trim_matches('x'))), (&json!(7), Some("")));
    }
}
