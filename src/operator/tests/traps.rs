//! The two mistakes that exploring the model found, before anything else.

use super::*;

/// Checking the holder without the epoch: a frame that was sent before losing control must not be accepted after regaining it.
#[test]
fn a_frame_from_before_is_refused_though_its_sender_has_control_again() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    let old = pane.control.epoch;
    assert_eq!(pane.frame(BOT, old), Verdict::Accepted { epoch: old });
    pane.passes(ANN, Event::Take);
    pane.passes(ANN, hand_back());
    assert_eq!(pane.holder(), Some(BOT));
    assert_eq!(pane.frame(BOT, old), Verdict::Refused(Refusal::StaleEpoch { sent: old, epoch: pane.control.epoch }));
    assert!(!is_current(&pane.control, pane.crowd.party(BOT), old), "nor what was accepted and waited");
    let staged = pane.refused(BOT, Event::Propose { epoch: old, bytes: b"rm -rf /".to_vec(), secret: true });
    assert!(matches!(staged, Refusal::StaleEpoch { .. }), "nor by way of a proposal");
    assert!(pane.frame(BOT, pane.control.epoch).is_accepted());
}

/// Granting only to the head of the queue: a stale head must not block the live ones.
#[test]
fn a_dead_head_of_the_queue_blocks_nobody() {
    let mut pane = Pane::new();
    pane.act(EVE, acquire());
    pane.act(BOT, request());
    pane.act(CAB, request());
    pane.drop(BOT);
    assert_eq!(pane.refused(EVE, grant(BOT)), Refusal::NotLive { operator: BOT });
    let mut by_name = pane.clone();
    by_name.passes(EVE, grant(CAB));
    assert_eq!(by_name.holder(), Some(CAB));
    pane.passes(EVE, Event::Release(Release::Next));
    assert_eq!(pane.holder(), Some(CAB));
    assert_eq!(pane.control.queue.len(), 1, "the dead one keeps its place for when it is back");
}

/// The same by acquiring: a dead request ahead is none.
#[test]
fn a_dead_request_ahead_does_not_keep_others_from_acquiring() {
    let mut pane = Pane::new();
    pane.act(EVE, acquire());
    pane.act(ANN, request());
    pane.act(EVE, Event::Release(Release::Vacant));
    assert_eq!(pane.refused(BOT, acquire()), Refusal::Queued { operator: ANN });
    pane.drop(ANN);
    pane.passes(BOT, acquire());
}
