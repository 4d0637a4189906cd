//! What must be true of a pane: R1 to R21 of the product's rules, a story each.

use std::collections::BTreeSet;

use batonmux::geometry::Size;
use batonmux::ids::PaneId;
use batonmux::protocol::message::{ClientKind, ClientMessage, Input, InputSource};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::env::{list, number};
use crate::support::probe::Report;
use crate::support::wire::Wire;
use crate::support::{Env, Probe, procs};

/// A session `w` with a probe in its only pane, as large as a client in a terminal of 80 by 24 has it; gives the probe and the pane's id.
pub fn session_with_probe(env: &Env) -> (Probe, String) {
    let (probe, printed) = Probe::start(env, "first", &["new", "-d", "--json", "-s", "w", "-x", "80", "-y", "23"]);
    let made: Value = serde_json::from_str(&printed).unwrap();
    (probe, made["pane"].as_str().unwrap().to_owned())
}

/// The child is the one it was, and has noticed nothing but what was typed.
pub fn same(before: &Report, probe: &mut Probe, when: &str) {
    let after = Report { typed: before.typed, ..probe.report() };
    let differences = before.differences(&after);
    assert!(differences.is_empty(), "{when}:\n{differences}");
}

/// R1: a pane is its process, terminal, descriptors and sockets, and detaching touches none of them.
#[test]
fn r1_a_pane_is_the_same_after_detaching() {
    let env = Env::new();
    let (mut probe, _) = session_with_probe(&env);
    let variable = probe.bump();
    let before = probe.report();
    let mut terminal = env.terminal(&["attach", "-t", "w"]);
    probe.say("here I am");
    terminal.wait_until("the pane is shown", |screen| screen.has("here I am"));
    terminal.prefix("d");
    assert_eq!(terminal.wait_end("detaching ends the client").0, 0);
    same(&before, &mut probe, "after detaching");
    assert_eq!((probe.visit(), before.variable), (before.pid, variable));
    let again = env.terminal(&["attach", "-t", "w"]);
    again.wait_until("the pane is shown again", |screen| screen.has("here I am"));
    same(&before, &mut probe, "in the end");
}

/// R2: eight operators attach, and there are no more processes and terminals than before. A second server does not fork the panes.
#[test]
fn r2_r20_attaching_starts_nothing() {
    let env = Env::new();
    let (mut probe, _) = session_with_probe(&env);
    probe.say("only one");
    let keeper = env.keeper_pid();
    let before: BTreeSet<u32> = procs::children(keeper).into_iter().collect();
    let clients: Vec<_> = (0..8).map(|_| env.terminal(&["attach", "-t", "w"])).collect();
    for client in &clients {
        client.wait_until("the pane is shown", |screen| screen.has("only one"));
    }
    env.wait_attached(8);
    assert_eq!(procs::children(keeper).into_iter().collect::<BTreeSet<_>>(), before);
    assert_eq!(env.panes().len(), 1);
    assert_eq!(env.status()["keeper_pid"], keeper);
}

#[test]
fn r2_a_second_server_refuses() {
    let env = Env::new();
    let (mut probe, pane) = session_with_probe(&env);
    let before = probe.report();
    let (server, keeper) = (env.server_pid(), env.keeper_pid());
    assert_ne!(env.run(&["server"]).code, 0, "a server without a keeper refuses");
    let run = env.path("run/baton");
    let path = |name: &str| run.join(name).display().to_string();
    let args = [
        "keeper",
        "--runtime-dir",
        &run.display().to_string(),
        "--socket",
        &path("default.sock"),
        "--lock",
        &path("default.lock"),
        "--control",
        &path("default.keeper"),
    ];
    // It goes its own way as a daemon before it can tell: what counts is that it is gone and nothing has changed.
    env.run(&args);
    crate::support::wait::repeat_until("there is but one keeper", || match keepers(&env).as_slice() {
        [one] if *one == keeper => Ok(()),
        others => Err(format!("{others:?}")),
    });
    assert_eq!((env.server_pid(), env.keeper_pid()), (server, keeper));
    assert_eq!(env.pane(&pane)["pid"].as_u64(), Some(before.pid));
    same(&before, &mut probe, "in the end");
}

/// Eight first clients at once: one keeper, one server, eight sessions.
#[test]
fn r2_first_clients_that_come_at_once_share_one_server() {
    let env = Env::new();
    std::thread::scope(|scope| {
        let started: Vec<_> = (0..8)
            .map(|n| {
                let env = &env;
                scope.spawn(move || env.run(&["new", "-d", "-s", &format!("s{n}")]))
            })
            .collect();
        for outcome in started.into_iter().map(|thread| thread.join().unwrap()) {
            assert_eq!(outcome.code, 0, "{outcome:?}");
        }
    });
    assert_eq!(list(&env.json(&["ls"])["sessions"]).len(), 8);
    let keeper = env.keeper_pid();
    assert_eq!(keepers(&env), [keeper]);
}

/// The keepers that this story has started.
fn keepers(env: &Env) -> Vec<u32> {
    procs::marked(env.root()).into_iter().filter(|pid| procs::name(*pid) == "baton-keeper").collect()
}

/// R4, R5, R6: whoever made it may die, all clients may, the server may; somebody else goes on with it and may do everything.
#[test]
fn r4_r5_r6_panes_have_no_owner() {
    let env = Env::new();
    let (mut probe, pane) = session_with_probe(&env);
    let maker = env.terminal(&["attach", "-t", "w"]);
    probe.say("hello");
    maker.wait_until("the pane is shown", |screen| screen.has("hello"));
    let before = probe.report();
    maker.signal(Signal::KILL);
    maker.wait_end("it was killed");
    env.wait_attached(0);
    same(&before, &mut probe, "nobody attached is a normal state");
    env.kill_server();
    same(&before, &mut probe, "in the end");
    let mut other = env.terminal(&["attach", "-t", "w"]);
    other.wait_until("what was said is still there", |screen| screen.has("hello"));
    probe.echo(true);
    other.type_text("steered");
    assert_eq!(probe.await_typed(7), "steered");
    other.wait_until("what is typed comes back", |screen| screen.has("steered"));
    env.ok(&["rename", "session", "-t", "w", "mine"]);
    env.ok(&["kill", "pane", "-t", &pane]);
    probe.wait_gone();
}

/// R7: an id is given once and survives everything.
#[test]
fn r7_ids_are_given_once_and_stay() {
    let env = Env::new();
    let (mut probe, first) = session_with_probe(&env);
    let pid = probe.report().pid;
    let mut seen = BTreeSet::from([first.clone()]);
    let mut make = |args: &[&str]| {
        let id = env.json(args)["pane"].as_str().unwrap().to_owned();
        assert!(seen.insert(id.clone()), "{id} was given twice");
        id
    };
    let second = make(&["split", "-d", "-t", &first]);
    let third = make(&["window", "-d", "-t", "w"]);
    let still = |what: &str| assert_eq!(env.pane(&first)["pid"].as_u64(), Some(pid), "after {what}");
    env.ok(&["rename", "pane", "-t", &first, "another title"]);
    env.ok(&["rename", "session", "-t", "w", "v"]);
    still("renames");
    env.ok(&["swap-pane", "-s", &first, "-t", &second]);
    still("a swap");
    env.ok(&["break-pane", "-d", "-s", &first]);
    still("a break");
    env.ok(&["join-pane", "-s", &first, "-t", &third]);
    still("a join");
    env.kill_server();
    still("a restart");
    env.ok(&["kill", "pane", "-t", &second]);
    env.ok(&["kill", "pane", "-t", &third]);
    let fourth = make(&["split", "-d", "-t", &first]);
    env.kill_server();
    let fifth = make(&["split", "-d", "-t", &first]);
    assert_eq!(env.panes().len(), 3, "{first} {fourth} {fifth}");
    assert_eq!(probe.report().pid, pid);
}

/// R8: exact id, exact name, unique prefix; what is ambiguous lists what it could be.
#[test]
fn r8_names_are_found_or_the_candidates_are_listed() {
    let env = Env::new();
    let a = env.json(&["new", "-d", "-s", "work-a"]);
    env.ok(&["new", "-d", "-s", "work-b"]);
    env.ok(&["new", "-d", "-s", "play"]);
    env.ok(&["read", "-t", a["pane"].as_str().unwrap()]);
    env.ok(&["read", "-t", "work-a"]);
    env.ok(&["read", "-t", "pl"]);
    let outcome = env.refused(3, &["read", "-t", "work"]);
    assert!(outcome.stderr.contains("work-a") && outcome.stderr.contains("work-b"), "{outcome:?}");
    env.refused(3, &["read", "-t", "%99999"]);
    env.refused(3, &["read", "-t", "nothing"]);
    env.refused(1, &["new", "-d", "-s", "play"]);
}

/// R9: a pane ends by exit or by being killed, leaves a tombstone, and is not replaced.
#[test]
fn r9_an_end_leaves_a_tombstone() {
    let env = Env::new();
    env.ok(&["new", "-d", "-s", "keep"]);
    let (probe, printed) = Probe::start(&env, "exits", &["window", "-d", "--json", "-t", "keep"]);
    let exits: Value = serde_json::from_str(&printed).unwrap();
    let (mut probe2, printed) = Probe::start(&env, "killed", &["window", "-d", "--json", "-t", "keep"]);
    let killed: Value = serde_json::from_str(&printed).unwrap();
    let (probe3, printed) = Probe::start(&env, "signalled", &["window", "-d", "--json", "-t", "keep"]);
    let signalled: Value = serde_json::from_str(&printed).unwrap();
    probe2.say("last words");
    env.wait_text(killed["pane"].as_str().unwrap(), "last words");
    let pid3 = number(&env.pane(signalled["pane"].as_str().unwrap())["pid"]);
    probe.wait_gone_after_exit(42);
    env.ok(&["kill", "pane", "-t", killed["pane"].as_str().unwrap()]);
    probe2.wait_gone();
    procs::signal(pid3, Signal::KILL);
    probe3.wait_gone();
    let tombstones = env.wait_json("three tombstones stand", &["tombstones"], |value| list(&value["tombstones"]).len() == 3);
    let of = |pane: &Value| list(&tombstones["tombstones"]).iter().find(|stone| stone["pane"] == *pane).unwrap().clone();
    let stone = of(&exits["pane"]);
    assert_eq!((&stone["cause"], stone["exit_code"].as_i64()), (&"exit".into(), Some(42)), "{stone}");
    let stone = of(&killed["pane"]);
    assert_eq!(stone["cause"], "killed", "{stone}");
    assert!(stone["last_screen"].as_str().unwrap().contains("last words"), "{stone}");
    assert_eq!(of(&signalled["pane"])["signal"], 9);
    assert_eq!(env.panes().len(), 1, "no pane was replaced");
    env.kill_server();
    assert_eq!(list(&env.json(&["tombstones"])["tombstones"]).len(), 3, "tombstones survive the server");
}

#[test]
fn r9_remain_on_exit_keeps_the_pane_with_its_last_screen() {
    let env = Env::new();
    let (mut probe, pane) = session_with_probe(&env);
    env.ok(&["remain-on-exit", "-t", &pane, "on"]);
    let terminal = env.terminal(&["attach", "-t", "w"]);
    probe.say("still to be read");
    terminal.wait_until("the pane is shown", |screen| screen.has("still to be read"));
    probe.wait_gone_after_exit(3);
    env.wait_json("the pane is dead", &["list-panes"], |value| value["panes"][0]["dead"] == true);
    let info = env.pane(&pane);
    assert_eq!((&info["exit_code"], &info["id"]), (&3.into(), &pane.as_str().into()));
    assert!(env.ok(&["read", "-t", &pane]).contains("still to be read"));
    terminal.wait_until("the last screen stays", |screen| screen.has("still to be read"));
    env.ok(&["respawn", "-t", &pane, "--", "sh", "-c", "echo anew; exec cat"]);
    env.wait_text(&pane, "anew");
    assert_eq!(env.pane(&pane)["incarnation"].as_u64(), Some(info["incarnation"].as_u64().unwrap() + 1));
}

/// R10: lid closed, terminal hung up, client killed, server killed: the child sees nothing.
#[test]
fn r10_the_execution_does_not_notice() {
    let env = Env::new();
    let (mut probe, _) = session_with_probe(&env);
    let before = probe.report();
    let attach = || {
        let terminal = env.terminal(&["attach", "-t", "w"]);
        env.wait_attached(1);
        terminal
    };
    probe.say("mark");

    let client = attach();
    client.wait_until("the pane is shown", |screen| screen.has("mark"));
    client.signal(Signal::STOP);
    client.signal(Signal::CONT);
    client.hang_up();
    env.wait_attached(0);
    same(&before, &mut probe, "after a hang-up");

    let client = attach();
    client.signal(Signal::KILL);
    client.wait_end("it was killed");
    env.wait_attached(0);
    same(&before, &mut probe, "after SIGKILL to the client");

    let client = attach();
    client.wait_until("the pane is shown", |screen| screen.has("mark"));
    env.kill_server();
    env.wait_attached(1);
    same(&before, &mut probe, "after SIGKILL to the server");
    procs::signal(env.server_pid(), Signal::SEGV);
    env.wait_attached(1);
    same(&before, &mut probe, "after a crash of the server");
    drop(client);
}

/// The visible numbered lines of a screen.
fn numbers(rows: &[String], tag: &str) -> Vec<u64> {
    // A number has seven digits; one that has fewer is being written.
    rows.iter().filter_map(|row| row.strip_prefix(tag)?.split_whitespace().next().filter(|word| word.len() == 7)?.parse().ok()).collect()
}

/// R11: an attach gives the present state, then the stream, with no gap and no duplicate in any frame.
#[test]
fn r11_snapshot_then_stream() {
    let env = Env::new();
    let (mut probe, pane) = session_with_probe(&env);
    probe.write("n", 300, 200);
    for _ in 0..5 {
        let first = env.terminal(&["attach", "-t", "w"]);
        let seen = std::cell::RefCell::new(Vec::new());
        first.wait_until("some hundred lines went by", |screen| {
            let now = numbers(screen.body(), "n ");
            if !now.is_empty() {
                assert!(now.windows(2).all(|pair| pair[1] == pair[0] + 1), "a gap or a duplicate: {now:?}\n{screen}");
            }
            let mut seen = seen.borrow_mut();
            seen.extend(now.last().copied());
            seen.last().zip(seen.first()).is_some_and(|(last, first)| last - first > 300)
        });
        let seen = seen.into_inner();
        assert!(seen.windows(2).all(|pair| pair[0] <= pair[1]), "a client's time goes one way: {seen:?}");
    }
    let lines = probe.stop();
    env.wait_text(&pane, "n end");
    assert_eq!(numbers(&env.ok(&["read", "-t", &pane]).lines().map(str::to_owned).collect::<Vec<_>>(), "n ").last(), Some(&(lines - 1)));
}

/// R15: a stopped client harms nobody and is brought up to date when it returns.
#[test]
fn r15_a_stopped_client_beside_a_flood_costs_nothing() {
    let env = Env::new();
    let (mut probe, pane) = session_with_probe(&env);
    let stopped = env.terminal(&["attach", "-t", "w"]);
    let lively = env.terminal(&["attach", "-t", "w"]);
    probe.say("both here");
    stopped.wait_until("the pane is shown", |screen| screen.has("both here"));
    lively.wait_until("the pane is shown", |screen| screen.has("both here"));
    stopped.signal(Signal::STOP);
    let server = env.server_pid();
    let resident = procs::resident_kb(server).unwrap_or(0);
    probe.write("flood", 16 * 1024, 0);
    lively.wait_until("the flood goes on and on for the other one", |screen| {
        numbers(screen.body(), "flood ").last().is_some_and(|n| *n > 60_000)
    });
    let lines = probe.stop();
    let end = |screen: &crate::support::Screen| screen.has("flood end");
    let shown = lively.wait_until("the end is shown", end);
    assert_eq!(env.server_pid(), server);
    let grown = procs::resident_kb(server).unwrap_or(0).saturating_sub(resident);
    // History has a budget of its own (10 MiB here); nothing is kept for the client that does not read.
    assert!(grown < 40_000, "the server grew by {grown} kB over {lines} lines");
    stopped.signal(Signal::CONT);
    let caught_up = stopped.wait_until("it is up to date when it returns", end);
    assert_eq!(caught_up.body(), shown.body());
    assert!(env.ok(&["read", "-t", &pane]).contains("flood end"));
}

/// R16: the resume token comes with the attach, works once, and losing it costs a normal attach.
#[test]
fn r16_a_resume_token_works_once() {
    let env = Env::new();
    let (mut probe, pane) = session_with_probe(&env);
    let pane: PaneId = pane.parse().unwrap();
    let (mut wire, welcome) = Wire::greet(&env, ClientKind::Tui, None);
    let attached = wire.attach("w", Size::new(80, 24));
    let input = |seq, text: &str| ClientMessage::Input(Input { seq, pane, bytes: text.into(), source: InputSource::Key, epoch: None });
    wire.send(&input(1, "one;"));
    assert_eq!(probe.await_typed(4), "one;");
    drop(wire);
    let (mut wire, again) = Wire::greet(&env, ClientKind::Tui, Some(attached.resume.clone()));
    assert!(again.resumed, "{again:?}");
    assert_eq!((again.operator, again.input_stream), (welcome.operator, welcome.input_stream));
    let second = wire.attach("w", Size::new(80, 24));
    assert_eq!(second.attachment, attached.attachment);
    assert_ne!(second.resume, attached.resume, "each token works once");
    wire.send(&input(1, "one;"));
    wire.send(&input(2, "two;"));
    assert_eq!(probe.await_typed(8), "one;two;", "what is sent again is not typed again");
    // The server may die in between: the token still holds.
    drop(wire);
    env.kill_server();
    let (mut wire, again) = Wire::greet(&env, ClientKind::Tui, Some(second.resume.clone()));
    assert!(again.resumed, "{again:?}");
    wire.attach("w", Size::new(80, 24));
    wire.send(&input(2, "two;"));
    wire.send(&input(3, "three;"));
    assert_eq!(probe.await_typed(14), "one;two;three;");
    // A used one is no secret any more, and a lost one no disaster.
    let (mut other, fresh) = Wire::greet(&env, ClientKind::Tui, Some(attached.resume));
    assert!(!fresh.resumed);
    assert_ne!(other.attach("w", Size::new(80, 24)).attachment, attached.attachment);
}

/// R17: attaching never resizes; typing does, for who typed last; observers never count.
#[test]
fn r17_size_follows_who_types_and_not_who_looks() {
    let env = Env::new();
    let (mut probe, _) = session_with_probe(&env);
    let before = probe.report();
    assert_eq!(before.size, serde_json::json!([80, 23]));
    let first = env.terminal(&["attach", "-t", "w"]);
    probe.say("first; ");
    first.wait_until("the pane is shown", |screen| screen.has("first"));
    let mut large = env.terminal_of(120, 40, &["attach", "-t", "w"]);
    let mut small = env.terminal_of(60, 20, &["attach", "-t", "w"]);
    let observer = env.terminal_of(30, 10, &["attach", "-r", "-t", "w"]);
    probe.say("look");
    for terminal in [&large, &small, &observer] {
        terminal.wait_until("the pane is shown", |screen| screen.has("look"));
    }
    same(&before, &mut probe, "attaching changes nothing");
    large.type_text("x");
    probe.await_event("SIGWINCH");
    let wide = probe.report().size;
    assert_eq!(wide[0], 120, "{wide}");
    small.type_text("y");
    env.wait_json("the window follows who types", &["list-panes"], |value| {
        value["panes"][0]["size"].as_str().is_some_and(|size| size.starts_with("60x"))
    });
    let mut observer = observer;
    observer.type_text("z");
    observer.resize(35, 12);
    // The observer's key must not arrive: one that does arrive, sent after it, tells when to look.
    small.type_text("!");
    assert_eq!(probe.await_typed(3), "xy!");
    assert_eq!(probe.report().size[0], 60, "neither a larger client elsewhere nor an observer counts");
    // To resize one's own terminal is to take part, as with tmux.
    large.resize(100, 30);
    env.wait_json("the window follows who resizes", &["list-panes"], |value| {
        value["panes"][0]["size"].as_str().is_some_and(|size| size.starts_with("100x"))
    });
}

/// R21: the bytes a program reads are the sum of what was accepted, whoever sent them and by whichever way.
#[test]
fn r21_there_is_one_way_in() {
    let env = Env::new();
    let (mut probe, pane) = session_with_probe(&env);
    let id: PaneId = pane.parse().unwrap();
    let mut terminal = env.terminal(&["attach", "-t", "w"]);
    let mut observer = env.terminal(&["attach", "-r", "-t", "w"]);
    probe.say("ready");
    terminal.wait_until("the pane is shown", |screen| screen.has("ready"));
    observer.wait_until("the pane is shown", |screen| screen.has("ready"));
    let mut expected = String::new();
    terminal.type_text("keys;");
    expected.push_str("keys;");
    assert_eq!(probe.await_typed(expected.len()), expected);
    observer.type_text("never;");
    let sent = env.json(&["send", "-t", &pane, "-l", "sent;"]);
    assert_eq!(sent["bytes"], 5, "{sent}");
    expected.push_str("sent;");
    assert_eq!(probe.await_typed(expected.len()), expected);
    env.ok(&["send", "-t", &pane, "C-c", "Enter"]);
    expected.push_str("\x03\r");
    assert_eq!(probe.await_typed(expected.len()), expected);
    let (mut wire, _) = Wire::greet(&env, ClientKind::Tui, None);
    wire.attach("w", Size::new(80, 24));
    wire.send(&ClientMessage::Input(Input { seq: 1, pane: id, bytes: b"wire;".to_vec(), source: InputSource::Key, epoch: None }));
    expected.push_str("wire;");
    assert_eq!(probe.await_typed(expected.len()), expected);
    // A connection that only looks cannot type by speaking the wire itself either.
    let roster = env.json(&["roster"]);
    let roles: Vec<&str> =
        list(&roster["operators"]).iter().flat_map(|operator| list(&operator["attachments"])).filter_map(|a| a["role"].as_str()).collect();
    assert!(roles.contains(&"observer"), "{roster}");
    terminal.type_text("end;");
    expected.push_str("end;");
    assert_eq!(probe.await_typed(expected.len()), expected);
    assert_eq!(probe.typed(), expected);
}
