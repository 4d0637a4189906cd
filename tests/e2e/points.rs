//! The server dies at every point that has a name, once, in the midst of what leads there.
//!
//! Points and their meaning are in `server::faults`; builds without debug assertions have none, and then there is nothing to test. The story is the same
//! for each: somebody is attached, a program writes, a window is made, something is typed, a program ends, a pane is ended, the server is killed or
//! upgraded. Whatever the point, each of these happens once, and programs that were not told to end notice nothing.
#![cfg(debug_assertions)]

use std::fs;

use batonmux::server::faults::POINTS;
use rustix::process::Signal;

use crate::campaign::Lines;
use crate::panes::{same, session_with_probe};
use crate::support::{Env, Probe, procs};

/// What became of a death at `point`, which is `what` with or without `panic:` before.
fn die_at(what: &str) {
    let mut env = Env::with_config(crate::campaign::CONFIG);
    let order = env.path("crash");
    env.set("BATON_CRASH", Some(order.to_str().unwrap()));
    let (mut probe, pane) = session_with_probe(&env);
    let (keeper, first) = (env.keeper_pid(), env.server_pid());
    let (ending, _) = Probe::start(&env, "ending", &["window", "-d", "-t", "w"]);
    let (told_to_end, printed) = Probe::start(&env, "told", &["window", "-d", "--json", "-t", "w"]);
    let told_pane = serde_json::from_str::<serde_json::Value>(&printed).unwrap()["pane"].as_str().unwrap().to_owned();
    let mut terminal = env.terminal(&["attach", "-t", "w"]);
    let before = probe.report();
    probe.write("line", 500, 3000);
    terminal.wait_until("lines are shown", |screen| screen.rows.iter().any(|row| row.starts_with("line ")));

    fs::write(&order, what).unwrap();
    let (mut made, _) = Probe::start(&env, "made", &["window", "-d", "-t", "w"]);
    terminal.type_text("<keys>");
    assert_eq!(probe.await_typed(6), "<keys>", "{what}");
    env.ok(&["send", "-t", &pane, "-l", "<send>"]);
    assert_eq!(probe.await_typed(12), "<keys><send>", "{what}");
    ending.exit(7);
    env.wait_json("the end of a program is known", &["tombstones"], |value| value.to_string().contains("\"exit_code\":7"));
    env.ok(&["kill", "pane", "-t", &told_pane]);
    env.wait_json("the other one is gone", &["tombstones"], |value| value.to_string().contains(&told_pane));
    drop(told_to_end);
    if fs::exists(&order).unwrap() {
        procs::signal(env.server_pid(), Signal::KILL);
        env.status();
    }
    if fs::exists(&order).unwrap() {
        // The server dies in the middle of it; the successor may have come or not. All that counts is that there is one.
        env.run(&["upgrade", crate::support::env::binary().to_str().unwrap()]);
        env.status();
    }
    assert!(!fs::exists(&order).unwrap(), "the story does not come by {what}");
    assert!(env.server_pid() != first && env.keeper_pid() == keeper, "{what}");

    assert_eq!(env.panes().len(), 2, "{what}: the pane that was there and the one that was made, once: {:?}", env.panes());
    let report = made.report();
    same(&report, &mut made, what);
    let written = probe.stop();
    env.wait_text(&pane, "line end");
    let mut lines = Lines::new("line");
    lines.check(&env.read_all(&pane));
    assert_eq!(lines.next(), written, "{what}");
    assert_eq!(probe.typed(), "<keys><send>", "{what}");
    same(&before, &mut probe, what);
    terminal.wait_until("the client is still there", |screen| screen.has("line end"));
    let stones = env.json(&["tombstones"]).to_string();
    assert_eq!(stones.matches("\"pane\"").count(), 2, "{what}: two programs ended: {stones}");
}

#[test]
fn a_death_at_any_point_loses_and_repeats_nothing() {
    for point in POINTS {
        die_at(point);
    }
}

/// A panic outside of what is guarded is a death, not half a life: else nobody would accept connections any more, say.
#[test]
fn a_panic_ends_the_server_and_another_goes_on() {
    for point in ["listener", "commit", "active"] {
        die_at(&format!("panic:{point}"));
    }
}
