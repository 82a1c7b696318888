//! Linux, macOS and the BSDs.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, IsTerminal};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rustix::fs::Access;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
pub use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};

/// For the owner alone.
const PRIVATE: u32 = 0o600;

/// A way to write files that only their owner may read.
#[must_use]
pub fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(PRIVATE);
    options
}

/// Takes an open file away from the eyes of other users.
pub fn make_private(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(PRIVATE))
}

/// The same by its name, without opening it.
pub fn make_path_private(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(PRIVATE))
}

/// Users other than its owner may do something with the file.
#[must_use]
pub fn is_shared(found: &Metadata) -> bool {
    found.permissions().mode() & 0o077 != 0
}

/// Users who are neither the owner nor in the file's group may do something with it.
#[must_use]
pub fn is_open_to_others(found: &Metadata) -> bool {
    found.permissions().mode() & 0o007 != 0
}

/// Brings the names in a folder to the disk.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A file that is there can be written to.
pub fn check_file_writable(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::access(path, Access::WRITE_OK)?)
}

/// Files can be made in a folder.
pub fn check_folder_writable(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Free bytes on the disk of a folder.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// A file, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The file that this is the metadata of.
    #[must_use]
    pub fn of(found: &Metadata) -> Self {
        Self { device: found.dev(), inode: found.ino() }
    }
}

/// A file as `SQLite` must be told of it: the part of a `file:` address before its path, and the path.
#[must_use]
pub fn split_file_address(path: &Path) -> (&'static str, Vec<u8>) {
    let scheme = if path.is_absolute() { "file://" } else { "file:" };
    (scheme, path.as_os_str().as_encoded_bytes().to_vec())
}

/// Locks the database itself against other processes. The lock ends with the file that holds it.
pub fn lock_database(file: &File) -> Result<(), fs::TryLockError> {
    file.try_lock()
}

/// How many columns the terminal has that standard output goes to, if it is one and knows.
#[must_use]
pub fn terminal_width() -> Option<usize> {
    let out = io::stdout();
    let size = out.is_terminal().then(|| tcgetwinsize(&out).ok())??;
    // A terminal that does not know its size says zero.
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

/// A terminal that does not show what is typed, until this is dropped.
pub struct HiddenInput(Termios);

impl HiddenInput {
    /// None where there is no terminal to begin with.
    #[must_use]
    pub fn begin() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        hidden.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden).ok()?;
        Some(Self(before))
    }
}

impl Drop for HiddenInput {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing put back.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.0);
    }
}

/// Ends when the process is asked to: by Ctrl-C or by SIGTERM.
pub async fn shutdown_signal() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return drop(tokio::signal::ctrl_c().await);
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Asks another process to stop, as a service manager does.
pub async fn ask_to_stop(process: u32) {
    let kill =
        tokio::process::Command::new("kill").arg(process.to_string()).stderr(std::process::Stdio::null()).status();
    // One that has just ended needs no asking; one that cannot be asked is killed after a while.
    let _ = kill.await;
}

/// Tells systemd something. Without it this does nothing.
pub fn notify_service_manager(state: &[NotifyState<'_>]) -> io::Result<()> {
    sd_notify::notify(state)
}

/// Within which time systemd's watchdog wants to hear that the process lives.
#[must_use]
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}
