//! Ending things: panes, windows, sessions, attachments; and signals.

use super::{Handled, link};
use crate::ids::{AttachmentId, PaneId, SessionId};
use crate::operator::Verb;
use crate::protocol::keeper::{Message, SignalTo};
use crate::protocol::message::{Made, Refusal, Reply};
use crate::server::event::ConnectionId;
use crate::server::owner::{Server, refusal};
use crate::session::{Command, Outcome};

impl Server {
    pub(super) fn kill_pane(&mut self, connection: ConnectionId, target: Option<&str>, others: bool) -> Handled {
        let at = self.pane(connection, target)?;
        let pane = at.pane;
        let ended = self.state.windows.get(&at.window).map(|window| window.panes()).unwrap_or_default();
        self.may_end(connection, ended.into_iter().filter(|other| (*other != pane) == others))?;
        self.command(if others { Command::KillOtherPanes { pane } } else { Command::KillPane { pane } })
    }

    pub(super) fn kill_window(&mut self, connection: ConnectionId, target: Option<&str>, others: bool) -> Handled {
        let at = self.window(connection, target)?;
        let linked = self.state.sessions.get(&at.session).map(|session| session.winlinks.values().copied().collect::<Vec<_>>());
        let ended = linked.unwrap_or_default().into_iter().filter(|window| (*window != at.window) == others);
        let panes = ended.filter_map(|window| self.state.windows.get(&window)).flat_map(|window| window.panes()).collect::<Vec<_>>();
        self.may_end(connection, panes)?;
        self.command(if others { Command::KillOtherWindows { link: link(&at) } } else { Command::KillWindow { window: at.window } })
    }

    pub(super) fn kill_session(&mut self, connection: ConnectionId, target: Option<&str>, others: bool) -> Handled {
        let session = self.session(connection, target)?;
        let windows =
            self.state.sessions.values().filter(|other| (other.id != session) == others).flat_map(|session| session.winlinks.values());
        let panes = windows.filter_map(|window| self.state.windows.get(window)).flat_map(|window| window.panes()).collect::<Vec<_>>();
        self.may_end(connection, panes)?;
        if !others {
            return self.command(Command::KillSession { session });
        }
        let ended: Vec<SessionId> = self.state.sessions.keys().copied().filter(|other| *other != session).collect();
        for session in ended {
            self.apply(Command::KillSession { session })?;
        }
        super::done(&Outcome { session: Some(session), ..Outcome::default() })
    }

    /// Whether all of these panes may be ended: a window is not ended by halves.
    pub(super) fn may_end(&self, connection: ConnectionId, panes: impl IntoIterator<Item = PaneId>) -> Result<(), Refusal> {
        let actor = self.may(connection, Verb::View, None)?;
        panes.into_iter().try_for_each(|pane| {
            let named = |refused: Refusal| Refusal { message: format!("pane {pane}: {}", refused.message), ..refused };
            self.may_steer(&actor, Verb::Kill, pane).map_err(named)
        })
    }

    pub(super) fn signal(&mut self, connection: ConnectionId, target: Option<&str>, name: &str) -> Handled {
        let pane = self.pane(connection, target)?.pane;
        let signal = number_of(name).ok_or_else(|| refusal("bad_request", format!("no signal is called {name}")))?;
        if self.state.panes.get(&pane).is_none_or(|pane| pane.is_dead()) {
            return Err(refusal("dead", format!("the program in pane {pane} has ended")));
        }
        let actor = self.may(connection, Verb::View, None)?;
        self.may_steer(&actor, Verb::Signal, pane)?;
        tracing::info!(operator = %actor.operator, %pane, signal, "signal");
        self.keeper.send(Message::Signal { pane, signal, to: SignalTo::Foreground });
        Ok(Reply::Done(Made { pane: Some(pane), ..Made::default() }))
    }

    pub(super) fn detach_request(&mut self, connection: ConnectionId, target: Option<&str>, others: bool) -> Handled {
        let own = self.attachment_of(connection);
        let wanted: Vec<AttachmentId> = match target {
            Some(target) => match target.parse::<AttachmentId>() {
                Ok(attachment) if self.seats.contains_key(&attachment) && !others => vec![attachment],
                Ok(attachment) if self.seats.contains_key(&attachment) => {
                    self.seats.keys().copied().filter(|other| *other != attachment).collect()
                }
                Ok(attachment) => return Err(refusal("no_such_target", format!("can't find client: {attachment}"))),
                Err(_) => self.viewers_of(self.session(connection, Some(target))?),
            },
            None if others => {
                let session = self.session(connection, None)?;
                self.viewers_of(session)
            }
            None => match own {
                Some(own) => vec![own],
                // A command typed in a pane: who typed it is the one who typed last there.
                None => {
                    let viewers = self.viewers_of(self.session(connection, None)?);
                    let typed = |viewer: &AttachmentId| self.seats.get(viewer).map(|seat| seat.governed_at);
                    viewers.into_iter().max_by_key(typed).into_iter().collect()
                }
            },
        };
        let wanted: Vec<AttachmentId> = wanted.into_iter().filter(|attachment| !others || Some(*attachment) != own).collect();
        if wanted.is_empty() && !others {
            return Err(refusal("no_such_target", "no client is attached there"));
        }
        if wanted.iter().any(|attachment| Some(*attachment) != own) {
            self.may(connection, Verb::Admin, None)?;
        }
        for attachment in wanted {
            self.detach(attachment, "detached");
        }
        Ok(Reply::Done(Made::default()))
    }

    fn viewers_of(&self, session: SessionId) -> Vec<AttachmentId> {
        self.seats.iter().filter(|(_, seat)| seat.view.session == session).map(|(attachment, _)| *attachment).collect()
    }
}

/// The number of a signal given by name, with or without SIG, or by number.
fn number_of(name: &str) -> Option<i32> {
    let upper = name.trim().to_ascii_uppercase();
    let short = upper.strip_prefix("SIG").unwrap_or(&upper);
    let named = [
        ("HUP", libc::SIGHUP),
        ("INT", libc::SIGINT),
        ("QUIT", libc::SIGQUIT),
        ("ABRT", libc::SIGABRT),
        ("KILL", libc::SIGKILL),
        ("USR1", libc::SIGUSR1),
        ("USR2", libc::SIGUSR2),
        ("PIPE", libc::SIGPIPE),
        ("ALRM", libc::SIGALRM),
        ("TERM", libc::SIGTERM),
        ("CHLD", libc::SIGCHLD),
        ("CONT", libc::SIGCONT),
        ("STOP", libc::SIGSTOP),
        ("TSTP", libc::SIGTSTP),
        ("TTIN", libc::SIGTTIN),
        ("TTOU", libc::SIGTTOU),
        ("WINCH", libc::SIGWINCH),
    ];
    let by_name = named.iter().find(|(known, _)| *known == short).map(|(_, number)| *number);
    by_name.or_else(|| short.parse().ok().filter(|number| (1..=64).contains(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names_and_numbers() {
        for (name, number) in
            [("INT", Some(libc::SIGINT)), ("sigterm", Some(libc::SIGTERM)), ("9", Some(9)), ("0", None), ("65", None), ("X", None)]
        {
            assert_eq!(number_of(name), number, "{name}");
        }
    }
}
