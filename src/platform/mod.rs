//! What differs between operating systems, and nothing else: private files, what a file is beside its name, the terminal,
//! how the process is asked to stop, and the service manager.
//!
//! Each system has a file with the same items. Where a system has no such thing, its item says what happens instead.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

use std::io;
use std::path::Path;

impl FileId {
    /// The file that is at this path; a link is followed.
    pub fn at(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|found| Self::of(&found))
    }
}
