//! Who a connection is, identities that are minted, and the journal, from outside: the real binary and the wire.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::time::Instant;

use batonmux::geometry::Size;
use batonmux::protocol::message::{Assurance, ControlOp, JournalQuery, OperatorKind, Reply, Request, ServerMessage, TokenRequest, WhoAmI};

mod wire;
use wire::*;

/// Lines of the journal of `kinds`, oldest first, once `holds` says that they are there.
fn journal(client: &mut Client, kinds: &[&str], what: &str, holds: impl Fn(&[serde_json::Value]) -> bool) -> Vec<serde_json::Value> {
    let until = Instant::now() + PATIENCE;
    loop {
        let query = JournalQuery { kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(), ..JournalQuery::default() };
        let lines: Vec<serde_json::Value> = match client.ask(Request::Journal(query)) {
            Reply::Journal(lines, false) => lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect(),
            Reply::Refused(refusal) if refusal.code == "busy" => continue,
            other => panic!("{other:?}"),
        };
        if holds(&lines) {
            return lines;
        }
        assert!(Instant::now() < until, "never came: {what}; there are {lines:#?}");
    }
}

fn who_am_i(client: &mut Client) -> WhoAmI {
    match client.ask(Request::WhoAmI) {
        Reply::WhoAmI(who) => who,
        other => panic!("{other:?}"),
    }
}

/// `BATON_TOKEN` of a pane, as any process of the same user can read it.
fn token_of(pid: u32) -> String {
    let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    let variable = environ.split(|byte| *byte == 0).find_map(|variable| variable.strip_prefix(b"BATON_TOKEN="));
    String::from_utf8(variable.unwrap().to_vec()).unwrap()
}

#[test]
fn forged_identities_are_refused_or_put_right_and_journaled() {
    let world = World::new();
    let (mut human, attached) = world.attached("work", &["cat"], Size::new(80, 24));
    let who = who_am_i(&mut human);
    assert_eq!((who.operator.kind, who.origin_pane, who.on_behalf_of), (OperatorKind::Human, None, None), "{}", who.because);
    human.wait_model("the pane is there", |model| !model.panes.is_empty());
    let pane = attached.view.focus;
    let pid = human.model.panes.iter().find(|info| info.id == pane).unwrap().pid;

    // A token of nothing: turned away.
    let mut forged = world.connect_with(|hello| hello.token = Some("f".repeat(64)));
    let refused =
        forged.wait("a refusal", |message| if let ServerMessage::Error(refusal) = message { Some(refusal.clone()) } else { None });
    assert_eq!(refused.code, "bad_token");
    // The name of somebody else: one user may be several people, but that is then a claim.
    let named = who_am_i(&mut world.connect_with(|hello| hello.name = Some("somebody-else".into())));
    assert_eq!((named.operator.name.as_str(), named.assurance), ("somebody-else", Assurance::Claimed));
    // A token copied out of its pane: a program of that pane, not the human, also with the human's resume token.
    let token = token_of(pid);
    let mut copied = world.connect_with(|hello| {
        hello.token = Some(token.clone());
        hello.resume = Some(attached.resume.clone());
    });
    let welcome =
        copied.wait("a welcome", |message| if let ServerMessage::Welcome(welcome) = message { Some(welcome.clone()) } else { None });
    assert!(!welcome.resumed, "a program took the human's seat");
    let who = who_am_i(&mut copied);
    assert_eq!(
        (who.operator.kind, who.assurance, who.origin_pane),
        (OperatorKind::Service, Assurance::Token, Some(pane)),
        "{}",
        who.because
    );
    let lines = journal(&mut human, &["operator.refused"], "both refusals", |lines| lines.len() >= 2);
    let reasons: Vec<&str> = lines.iter().filter_map(|line| line["reason"].as_str()).collect();
    assert!(reasons[0].contains("BATON_TOKEN") && reasons[1].contains("resume token"), "{reasons:?}");
}

#[test]
fn a_script_in_a_pane_writes_to_another_and_an_agent_does_not() {
    let world = World::new();
    let (mut human, attached) = world.attached("work", &["cat"], Size::new(80, 24));
    let target = attached.view.focus;
    let baton = env!("CARGO_BIN_EXE_baton");
    let socket = world.paths.socket.display();
    let folder = tempfile::tempdir().unwrap();
    let send = |text: &str| format!("{baton} -S {socket} send -t {target} {text}\n");
    std::fs::write(folder.path().join("deploy.sh"), send("from-a-script")).unwrap();
    std::fs::write(folder.path().join("claude"), send("from-an-agent")).unwrap();
    let line = format!("env -u BATON_TOKEN sh {0}/deploy.sh; sh {0}/claude; cat", folder.path().display());
    human.made(Request::NewWindow {
        target: None,
        name: None,
        cwd: None,
        command: vec![line],
        environment: Vec::new(),
        after: false,
        background: true,
    });
    human.wait_text(target, "what the script sent", |text| text.contains("from-a-script"));
    let rejected = journal(&mut human, &["input.rejected"], "the agent's refusal", |lines| !lines.is_empty());
    assert!(rejected[0]["by"].as_str().is_some_and(|by| by.starts_with("claude@%")), "{rejected:?}");
    let accepted = journal(&mut human, &["input.accepted"], "the script's line", |lines| !lines.is_empty());
    assert!(accepted[0]["by"].as_str().is_some_and(|by| by.starts_with("deploy@%")), "{accepted:?}");
    assert_eq!(accepted[0]["actor"]["kind"], "service");
    assert!(accepted[0]["on_behalf_of"].is_string(), "{accepted:?}");
    assert!(!human.read(target).contains("from-an-agent"), "an agent wrote where it was not let in");
    // It is listed as present while it lives, and gone with its process.
    let came = journal(&mut human, &["operator."], "the agent's end", |lines| {
        lines.iter().any(|line| line["event"] == "operator.detached" && line["reason"] == "its process ended")
    });
    assert!(
        came.iter().any(|line| line["event"] == "operator.attached" && line["by"].as_str().is_some_and(|by| by.starts_with("claude@")))
    );
}

#[test]
fn minted_identities_are_never_wider_and_end_when_told_or_in_time() {
    let world = World::new();
    let (mut human, _) = world.attached("work", &["cat"], Size::new(80, 24));
    let request = |identity: &str| TokenRequest { identity: identity.into(), ttl_ms: None, rights: None, panes: Vec::new(), process: None };
    let mint = |client: &mut Client, request: TokenRequest| match client.ask(Request::Token(request)) {
        Reply::Token(token) => Ok(token),
        Reply::Refused(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    };
    assert_eq!(mint(&mut human, request("human:boss")).unwrap_err(), "not_permitted");
    assert_eq!(mint(&mut human, TokenRequest { process: Some(1), ..request("agent:x") }).unwrap_err(), "not_permitted");
    let narrow = mint(&mut human, TokenRequest { rights: Some("view,request".into()), ..request("agent:bot") }).unwrap();
    let as_bot = |token: &str| {
        let token = token.to_owned();
        world.connect_with(move |hello| hello.token = Some(token))
    };
    let mut bot = as_bot(&narrow.token);
    let who = who_am_i(&mut bot);
    assert_eq!((who.operator.name.as_str(), who.operator.kind, who.rights.as_str()), ("bot", OperatorKind::Agent, "view,request"));
    assert_eq!(who.assurance, Assurance::Token);
    assert!(who.on_behalf_of.is_some_and(|human| human.kind == OperatorKind::Human));
    // Never wider, never another kind, never somebody else's name.
    for (wanted, code) in [
        (TokenRequest { rights: Some("view,input".into()), ..request("agent:sub") }, "not_permitted"),
        (request("service:sub"), "not_permitted"),
        (request("agent:bot"), "exists"),
        (TokenRequest { rights: Some("fly".into()), ..request("agent:sub") }, "bad_request"),
    ] {
        assert_eq!(mint(&mut bot, wanted.clone()).unwrap_err(), code, "{wanted:?}");
    }
    let sub = mint(&mut bot, TokenRequest { rights: Some("view".into()), ..request("agent:sub") }).unwrap();
    assert_eq!(who_am_i(&mut as_bot(&sub.token)).rights, "view");
    // A killed server is followed by one that still knows them.
    kill(world.status().server_pid);
    let (mut human, _) = world.greeted(None);
    assert_eq!(who_am_i(&mut as_bot(&sub.token)).rights, "view");
    // What ends ends what it made, and leaves what it held.
    let held = mint(&mut human, request("agent:holder")).unwrap();
    let mut holder = as_bot(&held.token);
    assert_eq!(who_am_i(&mut holder).operator.name, "holder");
    let control = |client: &mut Client, op| match client.ask(Request::Control { target: None, op }) {
        Reply::Control(panes) => panes.into_iter().next().unwrap(),
        other => panic!("{other:?}"),
    };
    control(&mut human, ControlOp::Offer { to: "agent:holder".into(), note: None, ttl_ms: None, supervised: false });
    assert_eq!(control(&mut holder, ControlOp::Accept).holder.unwrap().operator.name, "holder");
    human.made(Request::RevokeToken { operator: "agent:holder".into() });
    assert!(control(&mut human, ControlOp::Status).holder.is_none(), "who has ended still has control");
    human.made(Request::RevokeToken { operator: "agent:bot".into() });
    for token in [&narrow.token, &sub.token] {
        let refused = as_bot(token)
            .wait("a refusal", |message| if let ServerMessage::Error(refusal) = message { Some(refusal.clone()) } else { None });
        assert_eq!(refused.code, "bad_token");
    }
    let short = mint(&mut human, TokenRequest { ttl_ms: Some(1), ..request("agent:short") }).unwrap();
    journal(&mut human, &["operator.detached"], "the end of its time", |lines| {
        lines.iter().any(|line| line["reason"] == "its time is over")
    });
    let mut late = as_bot(&short.token);
    let refused = late.wait("a refusal", |message| if let ServerMessage::Error(refusal) = message { Some(refusal.clone()) } else { None });
    assert_eq!(refused.code, "bad_token");
    match human.ask(Request::Journal(JournalQuery { verify: Some(true), ..JournalQuery::default() })) {
        Reply::Journal(lines, _) => assert!(lines[0].starts_with("{\"verified\":true,\"first\":1,"), "{lines:?}"),
        other => panic!("{other:?}"),
    }
}
