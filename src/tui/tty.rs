//! The outer terminal: raw mode and the modes that the client needs, given back however it ends; writes that never block.
//!
//! - [`Tty::open`] refuses what is no terminal, and terminals that cannot be drawn on, with what to do about it.
//! - Raw mode begins with [`Tty::raw`]. The alternate screen and the rest begin with the first frame ([`Tty::enter_bytes`] are put before it), so that a
//!   refused attach leaves the user's screen as it was.
//! - [`Tty::restore`] undoes all of it. It runs on drop and from a panic hook, so a return, an error and a panic end alike; signals end the loop,
//!   which returns.
//! - Output goes to a description of the terminal of our own, opened non-blocking: setting that flag on the one we inherited would set it for the
//!   user's shell too. What a stopped terminal does not take waits in [`Tty::pending`], at most one frame, since nothing is drawn
//!   before it is gone.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, Once};

use crossterm::Command as _;
use crossterm::event::{DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange};
use crossterm::terminal::{DisableLineWrap, EnableLineWrap, EnterAlternateScreen, LeaveAlternateScreen};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios};

use crate::geometry::Size;

/// Why there can be no full-screen client here.
#[derive(Debug, thiserror::Error)]
pub enum TtyError {
    /// Standard input or output is something else.
    #[error("standard {which} is not a terminal; attach needs one (`baton new -d`, `baton send` and `baton read` do not)")]
    NotATerminal {
        /// "input" or "output".
        which: &'static str,
    },
    /// `TERM` names a terminal without a cursor that can be moved.
    #[error(
        "TERM is `{term}`: this terminal cannot be drawn on; run baton in a terminal emulator, or set TERM to what it is (often xterm-256color)"
    )]
    Dumb {
        /// Its value.
        term: String,
    },
    /// A system call failed.
    #[error("the terminal cannot be set up: {0}")]
    Io(#[from] io::Error),
}

/// The modes that were there before, for whoever comes to restore them first.
static SAVED: Mutex<Option<Saved>> = Mutex::new(None);
static HOOK: Once = Once::new();

struct Saved {
    termios: Termios,
    entered: bool,
}

/// The outer terminal.
#[derive(Debug)]
pub struct Tty {
    output: OwnedFd,
    nonblocking: bool,
    pending: Vec<u8>,
    written: usize,
}

impl Tty {
    /// The terminal of standard input and output. `term` is `$TERM`.
    ///
    /// # Errors
    /// See [`TtyError`].
    pub fn open(term: Option<&str>) -> Result<Self, TtyError> {
        for (which, is_terminal) in
            [("input", rustix::termios::isatty(rustix::stdio::stdin())), ("output", rustix::termios::isatty(rustix::stdio::stdout()))]
        {
            if !is_terminal {
                return Err(TtyError::NotATerminal { which });
            }
        }
        let term = term.unwrap_or_default();
        if term.is_empty() || term == "dumb" || term == "unknown" {
            return Err(TtyError::Dumb { term: term.to_owned() });
        }
        let own = rustix::termios::ttyname(rustix::stdio::stdout(), Vec::new()).and_then(|name| {
            let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
            rustix::fs::open(name.as_c_str(), flags, Mode::empty())
        });
        let (output, nonblocking) = match own {
            Ok(output) => (output, true),
            // After `su` the device may belong to somebody else. Blocking writes then; a stopped terminal stops this client, and nobody else.
            Err(_) => (rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3).map_err(io::Error::from)?, false),
        };
        Ok(Self { output, nonblocking, pending: Vec::new(), written: 0 })
    }

    /// The terminal's size; 80x24 where it does not know.
    #[must_use]
    pub fn size() -> Size {
        match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => Size::new(size.ws_col, size.ws_row),
            _ => Size::new(80, 24),
        }
    }

    /// Begins raw mode, and sees to it that a panic ends it.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn raw(&self) -> io::Result<()> {
        let stdin = rustix::stdio::stdin();
        let before = rustix::termios::tcgetattr(stdin)?;
        let mut raw = before.clone();
        raw.make_raw();
        if let Ok(mut saved) = SAVED.lock()
            && saved.is_none()
        {
            *saved = Some(Saved { termios: before, entered: false });
        }
        HOOK.call_once(|| {
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                restore_from(rustix::stdio::stdout());
                previous(info);
            }));
        });
        rustix::termios::tcsetattr(stdin, OptionalActions::Now, &raw)?;
        Ok(())
    }

    /// What begins the alternate screen and the other modes; to be written before the first frame.
    #[must_use]
    pub fn enter_bytes(mouse: bool, motion: bool) -> Vec<u8> {
        if let Ok(mut saved) = SAVED.lock()
            && let Some(saved) = saved.as_mut()
        {
            saved.entered = true;
        }
        let mut out = String::new();
        let _ = EnterAlternateScreen.write_ansi(&mut out);
        let _ = EnableBracketedPaste.write_ansi(&mut out);
        let _ = EnableFocusChange.write_ansi(&mut out);
        let _ = DisableLineWrap.write_ansi(&mut out);
        let mut out = out.into_bytes();
        if mouse {
            out.extend_from_slice(Self::mouse_bytes(true, motion));
        }
        out
    }

    /// What switches mouse reports. Motion without a button is asked for only where it does something (`focus-follows`): else it would wake the client
    /// for nothing.
    #[must_use]
    pub const fn mouse_bytes(on: bool, motion: bool) -> &'static [u8] {
        match (on, motion) {
            (true, true) => b"\x1b[?1000h\x1b[?1002h\x1b[?1003h\x1b[?1006h",
            (true, false) => b"\x1b[?1003l\x1b[?1000h\x1b[?1002h\x1b[?1006h",
            (false, _) => b"\x1b[?1006l\x1b[?1003l\x1b[?1002l\x1b[?1000l",
        }
    }

    /// Takes bytes up and writes what the terminal takes now.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.pending.is_empty() {
            let written = self.write_some(bytes)?;
            self.pending.extend_from_slice(bytes.get(written..).unwrap_or_default());
            return Ok(());
        }
        self.pending.extend_from_slice(bytes);
        self.flush()
    }

    /// Goes on writing what waits.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn flush(&mut self) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let written = self.write_some(pending.get(self.written..).unwrap_or_default());
        self.pending = pending;
        self.written += written?;
        if self.written >= self.pending.len() {
            self.pending = Vec::new();
            self.written = 0;
        }
        Ok(())
    }

    fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < bytes.len() {
            match rustix::io::write(&self.output, bytes.get(written..).unwrap_or_default()) {
                Ok(count) => written += count,
                Err(Errno::AGAIN) if self.nonblocking => break,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => wait_writable(self.output.as_fd(), None),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(written)
    }

    /// Whether bytes wait for the terminal to take them.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Gives the terminal back as it was. What still waits is forgotten.
    pub fn restore(&mut self) {
        self.pending = Vec::new();
        self.written = 0;
        restore_from(self.output.as_fd());
    }
}

impl AsFd for Tty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.restore();
    }
}

fn wait_writable(fd: BorrowedFd<'_>, timeout: Option<&Timespec>) {
    let _ = poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)], timeout);
}

fn restore_from(output: BorrowedFd<'_>) {
    // A panic while the lock is held must not hang here.
    let Ok(mut saved) = SAVED.try_lock() else { return };
    let Some(Saved { termios, entered }) = saved.take() else { return };
    if entered {
        let mut out = String::new();
        let _ = DisableFocusChange.write_ansi(&mut out);
        let _ = DisableBracketedPaste.write_ansi(&mut out);
        let _ = EnableLineWrap.write_ansi(&mut out);
        // Whatever a torn frame left: end the update, the pen, the scroll region, the cursor's shape.
        let mut bytes = b"\x1b[?2026l\x1b[m\x1b[r".to_vec();
        bytes.extend_from_slice(Tty::mouse_bytes(false, false));
        bytes.extend_from_slice(out.as_bytes());
        bytes.extend_from_slice(b"\x1b[0 q\x1b[?25h");
        let mut leave = String::new();
        let _ = LeaveAlternateScreen.write_ansi(&mut leave);
        bytes.extend_from_slice(leave.as_bytes());
        let mut written = 0;
        // A terminal that is stopped for good must not keep us: half a second, then without.
        let patience = Timespec { tv_sec: 0, tv_nsec: 500_000_000 };
        let mut waited = false;
        while written < bytes.len() {
            match rustix::io::write(output, bytes.get(written..).unwrap_or_default()) {
                Ok(count) => written += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if !waited => {
                    waited = true;
                    wait_writable(output, Some(&patience));
                }
                Err(_) => break,
            }
        }
    }
    let _ = rustix::termios::tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &termios);
}
