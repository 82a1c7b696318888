//! Windows. Files in a user's profile are private by the folder they are in, and there is no systemd.

use std::convert::Infallible;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use tokio::signal::windows;

/// A way to write files. Who may read them is inherited from the folder.
#[must_use]
pub fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    options
}

/// Nothing is to be done: who may read a file is inherited from its folder.
pub fn make_private(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Nothing is to be done: who may read a file is inherited from its folder.
pub fn make_path_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Not examined: a file has an access list, not a mode, and the bot would not change it.
#[must_use]
pub fn is_shared(_found: &Metadata) -> bool {
    false
}

/// Not examined: a file has an access list, not a mode.
#[must_use]
pub fn is_open_to_others(_found: &Metadata) -> bool {
    false
}

/// Folders cannot be opened as files; NTFS keeps its names in a journal of its own.
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// A file that is there can be written to, as far as its attributes say.
pub fn check_file_writable(path: &Path) -> io::Result<()> {
    let found = fs::metadata(path)?;
    if found.permissions().readonly() { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
}

/// Not examined beyond its existence: the access list of a folder cannot be read with the standard library.
pub fn check_folder_writable(folder: &Path) -> io::Result<()> {
    fs::metadata(folder).map(drop)
}

/// The standard library cannot tell, so the check says that it was not made.
pub fn free_bytes(_folder: &Path) -> io::Result<u64> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "free space is not read on Windows"))
}

/// A file, whatever it is called: by the moment it was made, which is counted in steps of 100 ns. A database cannot be
/// replaced while it is open, so this must tell apart only those that are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId {
    created: u64,
}

impl FileId {
    /// The file that this is the metadata of.
    #[must_use]
    pub fn of(found: &Metadata) -> Self {
        Self { created: found.creation_time() }
    }
}

/// A file as `SQLite` must be told of it: the part of a `file:` address before its path, and the path. An absolute path
/// stands there as `/C:/folder/file`.
#[must_use]
pub fn split_file_address(path: &Path) -> (&'static str, Vec<u8>) {
    let scheme = if path.is_absolute() { "file:///" } else { "file:" };
    (scheme, path.as_os_str().as_encoded_bytes().iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect())
}

/// Nothing is locked: a lock here keeps even this process from reading the file through `SQLite`. The lock file beside the
/// database keeps other processes away.
pub fn lock_database(_file: &File) -> Result<(), fs::TryLockError> {
    Ok(())
}

/// Not known: lines are as long as they are, and the terminal breaks them.
#[must_use]
pub const fn terminal_width() -> Option<usize> {
    None
}

/// Input that is not shown while it is typed. There is none.
pub struct HiddenInput(Infallible);

impl HiddenInput {
    /// The standard library cannot hide what is typed.
    #[must_use]
    pub const fn begin() -> Option<Self> {
        None
    }
}

/// Ends when the process is asked to: by Ctrl-C or Ctrl-Break, a closed window, or the end of the session.
pub async fn shutdown_signal() {
    let signals = (windows::ctrl_break(), windows::ctrl_close(), windows::ctrl_shutdown());
    let (Ok(mut ctrl_break), Ok(mut close), Ok(mut shutdown)) = signals else {
        return drop(tokio::signal::ctrl_c().await);
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = ctrl_break.recv() => {}
        _ = close.recv() => {}
        _ = shutdown.recv() => {}
    }
}

/// There is no such request. The bot of the sandbox stops at the end of its standard input.
pub async fn ask_to_stop(_process: u32) {}

/// What a service manager could be told.
#[derive(Clone, Copy, Debug)]
pub enum NotifyState<'a> {
    /// The start is over.
    Ready,
    /// The stop has begun.
    Stopping,
    /// The process lives.
    Watchdog,
    /// A line for people.
    Status(&'a str),
    /// The start takes so many microseconds longer.
    ExtendTimeoutUsec(u32),
}

/// There is no service manager that listens.
pub fn notify_service_manager(_state: &[NotifyState<'_>]) -> io::Result<()> {
    Ok(())
}

/// There is no watchdog.
#[must_use]
pub const fn watchdog_interval() -> Option<Duration> {
    None
}
