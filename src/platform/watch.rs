//! [`FolderWatch`]: hears of changes of the files in a folder, without polling.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::Path;

/// A descriptor that is readable when something in a folder has changed.
#[derive(Debug)]
pub struct FolderWatch {
    fd: OwnedFd,
    /// macOS: the folder that is watched must stay open.
    #[cfg(not(target_os = "linux"))]
    _folder: OwnedFd,
}

impl AsRawFd for FolderWatch {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

#[cfg(target_os = "linux")]
impl FolderWatch {
    /// Watches `folder`.
    ///
    /// # Errors
    /// It does not exist, or the system's watches are exhausted.
    pub fn new(folder: &Path) -> io::Result<Self> {
        use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
        let fd = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        // Writers that are done, folders made, and files put in place or taken away; not each write.
        let what = WatchFlags::CLOSE_WRITE | WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::DELETE | WatchFlags::MOVED_FROM;
        add_watch(&fd, folder, what)?;
        Ok(Self { fd })
    }

    /// Takes what has happened; whether something happened to the file `name`. Never blocks.
    #[must_use]
    pub fn changed(&self, name: &OsStr) -> bool {
        use std::mem::MaybeUninit;
        use std::os::unix::ffi::OsStrExt as _;

        use rustix::fs::inotify::ReadFlags;
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = rustix::fs::inotify::Reader::new(&self.fd, &mut buffer);
        let mut changed = false;
        // An overflow of the kernel's queue has no name: then everything may have changed.
        while let Ok(event) = reader.next() {
            // A file that was made is of interest once it is written.
            if event.events().contains(ReadFlags::CREATE) && !event.events().contains(ReadFlags::ISDIR) {
                continue;
            }
            changed |= event.file_name().is_none_or(|changed| changed.to_bytes() == name.as_bytes());
        }
        changed
    }
}

#[cfg(not(target_os = "linux"))]
impl FolderWatch {
    /// Watches `folder`.
    ///
    /// # Errors
    /// It does not exist, or descriptors are exhausted.
    pub fn new(folder: &Path) -> io::Result<Self> {
        use rustix::event::kqueue::{Event, EventFilter, EventFlags, VnodeEvents, kevent_timespec, kqueue};
        use rustix::fs::{Mode, OFlags, open};
        let watched = open(folder, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let fd = kqueue()?;
        let filter = EventFilter::Vnode { vnode: watched.as_raw_fd(), flags: VnodeEvents::WRITE | VnodeEvents::EXTENDED };
        let change = Event::new(filter, EventFlags::ADD | EventFlags::CLEAR, std::ptr::null_mut());
        let mut none: [Event; 0] = [];
        // SAFETY: the descriptor in the event is open, and stays so as long as the queue.
        #[expect(unsafe_code, reason = "kevent takes raw descriptors")]
        unsafe {
            kevent_timespec(&fd, &[change], &mut none[..], None)?;
        }
        Ok(Self { fd, _folder: watched })
    }

    /// Takes what has happened; kqueue does not say to which file. Never blocks.
    #[must_use]
    pub fn changed(&self, _name: &OsStr) -> bool {
        use rustix::event::Timespec;
        use rustix::event::kqueue::{Event, kevent_timespec};
        let mut events: Vec<Event> = Vec::with_capacity(8);
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: no descriptors are handed over.
        #[expect(unsafe_code, reason = "kevent takes raw descriptors")]
        let taken = unsafe { kevent_timespec(&self.fd, &[], rustix::buffer::spare_capacity(&mut events), Some(&now)) };
        taken.is_ok_and(|taken| taken > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn hears_of_a_file_however_it_is_written() {
        use std::os::fd::BorrowedFd;
        let folder = tempfile::tempdir().unwrap();
        let watch = FolderWatch::new(folder.path()).unwrap();
        assert!(!watch.changed(OsStr::new("config.toml")));
        let heard = || {
            // SAFETY: the watch outlives this borrow.
            #[expect(unsafe_code, reason = "a test's borrow")]
            let fd = unsafe { BorrowedFd::borrow_raw(watch.as_raw_fd()) };
            crate::platform::wait_readable(fd, Some(Duration::from_secs(5))).unwrap() && watch.changed(OsStr::new("config.toml"))
        };
        std::fs::write(folder.path().join("config.toml"), "a").unwrap();
        assert!(heard(), "written in place");
        std::fs::write(folder.path().join("new"), "b").unwrap();
        std::fs::rename(folder.path().join("new"), folder.path().join("config.toml")).unwrap();
        assert!((0..3).any(|_| heard()), "put in place");
        std::fs::remove_file(folder.path().join("config.toml")).unwrap();
        assert!((0..3).any(|_| heard()), "taken away");
        std::fs::create_dir(folder.path().join("config.toml")).unwrap();
        assert!(heard(), "a folder");
    }
}
