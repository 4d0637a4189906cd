//! The kill campaign at the length of an ordinary test run; `cargo run --release --example kill_campaign` has the long one.

use crate::campaign::{Plan, run};

fn told(name: &str, plan: &Plan) {
    let outcome = run(plan);
    let median = outcome.gaps.get(outcome.gaps.len() / 2).copied().unwrap_or_default();
    let worst = outcome.gaps.last().copied().unwrap_or_default();
    println!(
        "{name}: {} kills ({} while starting), {} lines, {} tokens typed, answer after a kill {median:?} in the median, {worst:?} at worst; seed {}",
        plan.kills, outcome.early, outcome.lines, outcome.typed, outcome.seed
    );
}

#[test]
fn killing_the_server_at_random_moments_loses_nothing() {
    told("writers", &Plan { kills: 150, panes: 4, busy: false, pause_ms: 60 });
}

#[test]
fn killing_it_while_clients_come_and_go_types_nothing_twice() {
    told("writers and typists", &Plan { kills: 60, panes: 2, busy: true, pause_ms: 120 });
}
