//! Just enough of the ZIP format to read an export: its comment, and its files one after the other.
//!
//! The sizes are taken from the directory at the end, because an archive that is written as a stream does not have them
//! before the data. Each file is checked against its CRC when it has been read to the end.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::read::DeflateDecoder;

/// The end record has this size without its comment, and the comment is at most 64 KiB.
const END_RECORD: usize = 22;
const LONGEST_END: u64 = END_RECORD as u64 + 0xFFFF;
const DIRECTORY_RECORD: usize = 46;
const LOCAL_RECORD: usize = 30;
/// A value that stands in the Zip64 extension instead.
const IN_ZIP64: u64 = 0xFFFF_FFFF;

/// The first bytes of an archive.
pub const SIGNATURE: &[u8] = b"PK";

/// An archive whose directory has been read.
pub struct Archive {
    file: File,
    entries: Vec<DirectoryEntry>,
    /// What whoever made the archive noted at its end.
    pub comment: Vec<u8>,
}

struct DirectoryEntry {
    name: Vec<u8>,
    encrypted: bool,
    method: u64,
    crc: u64,
    packed_size: u64,
    size: u64,
    offset: u64,
}

impl Archive {
    /// Reads the directory of an archive.
    pub fn open(mut file: File) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        let tail = read_at(&mut file, length.saturating_sub(LONGEST_END), length.min(LONGEST_END))?;
        let end = find_end(&tail).ok_or_else(|| damaged("its end is missing, the file is cut off"))?;
        let (size, offset) = (number(end, 12, 4)?, number(end, 16, 4)?);
        if size == IN_ZIP64 || offset == IN_ZIP64 {
            return Err(too_large());
        }
        if offset.saturating_add(size) > length {
            return Err(damaged("its directory is beyond its end"));
        }
        let directory = read_at(&mut file, offset, size)?;
        let mut entries = Vec::new();
        let mut rest = &directory[..];
        while rest.starts_with(b"PK\x01\x02") {
            let lengths = [number(rest, 28, 2)?, number(rest, 30, 2)?, number(rest, 32, 2)?];
            let [name, extra, comment] = lengths.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
            entries.push(DirectoryEntry::read(rest, name)?);
            rest = rest.get(DIRECTORY_RECORD + name + extra + comment..).unwrap_or_default();
        }
        Ok(Self { file, entries, comment: end[END_RECORD..].to_vec() })
    }

    /// One file of the archive, unpacked as it is read; none if it is not there.
    pub fn read(&mut self, name: &str) -> io::Result<Option<impl Read>> {
        let Some(entry) = self.entries.iter().find(|entry| entry.name == name.as_bytes()) else { return Ok(None) };
        if entry.encrypted {
            return Err(damaged("it is encrypted: unpack it first"));
        }
        if [entry.packed_size, entry.size, entry.offset].contains(&IN_ZIP64) {
            return Err(too_large());
        }
        let local = read_at(&mut self.file, entry.offset, LOCAL_RECORD as u64)?;
        if !local.starts_with(b"PK\x03\x04") {
            return Err(damaged("a file is not where the directory says"));
        }
        let skipped = LOCAL_RECORD as u64 + number(&local, 26, 2)? + number(&local, 28, 2)?;
        self.file.seek(SeekFrom::Start(entry.offset + skipped))?;
        let packed = (&self.file).take(entry.packed_size);
        let content: Box<dyn Read + '_> = match entry.method {
            0 => Box::new(packed),
            8 => Box::new(DeflateDecoder::new(packed)),
            other => return Err(damaged(&format!("it is packed by method {other}: unpack it first"))),
        };
        Ok(Some(Checked { content, crc: Crc::new(), expected: entry.crc }))
    }
}

impl DirectoryEntry {
    fn read(record: &[u8], name_length: usize) -> io::Result<Self> {
        let name = record.get(DIRECTORY_RECORD..DIRECTORY_RECORD + name_length);
        Ok(Self {
            name: name.ok_or_else(|| damaged("its directory is cut off"))?.to_vec(),
            encrypted: number(record, 8, 2)? & 1 == 1,
            method: number(record, 10, 2)?,
            crc: number(record, 16, 4)?,
            packed_size: number(record, 20, 4)?,
            size: number(record, 24, 4)?,
            offset: number(record, 42, 4)?,
        })
    }
}

/// A file of the archive, which fails at its end if it is not the one that was packed.
struct Checked<R> {
    content: R,
    crc: Crc,
    expected: u64,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        self.crc.update(&buffer[..count]);
        if count == 0 && !buffer.is_empty() && u64::from(self.crc.sum()) != self.expected {
            return Err(damaged("its checksum is wrong"));
        }
        Ok(count)
    }
}

/// The end record with its comment, which reaches to the end of the file.
fn find_end(tail: &[u8]) -> Option<&[u8]> {
    let last = tail.len().checked_sub(END_RECORD)?;
    let is_end = |end: &[u8]| {
        let comment = number(end, 20, 2).ok().and_then(|length| usize::try_from(length).ok());
        end.starts_with(b"PK\x05\x06") && comment.is_some_and(|length| END_RECORD + length == end.len())
    };
    (0..=last).rev().map(|at| &tail[at..]).find(|end| is_end(end))
}

fn read_at(file: &mut File, offset: u64, size: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(size).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A number of so many bytes, the lowest first.
fn number(record: &[u8], at: usize, size: usize) -> io::Result<u64> {
    let bytes = record.get(at..at + size).ok_or_else(|| damaged("its directory is cut off"))?;
    Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}

fn too_large() -> io::Error {
    damaged("it is larger than 4 GiB: unpack it, and name its tickets.jsonl")
}
