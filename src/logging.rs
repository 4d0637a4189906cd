//! Logs: to files in the state folder, since the screen is not ours.
//!
//! One file a role (`server.log`, `client.log`), mode 0600, cut at [`FILE_MAX_BYTES`]: what is older moves to `….log.old`, and what is older than that is gone.
//! A disk that is full costs log lines and nothing else.
//!
//! The level is `info`, or what `$BATON_LOG` says (`error`, `warn`, `info`, `debug`, `trace`, `off`). Content of panes and keys are never logged, only their
//! lengths; that is up to those who log, and there is one place where it could slip through: the message of a panic. The panic hook therefore writes where
//! it happened and the message's first line, cut short.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Where a log file is cut.
pub const FILE_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The variable that sets the level.
pub const LEVEL_VARIABLE: &str = "BATON_LOG";

/// Starts logging for this process. `role` names the file; `folder` is made if it is missing. Does nothing when a file cannot be made.
pub fn start(role: &str, folder: &Path, level: LevelFilter) {
    let Some(file) = CappedFile::open(folder.join(format!("{role}.log"))) else { return };
    let shared = Shared(Arc::new(Mutex::new(file)));
    let subscriber = tracing_subscriber::fmt().with_writer(shared).with_ansi(false).with_max_level(level).with_target(true).finish();
    // A second start in one process (tests) keeps the first.
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        log_panics();
    }
}

/// The level that the environment asks for.
#[must_use]
pub fn level_from_env() -> LevelFilter {
    std::env::var(LEVEL_VARIABLE).ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO)
}

fn log_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("");
        let message = text.lines().next().unwrap_or("");
        let message: String = message.chars().take(200).collect();
        tracing::error!(%place, %message, "panic");
        before(info);
    }));
}

/// A file that starts anew when it is full.
#[derive(Debug)]
struct CappedFile {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl CappedFile {
    fn open(path: PathBuf) -> Option<Self> {
        if let Some(folder) = path.parent() {
            _ = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).ok()?;
        let bytes = file.metadata().map_or(0, |metadata| metadata.len());
        Some(Self { path, file, bytes })
    }

    fn turn_over(&mut self) {
        let mut old = self.path.clone().into_os_string();
        old.push(".old");
        _ = std::fs::rename(&self.path, old);
        if let Ok(file) = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path) {
            self.file = file;
        }
        // Even if it could not be renamed: not to be tried again with every line.
        self.bytes = 0;
    }
}

#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<CappedFile>>);

impl Write for Shared {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut capped = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if capped.bytes + line.len() as u64 > FILE_MAX_BYTES {
            capped.turn_over();
        }
        capped.bytes += line.len() as u64;
        // A line that cannot be written is lost; nobody is to hear of it.
        _ = capped.file.write_all(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Shared {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_starts_anew_and_keeps_one_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/server.log");
        let mut log = Shared(Arc::new(Mutex::new(CappedFile::open(path.clone()).unwrap())));
        let line = [b'x'; 1024];
        for _ in 0..2 * FILE_MAX_BYTES / 1024 + 10 {
            assert_eq!(log.write(&line).unwrap(), line.len());
        }
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 10 * 1024);
        assert_eq!(std::fs::metadata(folder.path().join("deep/server.log.old")).unwrap().len(), FILE_MAX_BYTES);
    }
}
