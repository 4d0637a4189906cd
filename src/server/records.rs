//! What the server writes into the journal of its own: who came and went and was refused, what began and ended in panes.
//!
//! The records of control and of input are written by who decides them, through [`Server::note`], the same door. Who does something is, unless it is said,
//! whose message is being handled ([`Server::acting`]). What happened is noted even if it cannot be written now ([`super::journal::Journal::note`]); that it
//! cannot is told to the people who are attached, once, and again when it can.

use super::journal::{Journal, Limits};
use super::owner::{Server, now_ms};
use crate::ids::{AttachmentId, OperatorId, PaneId};
use crate::keeper::KeeperPaths;
use crate::operator::journal::{Cause, Entry, Fact};
use crate::operator::{Millis, Party, Transport};
use crate::protocol::message::{Level, Notice, ServerMessage};
use crate::session::ExitStatus;

/// The journal of the instance at `paths`: under the state folder, by the name of its socket; sockets at a place of their own are told apart by the path.
pub(super) fn journal_of(paths: &KeeperPaths, limits: Limits) -> Journal {
    let project = directories::ProjectDirs::from("", "", "baton");
    let state = project.as_ref().map(|project| project.state_dir().unwrap_or_else(|| project.data_local_dir()).to_owned());
    let state = state.unwrap_or_else(|| paths.runtime_dir.join("state"));
    let usual = [project.as_ref().and_then(|project| project.runtime_dir().map(std::path::Path::to_owned)), Some(state.join("run"))];
    let stem = paths.socket.file_stem().map_or_else(|| "default".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let name = if usual.iter().flatten().any(|folder| *folder == paths.runtime_dir) {
        stem
    } else {
        use std::os::unix::ffi::OsStrExt as _;
        let hash = super::secret::hash(paths.socket.as_os_str().as_bytes());
        let digits: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        format!("{stem}-{digits}")
    };
    Journal::new(state.join("journal").join(name), limits)
}

impl Server {
    /// An operator as entries name it.
    pub(super) fn party(&self, operator: OperatorId) -> Option<Party> {
        self.roster.operator(operator).map(|operator| Party { id: operator.id, kind: operator.kind })
    }

    /// The operator whose message is being handled.
    pub(super) fn acting_operator(&self) -> Option<OperatorId> {
        self.clients.get(&self.acting?)?.greeting.as_ref().map(|greeting| greeting.operator)
    }

    /// Notes what has happened, whether it can be written now or later.
    pub(super) fn note(&mut self, pane: Option<PaneId>, entry: Entry) {
        let by = entry.actor.and_then(|actor| self.roster.operator(actor.id)).map(|operator| operator.name.clone());
        self.journal.note(pane, by.as_deref(), entry);
    }

    /// An entry about an operator, and no pane.
    fn about(&self, operator: Option<OperatorId>, attachment: Option<AttachmentId>, cause: Cause, fact: Fact) -> Entry {
        let actor = operator.and_then(|operator| self.party(operator));
        let on_behalf_of = operator.and_then(|operator| self.roster.operator(operator)).and_then(|operator| operator.on_behalf_of);
        Entry { attachment, on_behalf_of, ..Entry::note(Millis(now_ms()), 0, actor, cause, fact) }
    }

    fn note_of(&mut self, attachment: AttachmentId, cause: Cause, reason: Option<String>, fact: Fact) {
        let operator = self.roster.attachment(attachment).map(|attachment| attachment.operator);
        let entry = Entry { reason, ..self.about(operator, Some(attachment), cause, fact) };
        self.note(None, entry);
    }

    /// T1.
    pub(super) fn note_attached(&mut self, attachment: AttachmentId) {
        let Some(there) = self.roster.attachment(attachment) else { return };
        let fact = Fact::Attached { role: Some(there.role), transport: Some(there.transport) };
        self.note_of(attachment, Cause::Connection, None, fact);
    }

    /// T2: its connection is lost.
    pub(super) fn note_stale(&mut self, attachment: AttachmentId) {
        self.note_of(attachment, Cause::Connection, None, Fact::Stale { grace_until: None });
    }

    /// T2, R13: it is back, perhaps over another transport. To be called before the roster knows that.
    pub(super) fn note_resumed(&mut self, attachment: AttachmentId, transport: Transport) {
        let before = self.roster.attachment(attachment).map(|attachment| attachment.transport);
        self.note_of(attachment, Cause::Connection, None, Fact::Resumed { hold: None });
        if let Some(from) = before.filter(|from| *from != transport) {
            self.note_of(attachment, Cause::Connection, None, Fact::Handoff { from, to: transport });
        }
    }

    /// T3, T4. To be called while the roster still has it.
    pub(super) fn note_detached(&mut self, attachment: AttachmentId, reason: &str) {
        let (cause, fact) = if reason == "lost" { (Cause::Clock, Fact::Lost) } else { (Cause::Connection, Fact::Detached) };
        let reason = (!matches!(reason, "lost" | "detached")).then(|| reason.to_owned());
        self.note_of(attachment, cause, reason, fact);
    }

    /// An operator without an attachment is no more.
    pub(super) fn note_ended(&mut self, operator: OperatorId, reason: &str) {
        let entry = self.about(Some(operator), None, Cause::Connection, Fact::Detached);
        self.note(None, Entry { reason: Some(reason.to_owned()), ..entry });
    }

    /// An identity, or a claim of it, is refused.
    pub(super) fn note_refused(&mut self, operator: Option<OperatorId>, reason: &str) {
        tracing::warn!(operator = operator.map(tracing::field::display), reason, "identity refused");
        let entry = self.about(operator, None, Cause::Connection, Fact::Refused);
        self.note(None, Entry { reason: Some(reason.to_owned()), ..entry });
    }

    /// Something happened to a pane's program.
    pub(super) fn note_pane(&mut self, pane: PaneId, by: Option<OperatorId>, cause: Cause, fact: Fact) {
        let entry = self.about(by, None, cause, fact);
        self.note(Some(pane), entry);
    }

    /// Tells the people when the journal can no longer be written, and when it can again.
    pub(super) fn watch_journal(&mut self) {
        // Each turn while it cannot be written tries again; there is no timer.
        let failing = !self.journal.is_ready();
        if failing == self.journal_failing {
            return;
        }
        self.journal_failing = failing;
        const WARNING: &str = "the journal cannot be written";
        let line = match self.journal.failure() {
            Some(reason) => {
                let reason = reason.to_owned();
                tracing::error!(reason, "the journal cannot be written");
                self.warn_once(format!("{WARNING}: {reason}"));
                format!("{WARNING} ({reason}); agents cannot type until it can")
            }
            None => {
                tracing::info!(dropped = self.journal.dropped(), "the journal can be written again");
                self.warnings.retain(|warning| !warning.starts_with(WARNING));
                "the journal can be written again".to_owned()
            }
        };
        let level = if failing { Level::Warning } else { Level::Info };
        let message = ServerMessage::Notice(Notice::Message(level, line));
        let people =
            self.seats.values().filter(|seat| self.roster.operator(seat.operator).is_some_and(|operator| operator.kind.is_human()));
        people.filter_map(|seat| seat.connection).for_each(|connection| self.send_to(connection, &message));
    }
}

/// How a program ended, as the journal says it.
pub(super) fn exited(status: ExitStatus) -> Fact {
    match status {
        ExitStatus::Code(code) => Fact::Exited { status: Some(code), signal: None },
        ExitStatus::Signal(signal) => Fact::Exited { status: None, signal: Some(signal) },
        ExitStatus::Unknown => Fact::Exited { status: None, signal: None },
    }
}
