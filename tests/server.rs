//! The server from outside, over its socket: the real binary, a keeper of its own for each test, and a client of a few lines.
//!
//! The stories that a user sees in a terminal are in `tests/e2e`; here is what the wire promises: attach, frames, input exactly once, resume over a
//! killed server and a killed keeper, refusals that leave nothing behind.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use batonmux::geometry::{Axis, Size};
use batonmux::ids::SessionId;
use batonmux::protocol::frame::Decoder;
use batonmux::protocol::message::{Attach, Reply, Request, SendItem, ServerMessage, Share};

mod wire;
use wire::*;

#[test]
fn attach_shows_the_shell_and_types_into_it() {
    let world = World::new();
    let (mut client, attached) = world.attached("work", &["/bin/cat"], SIZE);
    let pane = attached.view.focus;
    assert_eq!(attached.view.session, SessionId(0));
    client.wait_model("session, window, pane and roster", |model| {
        model.sessions.len() == 1 && model.windows.len() == 1 && model.panes.len() == 1 && model.roster == 1 && model.frames > 0
    });
    assert_eq!(client.model.windows[0].size, SIZE);
    client.type_keys(1, pane, "hello\n");
    client.acked(1);
    client.wait_text(pane, "cat's echo", |text| text == "hello\nhello\n");
    // The same number again is the same input.
    client.type_keys(1, pane, "hello\n");
    client.acked(1);
    client.type_keys(2, pane, "bye\n");
    client.acked(2);
    client.wait_text(pane, "each input once", |text| text == "hello\nhello\nbye\nbye\n");
    // The end of the last program ends the session, and this client with it.
    client.type_keys(3, pane, "\u{4}");
    let reason = client.wait("the end", |message| match message {
        ServerMessage::Detached(detached) => Some(detached.reason.clone()),
        _ => None,
    });
    assert_eq!(reason, "session_ended");
}

#[test]
fn a_killed_server_is_followed_by_one_that_knows_everything() {
    let world = World::new();
    let (mut client, attached) = world.attached("work", &["/bin/cat"], SIZE);
    let pane = attached.view.focus;
    client.type_keys(1, pane, "before\n");
    client.acked(1);
    let split = client.made(Request::Split {
        target: None,
        axis: Axis::Horizontal,
        before: false,
        full: false,
        share: Share::Half,
        cwd: None,
        command: vec!["/bin/cat".into()],
        environment: Vec::new(),
        background: false,
    });
    client.wait_text(pane, "the echo", |text| text == "before\nbefore\n");
    let (mut resume, mut epoch) = (attached.resume, 1);
    for round in 0..5_u64 {
        let before = world.status();
        kill(before.server_pid);
        // This was never acknowledged; it is sent again under its number.
        client.type_keys(2 + round, pane, "again\n");
        let (next, welcome) = world.greeted(Some(resume.clone()));
        client = next;
        assert!(welcome.resumed, "round {round}");
        assert_eq!(welcome.keeper_pid, before.keeper_pid);
        assert!(welcome.server_epoch > epoch, "round {round}");
        epoch = welcome.server_epoch;
        let again = client.attach(Attach { view: Some(attached.view.clone()), ..attach(SIZE) });
        assert_eq!(again.attachment, attached.attachment);
        assert_ne!(again.resume, resume, "tokens are rotated");
        resume = again.resume;
        client.wait_model("both panes and their frames", |model| model.panes.len() == 2 && model.frames >= 2);
        client.type_keys(2 + round, pane, "again\n");
        client.acked(2 + round);
        let lines = "before\nbefore\n".to_owned() + &"again\nagain\n".repeat(usize::try_from(round).unwrap() + 1);
        client.wait_text(pane, "each input once", |text| text == lines);
        assert_eq!(client.tree().sessions[0].windows[0].panes.len(), 2);
    }
    assert!(split.pane.is_some());
}

#[test]
fn a_killed_keeper_is_replaced() {
    let world = World::new();
    let (mut client, attached) = world.attached("work", &["/bin/cat"], SIZE);
    let pane = attached.view.focus;
    let before = world.status();
    kill(before.keeper_pid);
    let until = Instant::now() + PATIENCE;
    let after = loop {
        let after = world.status();
        if after.keeper_pid != before.keeper_pid {
            break after;
        }
        assert!(Instant::now() < until, "no new keeper");
    };
    assert_eq!(after.server_pid, before.server_pid);
    client.type_keys(1, pane, "hello\n");
    client.acked(1);
    client.wait_text(pane, "the echo", |text| text == "hello\nhello\n");
    // And the new keeper can do what the old one could.
    kill(after.server_pid);
    let (mut client, welcome) = world.greeted(Some(attached.resume));
    assert!(welcome.resumed);
    let again = client.attach(attach(SIZE));
    client.wait_text(again.view.focus, "the same pane", |text| text == "hello\nhello\n");
}

#[test]
fn what_waits_for_a_program_that_does_not_read_survives_keeper_and_server() {
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    rustix::fs::mknodat(rustix::fs::CWD, &go, rustix::fs::FileType::Fifo, rustix::fs::Mode::from(0o600), 0).unwrap();
    let pieces: Vec<String> = (1..=13_u8).map(|piece| char::from(b'a' + piece).to_string().repeat(16_000)).collect();
    let script = format!("stty raw -echo; echo ready; read x < {}; head -c 208000 | cksum; exec cat", go.display());
    let world = World::new();
    let (mut client, attached) = world.attached("work", &["/bin/sh", "-c", &script], SIZE);
    let pane = attached.view.focus;
    client.wait_text(pane, "the program", |text| text.contains("ready"));
    let before = world.status();
    // More than terminal and pipe take: the last pieces wait in the server, unacknowledged.
    for (seq, piece) in (1..).zip(&pieces) {
        client.type_keys(seq, pane, piece);
    }
    client.acked(4);
    kill(before.keeper_pid);
    let until = Instant::now() + PATIENCE;
    while world.status().keeper_pid == before.keeper_pid {
        assert!(Instant::now() < until, "no new keeper");
    }
    assert_eq!(world.status().server_pid, before.server_pid);
    kill(before.server_pid);
    let (mut client, welcome) = world.greeted(Some(attached.resume));
    assert!(welcome.resumed);
    let again = client.attach(Attach { view: Some(attached.view.clone()), ..attach(SIZE) });
    let applied = again.input_applied.iter().find(|(applied, _)| *applied == pane).map_or(0, |(_, seq)| *seq);
    assert!((4..13).contains(&applied), "{applied} of 13 pieces were applied");
    for (seq, piece) in (1..).zip(&pieces) {
        client.type_keys(seq, pane, piece);
    }
    std::fs::write(&go, "now\n").unwrap();
    client.acked(13);
    let mut sum =
        std::process::Command::new("cksum").stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    sum.stdin.take().unwrap().write_all(pieces.concat().as_bytes()).unwrap();
    let expected = String::from_utf8(sum.wait_with_output().unwrap().stdout).unwrap();
    client.wait_text(pane, "every byte once and in order", |text| text.contains(expected.trim()));
    client.type_keys(14, pane, "behind it\n");
    client.wait_text(pane, "and it goes on", |text| text.ends_with("behind it\n"));
}

#[test]
fn a_program_that_cannot_start_leaves_nothing_behind() {
    let world = World::new();
    let (mut client, _) = world.attached("work", &["/bin/cat"], SIZE);
    let refusal = client.refused(Request::NewWindow {
        target: None,
        name: None,
        cwd: None,
        command: vec!["/nonexistent/program".into(), "x".into()],
        environment: Vec::new(),
        after: false,
        background: false,
    });
    assert!(refusal.message.contains("/nonexistent/program") && refusal.message.contains("No such file"), "{refusal:?}");
    let tree = client.tree();
    assert_eq!(tree.sessions[0].windows.len(), 1);
    assert!(matches!(client.ask(Request::Tombstones), Reply::Tombstones(tombstones) if tombstones.is_empty()));
}

#[test]
fn attaching_does_not_resize_and_typing_does() {
    let world = World::new();
    let (mut first, attached) = world.attached("work", &["/bin/cat"], Size::new(100, 30));
    let pane = attached.view.focus;
    let (mut second, _) = world.greeted(None);
    second.attach(Attach { target: Some("work".into()), ..attach(Size::new(60, 20)) });
    second.wait_model("two attachments", |model| model.roster == 2);
    assert_eq!(second.model.windows[0].size, Size::new(100, 30), "attaching resizes nothing");
    let (mut observer, _) = world.greeted(None);
    observer.attach(Attach { target: Some("work".into()), read_only: true, ..attach(Size::new(10, 5)) });
    observer.type_keys(1, pane, "x");
    let refused = observer.wait("the refusal", |message| match message {
        ServerMessage::InputAck(ack) => Some(ack.refused.clone()),
        _ => None,
    });
    assert_eq!(refused.map(|refused| refused.code).as_deref(), Some("not_permitted"));
    second.type_keys(1, pane, "x");
    second.acked(1);
    second.wait_model("the second's size", |model| model.windows[0].size == Size::new(60, 20));
    second.wait_model("the pane's size", |model| model.panes[0].size == Size::new(60, 20));
    drop(second);
    first.wait_model("who left is stale, and still governs", |model| model.roster == 3 && model.windows[0].size == Size::new(60, 20));
}

#[test]
fn sent_keys_are_typed_once_and_exits_leave_tombstones() {
    let world = World::new();
    let (mut client, _) = world.attached("work", &["/bin/cat"], SIZE);
    let made = client.made(Request::NewWindow {
        target: None,
        name: Some("other".into()),
        cwd: None,
        command: vec!["read line; echo got $line; exit 7".into()],
        environment: Vec::new(),
        after: false,
        background: true,
    });
    let pane = made.pane.unwrap();
    let send = Request::Send {
        target: Some(pane.to_string()),
        items: vec![SendItem::Text("abc".into()), SendItem::Key("Enter".into())],
        stream: 123_456,
        expect_seq: None,
        epoch: None,
    };
    assert_eq!(client.made(send).bytes, Some(4));
    client.wait("the pane's end", |message| matches!(message, ServerMessage::PaneGone(gone) if *gone == pane).then_some(()));
    let Reply::Tombstones(tombstones) = client.ask(Request::Tombstones) else { panic!("no tombstones") };
    assert_eq!(tombstones.len(), 1);
    assert_eq!(tombstones[0].exit_code, Some(7));
    assert!(tombstones[0].last_screen.contains("got abc"), "{tombstones:?}");
}

#[test]
fn garbage_ends_its_own_connection_only() {
    let world = World::new();
    let (mut client, _) = world.attached("work", &["/bin/cat"], SIZE);
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[3, 0, 0, 0, 1, 0, 0xff], &[0xff; 64]] {
        let mut stream = UnixStream::connect(&world.paths.socket).unwrap();
        stream.write_all(garbage).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let mut decoder = Decoder::new();
        decoder.push(&answer);
        let message = decoder.next::<ServerMessage>().unwrap();
        assert!(matches!(&message, Some(ServerMessage::Error(refusal)) if refusal.code == "bad_request"), "{message:?}");
    }
    assert_eq!(client.tree().sessions.len(), 1);
}

#[test]
fn the_frozen_messages_need_no_hello() {
    let world = World::new();
    let (_client, _) = world.attached("work", &["/bin/cat"], SIZE);
    let mut stream = UnixStream::connect(&world.paths.socket).unwrap();
    stream.write_all(&[2, 0, 0, 0, 2, 0]).unwrap();
    let mut client = Client { stream, decoder: Decoder::new(), next_request: 0, model: Model::default() };
    let list = client.wait("the list", |message| match message {
        ServerMessage::List(list) => Some(list.clone()),
        _ => None,
    });
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].name.as_str(), list[0].windows, list[0].attached), ("work", 1, 1));
}

#[test]
fn an_upgrade_keeps_panes_and_clients() {
    let world = World::new();
    let (mut client, attached) = world.attached("work", &["/bin/cat"], SIZE);
    let pane = attached.view.focus;
    client.type_keys(1, pane, "hello\n");
    client.acked(1);
    let before = world.status();
    client.made(Request::Upgrade { binary: env!("CARGO_BIN_EXE_baton").into() });
    let (mut client, welcome) = world.greeted(Some(attached.resume));
    assert!(welcome.resumed);
    assert_ne!(welcome.server_pid, before.server_pid);
    let again = client.attach(attach(SIZE));
    client.wait_text(again.view.focus, "what was there", |text| text == "hello\nhello\n");
}
