//! The gate's question. Pure: an act goes in, a verdict comes out, and a no says what to do next.
//!
//! ```text
//!   right? ─► pane open, not locked? ─► epoch? ─► expect_seq? ─► holder? ─┬─► accepted: write it, attributed, under this epoch
//!                                                                         ├─► take: control passes to this human first; the key is consumed or delivered
//!                                                                         ├─► acquire: the same in a vacant pane
//!                                                                         ├─► ask: show the card that asks whether to take; nothing is written
//!                                                                         ├─► staged: `step` with `Propose`
//!                                                                         └─► refused
//! ```
//!
//! The epoch is looked at before the holder: a frame that was sent before control was lost is void even if its sender has control again. Since a frame may wait
//! in a queue after the verdict, it is stamped with the epoch it was accepted under, and [`is_current`] is asked again at the write.
//!
//! **First-key rule.** A human's key in a pane that a non-human holds takes control and is consumed: a stray Enter must not run a half-typed line of the agent.
//! Ctrl-C, Ctrl-\ and Ctrl-Z are delivered at once. Motion, focus, replies and sizes never take.

use super::control::{Control, Mode};
use super::policy::Granted;
use super::refusal::Refusal;
use super::types::{Party, Right};
use super::word::words;
use crate::ids::{AttachmentId, PaneId};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// See screens, history, lists.
    View,
    /// Write bytes to a PTY.
    Input,
    /// Change a pane's or window's place.
    Arrange,
    /// Change a PTY's size.
    Resize,
    /// Start a program: a new pane, window or session.
    Spawn,
    /// Send a signal.
    Signal,
    /// End a pane, window or session.
    Kill,
    /// Rename, set options, buffers and the like.
    Change,
    /// Rule the server itself: end it, replace it, detach others.
    Admin,
}

/// What kind of input it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Nature {
    /// A key, a click, or text of a program.
    #[default]
    Key,
    /// Ctrl-C, Ctrl-\ or Ctrl-Z alone ([`Nature::of_key`]).
    Interrupt,
    /// A paste.
    Paste,
    /// The mouse moved.
    Motion,
    /// The terminal gained or lost focus.
    Focus,
}

impl Nature {
    /// Whether these bytes of a key are one of those that are delivered at once; for legacy and kitty encodings.
    #[must_use]
    pub fn of_key(bytes: &[u8]) -> Self {
        match bytes {
            [0x03 | 0x1c | 0x1a]
            | b"\x1b[99;5u"
            | b"\x1b[92;5u"
            | b"\x1b[122;5u"
            | b"\x1b[99;5:1u"
            | b"\x1b[92;5:1u"
            | b"\x1b[122;5:1u" => Self::Interrupt,
            _ => Self::Key,
        }
    }
}

/// What a human's key does in a pane that a non-human holds: the option `takeover`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Takeover {
    /// It takes control.
    #[default]
    Key,
    /// Only the key that is bound to `take` does.
    Chord,
    /// It asks whether to take.
    Ask,
    /// Only the command does.
    Never,
}
words!(Takeover, "takeover", Key = "key", Chord = "chord", Ask = "ask", Never = "never");

/// What a frame of input carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Frame {
    /// The epoch its sender knew. None: it is judged as of now, which is for commands that are asked and done in one turn.
    pub epoch: Option<u64>,
    /// The screen its sender had seen.
    pub expect_seq: Option<u64>,
    /// What kind of input.
    pub nature: Nature,
}

/// Somebody wants to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act {
    /// Who.
    pub operator: Party,
    /// Through which attachment; a command that asks and leaves has none.
    pub attachment: Option<AttachmentId>,
    /// What.
    pub verb: Verb,
    /// To which pane, if it is about one.
    pub pane: Option<PaneId>,
    /// For input.
    pub frame: Frame,
}

/// How things stand at the pane, beside control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    /// The sequence number of its screen.
    pub seq: u64,
    /// Whether its terminal echoes; a line-at-a-time terminal that does not asks for a secret.
    pub echo_off: bool,
    /// Whether the journal can be written.
    pub journal_ok: bool,
    /// Whether a line of a non-human is typed and not sent off ([`super::LooseEnds::draft_of`]).
    pub draft_of_other: bool,
    /// The attachment that the size follows.
    pub size_authority: Option<AttachmentId>,
    /// The option.
    pub takeover: Takeover,
}

impl Default for Scene {
    fn default() -> Self {
        Self { seq: 0, echo_off: false, journal_ok: true, draft_of_other: false, size_authority: None, takeover: Takeover::Key }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Do it; what is written carries this epoch to the write.
    Accepted {
        /// The present one; 0 without a pane.
        epoch: u64,
    },
    /// `step` with [`super::Event::Take`] first, by the same operator. If `deliver`, then do it, under the epoch that is then; else it is consumed.
    Take {
        /// Whether the bytes are written after it.
        deliver: bool,
    },
    /// `step` with [`super::Event::Acquire`] first; then as above.
    Acquire {
        /// Whether the bytes are written after it.
        deliver: bool,
    },
    /// Nothing is written; ask the human whether to take.
    Ask,
    /// `step` with [`super::Event::Propose`].
    Staged,
    /// Drop it silently: motion and focus where they mean nothing.
    Ignored,
    /// No.
    Refused(Refusal),
}

impl Verdict {
    /// Whether the act may be done at once.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted { .. })
    }
}

/// Whether `act` may be done. `control` is the pane's, none for acts about no pane; `granted` are the rights of the operator there.
#[must_use]
pub fn decide(control: Option<&Control>, act: &Act, granted: &Granted, scene: &Scene) -> Verdict {
    judge(control, act, granted, scene).unwrap_or_else(Verdict::Refused)
}

const fn right(verb: Verb) -> Right {
    match verb {
        Verb::View => Right::View,
        Verb::Input => Right::Input,
        Verb::Resize => Right::Resize,
        // Places and names are nobody's control: whoever may start programs may put them in order.
        Verb::Arrange | Verb::Spawn | Verb::Change => Right::Spawn,
        Verb::Signal => Right::Signal,
        // To end the server, or to detach others, is to end what is in it.
        Verb::Kill | Verb::Admin => Right::Kill,
    }
}

fn judge(control: Option<&Control>, act: &Act, granted: &Granted, scene: &Scene) -> Result<Verdict, Refusal> {
    let asked = right(act.verb);
    let epoch = control.map_or(0, |control| control.epoch);
    let Some(control) = control else {
        granted.require(asked)?;
        return Ok(Verdict::Accepted { epoch });
    };
    match act.verb {
        Verb::Input => input(control, act, granted, scene),
        Verb::Signal | Verb::Kill => {
            granted.require(asked).map_err(|refused| explain(control, act, refused))?;
            steer(control, act)?;
            Ok(Verdict::Accepted { epoch })
        }
        Verb::Resize => {
            granted.require(asked)?;
            if scene.size_authority.is_some() && scene.size_authority != act.attachment {
                return Err(Refusal::NotSizeAuthority);
            }
            Ok(Verdict::Accepted { epoch })
        }
        Verb::View | Verb::Arrange | Verb::Spawn | Verb::Change | Verb::Admin => {
            granted.require(asked)?;
            Ok(Verdict::Accepted { epoch })
        }
    }
}

/// A missing right, said better where the state knows the real reason.
fn explain(control: &Control, act: &Act, refused: Refusal) -> Refusal {
    if control.is_suspended(act.operator.id) { Refusal::Suspended } else { refused }
}

const fn not_holder(control: &Control) -> Refusal {
    let holder = match control.holder {
        Some(hold) => Some(hold.operator.id),
        None => None,
    };
    Refusal::NotHolder { holder, epoch: control.epoch }
}

/// T23: signals and kills of whoever has control, or of a human where a non-human or nobody has it.
fn steer(control: &Control, act: &Act) -> Result<(), Refusal> {
    let operator = act.operator;
    if control.closed {
        return Err(Refusal::Closed);
    }
    match (control.mode, control.holder) {
        (Mode::Locked, _) => Err(Refusal::Locked),
        (Mode::Shared, _) if control.is_suspended(operator.id) => Err(Refusal::Suspended),
        (Mode::Shared, _) => Ok(()),
        (Mode::Held, Some(hold)) if hold.operator.id == operator.id || operator.kind.outranks(hold.operator.kind) => Ok(()),
        (Mode::Held, None) if operator.kind.is_human() => Ok(()),
        (Mode::Held, _) => Err(not_holder(control)),
    }
}

/// T22, and T13 by a key.
fn input(control: &Control, act: &Act, granted: &Granted, scene: &Scene) -> Result<Verdict, Refusal> {
    let Act { operator, frame, .. } = act;
    let human = operator.kind.is_human();
    if control.closed {
        return Err(Refusal::Closed);
    }
    if control.mode == Mode::Locked {
        return Err(Refusal::Locked);
    }
    if let Some(sent) = frame.epoch
        && sent != control.epoch
    {
        return Err(Refusal::StaleEpoch { sent, epoch: control.epoch });
    }
    let passive = matches!(frame.nature, Nature::Motion | Nature::Focus);
    let held_by_other = control.holder.filter(|hold| hold.operator.id != operator.id);
    // Whoever only moves the mouse over a pane of another is told nothing.
    if passive && (held_by_other.is_some() || control.is_vacant()) {
        return Ok(Verdict::Ignored);
    }
    granted.require(Right::Input).map_err(|refused| match held_by_other {
        Some(_) if !human => not_holder(control),
        _ => explain(control, act, refused),
    })?;
    if let Some(expected) = frame.expect_seq
        && expected != scene.seq
    {
        return Err(Refusal::StaleSeq { expected, seq: scene.seq });
    }
    if let Some(hold) = held_by_other {
        if !operator.kind.outranks(hold.operator.kind) {
            return Err(not_holder(control));
        }
        granted.require(Right::Take)?;
        let deliver = frame.nature == Nature::Interrupt;
        return match scene.takeover {
            Takeover::Key => Ok(Verdict::Take { deliver }),
            Takeover::Chord | Takeover::Ask if deliver => Ok(Verdict::Take { deliver }),
            Takeover::Ask => Ok(Verdict::Ask),
            Takeover::Chord | Takeover::Never => Err(Refusal::TakeoverOff { holder: hold.operator.id }),
        };
    }
    if control.is_vacant() {
        if !human {
            return Err(control.reserved_for.map_or_else(|| not_holder(control), |human| Refusal::Reserved { human }));
        }
        return Ok(Verdict::Acquire { deliver: !scene.draft_of_other || frame.nature == Nature::Interrupt });
    }
    if !human {
        if control.is_suspended(operator.id) {
            return Err(Refusal::Suspended);
        }
        if !scene.journal_ok {
            return Err(Refusal::JournalUnavailable);
        }
        if control.is_supervised() {
            return Ok(Verdict::Staged);
        }
        if scene.echo_off {
            return Err(Refusal::SecretPrompt);
        }
    }
    Ok(Verdict::Accepted { epoch: control.epoch })
}

/// Asked again at the write: whether what was accepted under `epoch` from `operator` may still be written.
#[must_use]
pub fn is_current(control: &Control, operator: Party, epoch: u64) -> bool {
    let may = match control.mode {
        Mode::Shared => true,
        Mode::Held => control.is_held_by(operator.id),
        Mode::Locked => false,
    };
    may && epoch == control.epoch && !control.closed
}
