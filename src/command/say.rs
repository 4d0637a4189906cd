//! Control in words: what is to be said of a pane's control, one line a fact, the same in a shell and in a client.
//!
//! The words are those of `baton-control.7`. Moments are told as lengths of time from now, which the caller knows. Names and texts come from programs and people:
//! they are given as they are, and whoever shows them takes out what could move a cursor.

use crate::protocol::message::{Assurance, ControlInfo, ControlMode, OperatorKind, ProposalInfo, Via, Who, WhoAmI};

use super::span::in_words;

/// The word for a kind.
#[must_use]
pub const fn kind(kind: OperatorKind) -> &'static str {
    match kind {
        OperatorKind::Human => "human",
        OperatorKind::Agent => "agent",
        OperatorKind::Device => "device",
        OperatorKind::Service => "service",
    }
}

/// The word for how sure it is.
#[must_use]
pub const fn assurance(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::Claimed => "claimed",
        Assurance::Uid => "uid",
        Assurance::Token => "token",
        Assurance::Proven => "proven",
    }
}

/// `agent:claude`, with a mark if it does not answer.
#[must_use]
pub fn who(who: &Who) -> String {
    format!("{}:{}{}", kind(who.kind), who.name, if who.live { "" } else { " (away)" })
}

const fn via(via: Via) -> &'static str {
    match via {
        Via::Acquire => "acquired",
        Via::Grant => "granted",
        Via::Offer => "handed over",
        Via::Take => "taken",
        Via::Force => "forced",
        Via::HandBack => "handed back",
    }
}

/// `3 min ago`.
fn ago(then_ms: u64, now_ms: u64) -> String {
    format!("{} ago", in_words(now_ms.saturating_sub(then_ms)))
}

/// `in 20 s`.
fn ahead(then_ms: u64, now_ms: u64) -> String {
    format!("in {}", in_words(then_ms.saturating_sub(now_ms)))
}

/// All there is to say of a pane's control at `now_ms`, milliseconds since the Unix epoch. The first line says who may write.
#[must_use]
pub fn control(info: &ControlInfo, now_ms: u64) -> Vec<String> {
    let mode = match (info.mode, &info.holder) {
        (ControlMode::Shared, _) => "shared: everybody with the right writes".to_owned(),
        (ControlMode::Locked, _) => "locked: nobody writes".to_owned(),
        (ControlMode::Held, None) => "vacant: nobody has control".to_owned(),
        (ControlMode::Held, Some(hold)) => {
            let mut text = format!("held by {}, {} {}", who(&hold.operator), via(hold.via), ago(hold.since_ms, now_ms));
            if hold.supervised {
                text.push_str(", supervised");
            }
            if let Some(until) = hold.until_ms {
                text.push_str(&format!(", ends {}", ahead(until, now_ms)));
            }
            text
        }
    };
    let mut lines = vec![format!("{mode}, epoch {}", info.epoch)];
    if let Some(human) = &info.reserved_for {
        lines.push(format!("reserved for {}, who was lost while in control", who(human)));
    }
    if let Some(suspended) = &info.suspended {
        lines.push(format!("suspended: {}; `baton control hand-back` gives it control again", who(suspended)));
    }
    if let Some(offer) = &info.offer {
        let note = offer.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        let supervised = if offer.supervised { ", supervised" } else { "" };
        let (from, to) = (who(&offer.from), who(&offer.to));
        lines.push(format!("offered by {from} to {to}{supervised}, ends {}{note}", ahead(offer.until_ms, now_ms)));
    }
    for request in &info.queue {
        let why = if request.why.is_empty() { String::new() } else { format!(": {}", request.why) };
        lines.push(format!("requested by {}, ends {}{why}", who(&request.operator), ahead(request.until_ms, now_ms)));
    }
    for proposal in &info.proposals {
        lines.push(self::proposal(proposal, now_ms));
    }
    if let Some(drafter) = &info.draft_of {
        lines.push(format!("an unsubmitted line of {} is in the pane", who(drafter)));
    }
    if let Some(back) = &info.handed_back {
        let note = back.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        lines.push(format!("handed back by {} {}{note}", who(&back.by), ago(back.at_ms, now_ms)));
        lines.push(format!(
            "meanwhile: {} bytes of output after cursor {}, {} bytes typed",
            back.output_bytes, back.cursor, back.input_bytes
        ));
    }
    lines
}

/// A proposal in a line, without its text.
#[must_use]
pub fn proposal(proposal: &ProposalInfo, now_ms: u64) -> String {
    let digest = proposal.digest.get(..12).unwrap_or(&proposal.digest);
    let (who, ends) = (who(&proposal.operator), ahead(proposal.until_ms, now_ms));
    format!("proposal {} of {who}, {} bytes, digest {digest}, denied {ends}", proposal.id, proposal.bytes)
}

/// Who somebody is taken for, a line a fact.
#[must_use]
pub fn identity(me: &WhoAmI) -> Vec<(&'static str, String)> {
    let mut lines = vec![("operator", format!("{}:{} ({})", kind(me.operator.kind), me.operator.name, me.operator.id))];
    if let Some(human) = &me.on_behalf_of {
        lines.push(("for", format!("{}:{} ({})", kind(human.kind), human.name, human.id)));
    }
    lines.push(("assurance", format!("{}: {}", assurance(me.assurance), me.because)));
    if let Some(pane) = me.origin_pane {
        lines.push(("from", format!("pane {pane}")));
    }
    lines.push(("rights", me.rights.clone()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{OperatorId, PaneId};
    use crate::protocol::message::{ControlRequestInfo, HandBackInfo, HoldInfo, OfferInfo};

    fn somebody(id: u64, kind: OperatorKind, name: &str) -> Who {
        Who { id: OperatorId(id), kind, name: name.to_owned(), live: id != 9 }
    }

    #[test]
    fn a_line_a_fact() {
        let free = ControlInfo::free(PaneId(3));
        assert_eq!(control(&free, 5), ["shared: everybody with the right writes, epoch 1"]);
        let (ann, bot, old) = (
            somebody(1, OperatorKind::Human, "ann"),
            somebody(2, OperatorKind::Agent, "claude"),
            somebody(9, OperatorKind::Service, "deploy"),
        );
        let now = 1_000_000;
        let info = ControlInfo {
            mode: ControlMode::Held,
            epoch: 7,
            holder: Some(HoldInfo {
                operator: bot.clone(),
                via: Via::Offer,
                since_ms: now - 180_000,
                until_ms: Some(now + 600_000),
                supervised: true,
            }),
            offer: Some(OfferInfo {
                id: 4,
                from: ann.clone(),
                to: old.clone(),
                note: Some("go on".into()),
                until_ms: now + 30_000,
                supervised: false,
            }),
            queue: vec![ControlRequestInfo { id: 5, operator: old.clone(), why: "deploy".into(), until_ms: now + 60_000 }],
            suspended: Some(bot.clone()),
            reserved_for: Some(ann.clone()),
            proposals: vec![ProposalInfo {
                id: 6,
                operator: bot.clone(),
                text: "rm -r x\\n".into(),
                bytes: 8,
                digest: "0123456789abcdef".into(),
                until_ms: now + 59_000,
            }],
            draft_of: Some(bot),
            handed_back: Some(HandBackInfo {
                by: ann,
                note: Some("your turn".into()),
                at_ms: now - 5_000,
                cursor: 12,
                output_bytes: 300,
                input_bytes: 4,
            }),
            ..free
        };
        insta::assert_snapshot!(control(&info, now).join("\n"), @r"
        held by agent:claude, handed over 3 min ago, supervised, ends in 10 min, epoch 7
        reserved for human:ann, who was lost while in control
        suspended: agent:claude; `baton control hand-back` gives it control again
        offered by human:ann to service:deploy (away), ends in 30 s: go on
        requested by service:deploy (away), ends in 60 s: deploy
        proposal 6 of agent:claude, 8 bytes, digest 0123456789ab, denied in 59 s
        an unsubmitted line of agent:claude is in the pane
        handed back by human:ann 5 s ago: your turn
        meanwhile: 300 bytes of output after cursor 12, 4 bytes typed
        ");
    }
}
