//! Folders and sockets: who owns them, who may enter, what is left over.

use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::super::paths::{self, Paths, Place};
use super::{Context, Finding};

pub(super) fn check(context: &Context) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(base) = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
        findings.extend(xdg(&base, rustix::process::geteuid().as_raw()));
    } else if cfg!(target_os = "linux") {
        findings.push(Finding::note(
            "runtime",
            "XDG_RUNTIME_DIR is not set; the socket lies in the state folder or /tmp",
            "log in through a session manager, or `export XDG_RUNTIME_DIR=/run/user/$(id -u)` if that folder is there",
        ));
    }
    for place in paths::places() {
        findings.extend(folder(&place, rustix::process::geteuid().as_raw()));
    }
    match Paths::find(&context.choice) {
        Ok(paths) => findings.extend(socket(paths.socket())),
        Err(failure) => {
            let fix = failure.hint.clone().unwrap_or_else(|| "choose another place with `-S PATH`".to_owned());
            findings.push(Finding::mend("socket", failure.message, fix));
        }
    }
    findings.extend(state());
    findings
}

fn xdg(base: &Path, me: u32) -> Option<Finding> {
    match base.metadata() {
        Err(error) => Some(Finding::mend(
            "runtime",
            format!("XDG_RUNTIME_DIR is {}, which cannot be used: {error}", base.display()),
            "log in anew, or `unset XDG_RUNTIME_DIR`",
        )),
        Ok(metadata) if metadata.uid() != me => Some(Finding::note(
            "runtime",
            format!("XDG_RUNTIME_DIR is {}, which belongs to user {}; it is passed over", base.display(), metadata.uid()),
            "after `su` use `su -` or `machinectl shell` instead, which set it anew",
        )),
        Ok(_) => None,
    }
}

/// A folder that is there must be private; one that is not there is no finding.
fn folder(place: &Place, me: u32) -> Option<Finding> {
    let path = &place.folder;
    let metadata = path.symlink_metadata().ok()?;
    let shown = path.display();
    Some(if metadata.is_symlink() {
        Finding::mend(
            "folder",
            format!("{shown} is a link: sockets are not put behind links"),
            format!("look where it leads, then `rm {shown}`"),
        )
    } else if !metadata.is_dir() {
        Finding::mend("folder", format!("{shown} is not a folder"), format!("`rm {shown}`"))
    } else if metadata.uid() != me {
        Finding::mend(
            "folder",
            format!("{shown} belongs to user {}", metadata.uid()),
            "somebody else made it: choose another place with `-S PATH`, and ask who",
        )
    } else if metadata.mode() & 0o077 != 0 {
        Finding::mend(
            "folder",
            format!("{shown} has mode {:o}: others may enter", metadata.mode() & 0o7777),
            format!("`chmod 700 {shown}`"),
        )
    } else {
        Finding::fine("folder", format!("{shown} is private ({})", place.why))
    })
}

fn socket(path: &Path) -> Option<Finding> {
    let shown = path.display();
    let Ok(metadata) = path.symlink_metadata() else {
        return Some(Finding::fine("socket", format!("{shown} is not there: no server runs")));
    };
    if !metadata.file_type().is_socket() {
        return Some(Finding::mend("socket", format!("{shown} is there but no socket"), format!("`rm {shown}`")));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Some(Finding::fine("socket", format!("somebody listens at {shown}"))),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Some(Finding::note(
            "socket",
            format!("{shown} is left over: nobody listens"),
            "the next `baton` replaces it; if panes were lost with it, the machine or both keeper and server were killed",
        )),
        Err(error) => Some(Finding::mend("socket", format!("{shown}: {error}"), "check the folder's owner and mode")),
    }
}

/// The state folder, or the nearest folder above it that is there, must be writable.
fn state() -> Option<Finding> {
    let Some(state) = paths::state_dir() else {
        return Some(Finding::mend("state", "there is no home: HOME is not set", "`export HOME=…`"));
    };
    let nearest = state.ancestors().find(|folder| folder.exists())?;
    let writable = rustix::fs::access(nearest, rustix::fs::Access::WRITE_OK);
    let full = rustix::fs::statvfs(nearest).is_ok_and(|fs| fs.f_bavail == 0 && fs.f_blocks > 0);
    Some(match writable {
        Err(error) => Finding::note(
            "state",
            format!("{} cannot be written ({}): no logs, no restore", nearest.display(), std::io::Error::from(error)),
            "panes work without; to have logs, set XDG_STATE_HOME to a folder you can write",
        ),
        Ok(()) if full => {
            Finding::mend("state", format!("the disk of {} is full", nearest.display()), "make room; panes work meanwhile, logs do not")
        }
        Ok(()) => Finding::fine("state", format!("{} can be written", state.display())),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::Level;
    use super::*;

    fn level(path: &Path, me: u32) -> Option<Level> {
        folder(&Place { folder: path.to_owned(), why: "test" }, me).map(|finding| finding.level)
    }

    #[test]
    fn folders_that_are_not_private_are_found() {
        let base = tempfile::tempdir().unwrap();
        let me = base.path().metadata().unwrap().uid();
        let path = base.path().join("x");
        assert_eq!(level(&path, me), None);
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(level(&path, me), Some(Level::Fine));
        assert_eq!(level(&path, me + 1), Some(Level::Mend));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(level(&path, me), Some(Level::Mend));
        let link = base.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(level(&link, me), Some(Level::Mend));
    }

    #[test]
    fn a_socket_nobody_listens_on_is_told_from_a_live_one() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("s");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert_eq!(socket(&path).unwrap().level, Level::Fine);
        drop(listener);
        assert_eq!(socket(&path).unwrap().level, Level::Note);
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "").unwrap();
        assert_eq!(socket(&path).unwrap().level, Level::Mend);
    }
}
