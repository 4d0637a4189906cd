//! Others' faults: garbage on the socket, half messages, a hung server, a dead keeper, an upgrade under load.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use batonmux::geometry::Size;
use batonmux::protocol::message::{ClientKind, ClientMessage, ServerMessage};
use rustix::process::Signal;
use serde_json::Value;

use crate::campaign::{Lines, Rng};
use crate::panes::{same, session_with_probe};
use crate::support::env::number;
use crate::support::wait::repeat_until;
use crate::support::wire::{Wire, hello};
use crate::support::{Env, Probe, procs};

/// security.md P1, P2: any bytes, before and after the greeting, cost their own connection and nothing else.
#[test]
fn garbage_on_the_socket_ends_its_own_connection_only() {
    let env = Env::new();
    let (mut probe, pane) = session_with_probe(&env);
    let terminal = env.terminal(&["attach", "-t", "w"]);
    probe.say("steady");
    terminal.wait_until("the pane is shown", |screen| screen.has("steady"));
    let server = env.server_pid();
    let mut rng = Rng::new(Rng::seed());
    for round in 0..200 {
        let mut bytes: Vec<u8> = (0..rng.below(300) + 1).map(|_| rng.byte()).collect();
        if round % 2 == 0 {
            let mut wire = Wire::connect(&env);
            wire.send_bytes(&bytes);
            wire.end();
            wire.until_hang_up();
        } else {
            let (mut wire, _) = Wire::greet(&env, if round % 4 == 1 { ClientKind::Command } else { ClientKind::Tui }, None);
            if round % 3 == 0 {
                // A frame of an honest length and kind whose content is none. (2 to 4 are whole without any: list, kill, upgrade.)
                let length = u32::try_from(bytes.len() + 2).unwrap().to_le_bytes();
                let kind = u16::try_from(10 + rng.below(20)).unwrap().to_le_bytes();
                bytes = length.into_iter().chain(kind).chain(bytes).collect();
            }
            wire.send_bytes(&bytes);
            wire.end();
            wire.until_hang_up();
        }
    }
    let mut wire = Wire::connect(&env);
    wire.send_bytes(b"GET / HTTP/1.1\r\n\r\n");
    assert!(wire.until_hang_up().is_some(), "a stranger is told why");
    assert_eq!(env.server_pid(), server, "the server is the one it was");
    probe.say(" and so it stays");
    terminal.wait_until("others are not disturbed", |screen| screen.has("steady and so it stays"));
    assert!(env.ok(&["read", "-t", &pane]).contains("steady"));
}

#[test]
fn half_a_message_waits_and_harms_nobody() {
    let env = Env::new();
    let (mut probe, _) = session_with_probe(&env);
    let halves: Vec<Wire> = (0..40)
        .map(|n| {
            let mut wire = Wire::connect(&env);
            let mut bytes = Vec::new();
            batonmux::protocol::frame::encode(&ClientMessage::Hello(hello(ClientKind::Tui, None)), &mut bytes).unwrap();
            wire.send_bytes(&bytes[..bytes.len() * n / 40]);
            wire
        })
        .collect();
    let terminal = env.terminal(&["attach", "-t", "w"]);
    probe.say("meanwhile");
    terminal.wait_until("others are served meanwhile", |screen| screen.has("meanwhile"));
    drop(halves);
    assert_eq!(env.panes().len(), 1);
}

#[test]
fn a_version_that_is_not_spoken_gets_a_clear_word() {
    let env = Env::new();
    env.ok(&["new", "-d", "-s", "w"]);
    let mut wire = Wire::connect(&env);
    let mut greeting = hello(ClientKind::Command, None);
    (greeting.protocol_min, greeting.protocol_max) = (1000, 1001);
    wire.send(&ClientMessage::Hello(greeting));
    let refusal = wire.until_hang_up().expect("a refusal");
    assert_eq!(refusal.code, "version", "{refusal:?}");
    // The frozen messages are understood whatever the versions are.
    let (mut wire, _) = Wire::greet(&env, ClientKind::Command, None);
    wire.send(&ClientMessage::List);
    loop {
        match wire.next() {
            Some(ServerMessage::List(sessions)) => break assert_eq!(sessions[0].name, "w"),
            Some(_) => {}
            None => panic!("the server hung up on a frozen message"),
        }
    }
}

/// A client that never reads: its connection's memory is bounded, and others are served.
#[test]
fn a_client_that_never_reads_is_bounded() {
    let env = Env::new();
    let (mut probe, _) = session_with_probe(&env);
    let (mut deaf, _) = Wire::greet(&env, ClientKind::Tui, None);
    deaf.attach("w", Size::new(80, 24));
    let server = env.server_pid();
    let before = procs::resident_kb(server).unwrap_or(0);
    for n in 0..30_000_u64 {
        deaf.send(&ClientMessage::Ping(n));
        if n % 10_000 == 0 {
            assert_eq!(env.status()["server_pid"], server, "others are served");
        }
    }
    probe.say("fine");
    assert_eq!(env.server_pid(), server);
    let grown = procs::resident_kb(server).unwrap_or(0).saturating_sub(before);
    assert!(grown < 20_000, "{grown} kB");
}

/// A server that is stopped (or hangs) is found out by who asks, and replaced.
#[test]
fn a_hung_server_is_replaced_on_demand() {
    let env = Env::new();
    let (mut probe, _) = session_with_probe(&env);
    let before = probe.report();
    let server = env.server_pid();
    procs::signal(server, Signal::STOP);
    let outcome = env.run(&["status", "--json"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_ne!(outcome.json()["server_pid"], server);
    same(&before, &mut probe, "in the end");
}

/// The keeper dies: programs do not notice, the server has another keeper, and things go on, twice.
#[test]
fn the_keeper_may_die() {
    let env = Env::new();
    let (mut probe, pane) = session_with_probe(&env);
    let mut terminal = env.terminal(&["attach", "-t", "w"]);
    probe.echo(true);
    probe.say("before");
    terminal.wait_until("the pane is shown", |screen| screen.has("before"));
    let before = probe.report();
    for round in 0..2 {
        let keeper = env.keeper_pid();
        procs::kill_and_wait(keeper);
        env.wait_json("another keeper is there", &["status"], |status| status["keeper_pid"] != keeper);
        same(&before, &mut probe, "after the keeper's death");
        terminal.type_text(&format!("typed-{round};"));
        terminal.wait_until("typing goes on", |screen| screen.has(&format!("typed-{round};")));
    }
    env.kill_server();
    terminal.wait_until("and the server may die too", |screen| screen.has("typed-1;"));
    assert_eq!(probe.typed(), "typed-0;typed-1;");
    env.ok(&["split", "-d", "-t", &pane]);
    probe.wait_gone_after_exit(5);
    env.wait_json("its end is known", &["tombstones"], |value| value["tombstones"][0]["pane"] == pane.as_str());
}

/// A program that ends exactly while no keeper lives: whoever inherits it reaps it, and the server knows its status all the same, where the kernel
/// keeps it (Linux 6.15). Elsewhere the end is known and the status is not.
#[test]
fn a_program_that_ends_while_no_keeper_lives_has_its_status() {
    let env = Env::new();
    let (probe, pane) = session_with_probe(&env);
    let (_other, _) = Probe::start(&env, "other", &["new", "-d", "-s", "other"]);
    let (server, keeper, program) = (env.server_pid(), env.keeper_pid(), number(&env.pane(&pane)["pid"]));
    // So that it cannot start another keeper before the program has ended and was reaped.
    procs::signal(server, Signal::STOP);
    procs::kill_and_wait(keeper);
    probe.wait_gone_after_exit(5);
    repeat_until("its new parent has reaped it", || procs::start_time(program).map_or(Ok(()), |_| Err(format!("{program} is a zombie"))));
    procs::signal(server, Signal::CONT);
    let stones = env.wait_json("its end is known", &["tombstones"], |value| value["tombstones"][0]["pane"] == pane.as_str());
    if keeps_exit_status() {
        assert_eq!(stones["tombstones"][0]["exit_code"], 5, "{stones}");
    }
    assert_eq!(env.server_pid(), server);
}

/// Programs in panes have the limits of whoever started baton, also those that a later keeper starts; keeper and server leave no core dumps.
#[test]
fn panes_have_the_users_limits_whoever_started_the_keeper() {
    let env = Env::new();
    let show = ["--", "sh", "-c", "echo files $(ulimit -Sn) core $(ulimit -Sc) end; exec sleep 1000"];
    let start = env.command(&[&["new", "-d", "-s", "w"], &show[..]].concat());
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -Sn 700; ulimit -Sc 2000; exec \"$0\" \"$@\""]).arg(start.get_program()).args(start.get_args()).env_clear();
    limited.envs(start.get_envs().filter_map(|(name, value)| Some((name, value?))));
    env.finish(limited, &["new"], b"");
    let first = env.panes()[0]["id"].as_str().unwrap().to_owned();
    env.wait_text(&first, "end");
    let expected = env.ok(&["read", "-t", &first]);
    assert!(expected.contains("files 700 core"), "{expected}");
    let no_cores = |pid: u32| {
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
        let core =
            limits.lines().find(|line| line.starts_with("Max core file size")).map(|line| line.split_whitespace().nth(4) == Some("0"));
        assert_ne!(core, Some(false), "process {pid} would leave a core dump:\n{limits}");
    };
    for round in 0..3 {
        no_cores(env.keeper_pid());
        no_cores(env.server_pid());
        let pane = env.ok(&[&["split", "-d", "-t", &first], &show[..]].concat()).trim().to_owned();
        env.wait_text(&pane, "end");
        assert_eq!(env.ok(&["read", "-t", &pane]).trim(), expected.trim(), "round {round}");
        env.ok(&["kill", "pane", "-t", &pane]);
        if round == 1 {
            env.kill_server();
        }
        let keeper = env.keeper_pid();
        procs::kill_and_wait(keeper);
        env.wait_json("another keeper is there", &["status"], |status| status["keeper_pid"] != keeper);
    }
}

/// Whether the kernel tells the status of a process that was reaped by another.
fn keeps_exit_status() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next(), numbers.next()) >= (Some(6), Some(15))
}

/// `baton upgrade` under load: another binary takes over, nothing is lost, nobody is disturbed.
#[test]
fn an_upgrade_under_load_loses_nothing() {
    let env = Env::with_config(crate::campaign::CONFIG);
    let (mut probe, pane) = session_with_probe(&env);
    let mut terminal = env.terminal(&["attach", "-t", "w"]);
    let before = probe.report();
    probe.write("up", 2000, 500);
    let copy = env.path("baton-next");
    fs::copy(crate::support::env::binary(), &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    let keeper = env.keeper_pid();
    let mut lines = Lines::new("up");
    for round in 0..3 {
        let server = env.server_pid();
        let status: Value = env.json(&["upgrade", copy.to_str().unwrap()]);
        assert_ne!(status["server_pid"], server, "round {round}");
        lines.check(&env.read_all(&pane));
        terminal.wait_until("the client is still there", |screen| screen.rows.iter().any(|row| row.starts_with("up ")));
    }
    assert!(procs::cmdline(env.server_pid()).len() > 1);
    assert_eq!(env.keeper_pid(), keeper);
    let written = probe.stop();
    env.wait_text(&pane, "up end");
    lines.check(&env.read_all(&pane));
    assert_eq!(lines.next(), written);
    same(&before, &mut probe, "in the end");
    terminal.type_text("k");
    assert_eq!(probe.await_typed(1), "k");
    // A program that is no baton leaves everything as it is.
    let server = env.server_pid();
    assert_ne!(env.run(&["upgrade", "/bin/true"]).code, 0);
    assert_eq!(env.server_pid(), server);
}

/// A command that is under way when the server dies comes to its end, and what it types is typed once.
#[test]
fn commands_survive_a_restart_of_the_server() {
    let env = Env::new();
    let (mut probe, pane) = session_with_probe(&env);
    let mut expected = String::new();
    for round in 0..20 {
        let server = env.server_pid();
        let word = format!("<{round}>");
        let killer = std::thread::spawn(move || procs::signal(server, Signal::KILL));
        let outcome = env.run(&["send", "-t", &pane, "-l", &word]);
        killer.join().unwrap();
        assert_eq!(outcome.code, 0, "round {round}: {outcome:?}");
        expected.push_str(&word);
        assert_eq!(probe.await_typed(expected.len()), expected, "round {round}");
    }
    drop(env.run(&["status"]));
    let (second, _) = Probe::start(&env, "second", &["window", "-d", "-t", "w"]);
    drop(second);
}

/// security.md P4, R14: with no descriptor left a peer is told so, whoever is there goes on, and all is well once there are some again.
#[test]
fn without_descriptors_a_peer_is_told_and_the_others_go_on() {
    let env = Env::new();
    let (mut probe, _) = session_with_probe(&env);
    let mut terminal = env.terminal(&["attach", "-t", "w"]);
    probe.say("before");
    terminal.wait_until("the pane is shown", |screen| screen.has("before"));
    let server = env.server_pid();
    let before = procs::limit_descriptors(server, u64::from(procs::descriptors(server).into_keys().max().unwrap()) + 1);
    // Those that still find room stay.
    let mut others = Vec::new();
    for _ in 0..3 {
        let refused = repeat_until("a peer is told", || {
            let mut wire = Wire::connect(&env);
            wire.send(&ClientMessage::Hello(hello(ClientKind::Command, None)));
            match wire.next() {
                Some(ServerMessage::Error(refusal)) => Ok(refusal),
                other => {
                    others.push(wire);
                    Err(format!("{other:?}"))
                }
            }
        });
        assert_eq!(refused.code, "exhausted", "{refused:?}");
    }
    probe.say(" meanwhile");
    terminal.wait_until("the others go on", |screen| screen.has("before meanwhile"));
    // Not even the reserve's number is allowed any more: peers wait in the backlog, for something of ours to be closed.
    procs::limit_descriptors(server, 1);
    let mut waiting = Wire::connect(&env);
    probe.say(" and on");
    terminal.wait_until("the others go on", |screen| screen.has("before meanwhile and on"));
    procs::limit_descriptors(server, before);
    probe.say("!");
    terminal.prefix("n");
    terminal.wait_until("the server had something to do", |screen| screen.has("and on!"));
    waiting.send(&ClientMessage::List);
    let answer = waiting.next();
    assert!(matches!(answer, Some(ServerMessage::List(_))), "who waited is served: {answer:?}");
    assert_eq!(env.server_pid(), server);
}
