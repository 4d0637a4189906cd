//! The control of a pane in wire types: names beside numbers, and what waits for approval made visible.

use crate::ids::{OperatorId, PaneId};
use crate::operator::{self as o, Mode, Presence, Via};
use crate::protocol::message as m;
use crate::server::convert;
use crate::server::owner::Server;
use crate::terminal::rewrite::is_sly;

/// `bytes` with everything written out that a terminal would not show as itself. Nothing in it stands for two things: a backslash is `\\`.
pub(super) fn visible(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                '\u{1b}' => text.push_str("\\e"),
                c if c.is_ascii_control() => text.push_str(&format!("\\x{:02x}", u32::from(c))),
                c if c.is_control() || is_sly(c) => text.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

const fn via(via: Via) -> m::Via {
    match via {
        Via::Acquire => m::Via::Acquire,
        Via::Grant => m::Via::Grant,
        Via::Offer => m::Via::Offer,
        Via::Take => m::Via::Take,
        Via::Force => m::Via::Force,
        Via::HandBack => m::Via::HandBack,
    }
}

impl Server {
    /// An operator, as it is spoken of.
    pub(in crate::server) fn who(&self, id: OperatorId) -> m::Who {
        let there = self.roster.operator(id);
        m::Who {
            id,
            kind: there.map_or(m::OperatorKind::Service, |there| convert::kind(there.kind)),
            name: self.name_of_operator(id),
            live: self.presence(id) == Some(Presence::Live),
        }
    }

    fn hold_info(&self, hold: &o::Hold) -> m::HoldInfo {
        m::HoldInfo {
            operator: self.who(hold.operator.id),
            via: via(hold.via),
            since_ms: hold.since.0,
            until_ms: hold.until.map(|until| until.0),
            supervised: hold.supervised,
        }
    }

    /// The control of a pane.
    pub(in crate::server) fn control_info(&self, pane: PaneId) -> m::ControlInfo {
        let Some(steered) = self.controls.panes.get(&pane) else { return m::ControlInfo::free(pane) };
        let control = &steered.control;
        let request = |request: &o::Request| m::ControlRequestInfo {
            id: request.id,
            operator: self.who(request.operator.id),
            why: request.why.clone(),
            until_ms: request.until.0,
        };
        let offer = |offer: &o::Offer| m::OfferInfo {
            id: offer.id,
            from: self.who(offer.from.id),
            to: self.who(offer.to.id),
            note: offer.note.clone(),
            until_ms: offer.until.0,
            supervised: offer.supervised,
        };
        let proposal = |staged: &o::Proposal| m::ProposalInfo {
            id: staged.id,
            operator: self.who(staged.operator.id),
            text: visible(&staged.bytes),
            bytes: staged.len,
            digest: staged.digest.clone(),
            until_ms: staged.until.0,
        };
        // In a shared pane everybody writes on in anybody's line.
        let draft = steered.ends.draft_of().filter(|of| control.mode == Mode::Held && !control.is_held_by(*of));
        m::ControlInfo {
            pane,
            mode: mode(control.mode),
            epoch: control.epoch,
            holder: control.holder.as_ref().map(|hold| self.hold_info(hold)),
            offer: control.offer.as_ref().map(offer),
            queue: control.queue.iter().map(request).collect(),
            suspended: control.suspended.map(|suspended| self.who(suspended.hold.operator.id)),
            reserved_for: control.reserved_for.map(|human| self.who(human)),
            proposals: control.proposals.iter().map(proposal).collect(),
            draft_of: draft.map(|of| self.who(of)),
            handed_back: steered.handed_back.as_ref().map(|back| m::HandBackInfo {
                by: self.who(back.by),
                note: back.note.clone(),
                at_ms: back.at.0,
                cursor: back.cursor,
                output_bytes: back.output_bytes,
                input_bytes: back.input_bytes,
            }),
        }
    }
}

/// A mode as the wire has it.
const fn mode(mode: Mode) -> m::ControlMode {
    match mode {
        Mode::Shared => m::ControlMode::Shared,
        Mode::Held => m::ControlMode::Held,
        Mode::Locked => m::ControlMode::Locked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_hidden_from_who_approves() {
        for (bytes, shown) in [
            (&b"ls -l\r"[..], "ls -l\\r"),
            (b"a\nb", "a\\n\nb"),
            (b"\x1b[201~\x03", "\\e[201~\\x03"),
            ("x\u{202e}y\u{200b}\u{9b}".as_bytes(), "x\\u{202e}y\\u{200b}\\u{9b}"),
            (b"\\r \xff\xc3", "\\\\r \\xff\\xc3"),
            // A filler and a selector that draw nothing, a word joiner.
            ("a\u{3164}b\u{fe0f}c\u{2060}".as_bytes(), "a\\u{3164}b\\u{fe0f}c\\u{2060}"),
            ("é漢".as_bytes(), "é漢"),
        ] {
            assert_eq!(visible(bytes), shown);
        }
    }
}
