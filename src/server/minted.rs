//! Identities of one's own: minted by somebody, never wider than theirs; and the presence of agents that are processes.
//!
//! ```text
//!   baton as agent:x -- cmd   the asking process becomes the root of the identity ([`ProcessName`]): whoever descends from it is it, and the secret is
//!                             good for nobody else. Ends with the process, which is watched.
//!   baton token agent:x       a secret without a process: whoever shows it is it.
//! ```
//!
//! Both end with their time, with the pane in which they were minted, with who minted them, or when somebody says so. Only the hash of a secret is kept, in
//! the state that outlives the server. **Never wider**: the rights of a minted identity are within those of its minter at the moment; an agent cannot mint a
//! human, nor a service that would speak for one; a pane can be given on only by who may write to it.
//!
//! An agent that is a process (declared, or known by its manifest) is *present* as long as the process lives: it is in the roster with an attachment of its
//! own, so that a pane can be handed to it while none of its commands happens to be connected. A new server knows nobody's presence: agents prove
//! themselves again by saying hello.
//!
//! **Full.** At most [`MINTED_MAX`] identities and [`PRESENT_MAX`] present processes: beyond that minting is refused, and further agents are not listed.

use std::time::{Duration, Instant};

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::AbortHandle;

use super::identity::ProcessName;
use super::owner::{Server, now_ms, refusal};
use super::requests::Answer;
use super::secret::Hash;
use crate::ids::{AttachmentId, OperatorId, PaneId};
use crate::operator::{Kind, Rights, Role, Transport};
use crate::platform::{self, ProcessWatch};

/// Most minted identities.
pub(super) const MINTED_MAX: usize = 256;
/// Most agents that are present as processes.
const PRESENT_MAX: usize = 256;

/// A minted identity.
#[derive(Debug, Clone)]
pub(super) struct Minted {
    pub(super) operator: OperatorId,
    pub(super) kind: Kind,
    /// As in the roster.
    pub(super) name: String,
    pub(super) hash: Hash,
    /// Who asked for it; none: a human, or a program of theirs.
    pub(super) minter: Option<OperatorId>,
    /// The most it may.
    pub(super) rights: Rights,
    /// Panes that were given to it.
    pub(super) panes: Vec<PaneId>,
    /// When it ends, milliseconds since the Unix epoch; what a clock says that jumps counts only for a successor.
    pub(super) until_ms: Option<u64>,
    pub(super) until: Option<Instant>,
    /// The process that is it.
    pub(super) root: Option<ProcessName>,
    /// The pane it was minted in.
    pub(super) origin: Option<PaneId>,
    /// It is from before this server: whoever shows it is the same as then.
    pub(super) inherited: bool,
}

/// The stored form.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct StoredMinted {
    #[n(0)]
    operator: OperatorId,
    #[n(1)]
    kind: Kind,
    #[n(2)]
    name: String,
    #[n(3)]
    hash: ByteVec,
    #[n(4)]
    minter: Option<OperatorId>,
    #[n(5)]
    rights: Rights,
    #[n(6)]
    panes: Vec<PaneId>,
    #[n(7)]
    until_ms: Option<u64>,
    #[n(8)]
    root_pid: Option<u32>,
    #[n(9)]
    root_started: Option<u64>,
    #[n(10)]
    origin: Option<PaneId>,
}

/// A moment of the wall clock as one of the other clock; what is past is now.
fn instant_of(until_ms: u64) -> Instant {
    Instant::now() + Duration::from_millis(until_ms.saturating_sub(now_ms()).min(u64::from(u32::MAX)))
}

impl Minted {
    pub(super) fn stored(&self) -> StoredMinted {
        StoredMinted {
            operator: self.operator,
            kind: self.kind,
            name: self.name.clone(),
            hash: self.hash.to_vec().into(),
            minter: self.minter,
            rights: self.rights,
            panes: self.panes.clone(),
            until_ms: self.until_ms,
            root_pid: self.root.map(|root| root.pid),
            root_started: self.root.map(|root| root.started),
            origin: self.origin,
        }
    }

    /// As a successor finds it; none if it has ended meanwhile.
    pub(super) fn restored(stored: StoredMinted) -> Option<Self> {
        let root = stored.root_pid.zip(stored.root_started).map(|(pid, started)| ProcessName { pid, started });
        if root.is_some_and(|root| platform::start_time(root.pid) != Some(root.started)) {
            return None;
        }
        Some(Self {
            operator: stored.operator,
            kind: stored.kind,
            name: stored.name,
            hash: Hash::try_from(stored.hash.as_slice()).ok()?,
            minter: stored.minter,
            rights: stored.rights,
            panes: stored.panes,
            until_ms: stored.until_ms,
            until: stored.until_ms.map(instant_of),
            root,
            origin: stored.origin,
            inherited: true,
        })
    }

    /// Sets when it ends.
    pub(super) fn ends_at(&mut self, until_ms: Option<u64>) {
        self.until_ms = until_ms;
        self.until = until_ms.map(instant_of);
    }
}

/// An agent that is a process.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) operator: OperatorId,
    pub(super) attachment: AttachmentId,
    watching: AbortHandle,
}

impl Server {
    /// The agent `operator` is the process `root`, and present as long as that lives.
    pub(super) fn present(&mut self, root: ProcessName, operator: OperatorId) {
        if self.presences.get(&root).is_some_and(|known| known.operator == operator) {
            return;
        }
        self.absent(root, "another identity");
        if self.presences.len() >= PRESENT_MAX {
            tracing::warn!(%operator, "too many agents are present; this one is not listed");
            return;
        }
        let watch = ProcessWatch::open(root.pid).ok().filter(|_| platform::start_time(root.pid) == Some(root.started));
        let Some(watch) = watch else { return };
        let answers = self.answers.clone();
        let watching = tokio::spawn(async move {
            if ended(watch).await.is_ok() {
                let _ = answers.send(Answer::ProcessEnded(root));
            }
        });
        let origin_pane = self.roster.operator(operator).and_then(|operator| operator.origin_pane);
        let origin = origin_pane.map_or_else(|| format!("process {}", root.pid), |pane| format!("pane {pane}, process {}", root.pid));
        let attachment = self.roster.attach(operator, Transport::Unix, origin, Role::Participant, now_ms());
        self.presences.insert(root, Present { operator, attachment, watching: watching.abort_handle() });
        self.roster_changed = true;
        tracing::info!(%operator, pid = root.pid, "agent present");
        self.note_attached(attachment);
    }

    /// The process `root` is nobody's any more.
    fn absent(&mut self, root: ProcessName, reason: &str) {
        let Some(present) = self.presences.remove(&root) else { return };
        present.watching.abort();
        self.note_detached(present.attachment, reason);
        self.roster.detach(present.attachment);
        self.roster_changed = true;
        self.commit_needed = true;
        // T3: what it held is free, what it asked for or was offered ends.
        self.operator_left(present.operator, Some(present.attachment), false);
    }

    /// A process that was watched has ended.
    pub(super) fn on_process_ended(&mut self, root: ProcessName) {
        self.absent(root, "its process ended");
        let ended: Vec<Hash> = self.minted.iter().filter(|minted| minted.root == Some(root)).map(|minted| minted.hash).collect();
        ended.into_iter().for_each(|hash| self.revoke(hash, "its process ended"));
    }

    /// The program in `pane` has ended: what was minted there is void, and so is the pane's own secret.
    pub(super) fn end_identities_of(&mut self, pane: PaneId) {
        self.pane_tokens.remove(&pane);
        self.pane_users.remove(&pane);
        let ended: Vec<Hash> = self.minted.iter().filter(|minted| minted.origin == Some(pane)).map(|minted| minted.hash).collect();
        ended.into_iter().for_each(|hash| self.revoke(hash, "its pane ended"));
    }

    /// Those whose time has come are void.
    pub(super) fn expire_minted(&mut self, now: Instant) {
        let over = |minted: &&Minted| minted.until.is_some_and(|until| until <= now);
        let ended: Vec<Hash> = self.minted.iter().filter(over).map(|minted| minted.hash).collect();
        ended.into_iter().for_each(|hash| self.revoke(hash, "its time is over"));
    }

    /// An identity ends: its secret is void, and so are those that it minted; its connections are let go.
    pub(super) fn revoke(&mut self, hash: Hash, reason: &str) {
        let Some(at) = self.minted.iter().position(|minted| minted.hash == hash) else { return };
        let gone = self.minted.remove(at);
        tracing::info!(operator = %gone.operator, reason, "identity ended");
        self.commit_needed = true;
        if self.minted.iter().any(|minted| minted.operator == gone.operator) {
            // The same operator came to be twice; this was one of them.
            if let Some(root) = gone.root {
                self.absent(root, reason);
            }
            return;
        }
        let roots: Vec<ProcessName> =
            self.presences.iter().filter(|(_, present)| present.operator == gone.operator).map(|(root, _)| *root).collect();
        let was_present = !roots.is_empty();
        roots.into_iter().for_each(|root| self.absent(root, reason));
        if !was_present {
            self.note_ended(gone.operator, reason);
        }
        let speaking: Vec<_> = self
            .clients
            .iter()
            .filter(|(_, client)| client.greeting.as_ref().is_some_and(|greeting| greeting.minted == Some(gone.operator)))
            .map(|(connection, client)| (*connection, client.attachment))
            .collect();
        for (connection, attachment) in speaking {
            match attachment {
                Some(attachment) => self.detach(attachment, "revoked"),
                None => self.hang_up(connection, refusal("bad_token", format!("this identity has ended: {reason}"))),
            }
        }
        // Also of one that only ever called commands.
        self.operator_left(gone.operator, None, false);
        let children: Vec<Hash> =
            self.minted.iter().filter(|minted| minted.minter == Some(gone.operator)).map(|minted| minted.hash).collect();
        children.into_iter().for_each(|child| self.revoke(child, "who minted it has ended"));
    }
}

/// Waits for the end of a process.
async fn ended(watch: ProcessWatch) -> std::io::Result<()> {
    use std::os::fd::AsFd as _;
    let fd = watch.as_fd().try_clone_to_owned()?;
    #[expect(deprecated, reason = "the descriptor is owned by what is registered; the replacement is unsafe")]
    let fd = AsyncFd::with_interest(fd, Interest::READABLE)?;
    fd.readable().await?.retain_ready();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minted(root: Option<ProcessName>) -> Minted {
        Minted {
            operator: OperatorId(4),
            kind: Kind::Agent,
            name: "claude@%7".to_owned(),
            hash: [7; 32],
            minter: Some(OperatorId(2)),
            rights: "view,request".parse().unwrap(),
            panes: vec![PaneId(3)],
            until_ms: Some(now_ms() + 60_000),
            until: None,
            root,
            origin: Some(PaneId(7)),
            inherited: true,
        }
    }

    #[test]
    fn what_is_stored_is_restored_unless_its_process_is_gone() {
        let me = std::process::id();
        let root = ProcessName { pid: me, started: platform::start_time(me).unwrap() };
        let store = |minted: &Minted| {
            let bytes = minicbor::to_vec(minted.stored()).unwrap();
            Minted::restored(minicbor::decode(&bytes).unwrap())
        };
        let back = store(&minted(Some(root))).unwrap();
        assert_eq!((back.operator, back.root, back.rights.to_string().as_str()), (OperatorId(4), Some(root), "view,request"));
        let left = back.until.unwrap().saturating_duration_since(Instant::now());
        assert!(left > Duration::from_secs(30) && left <= Duration::from_secs(60), "{left:?}");
        assert!(store(&minted(None)).is_some());
        let stranger = ProcessName { started: root.started + 1, ..root };
        assert!(store(&minted(Some(stranger))).is_none(), "a number that is another's by now");
    }
}
