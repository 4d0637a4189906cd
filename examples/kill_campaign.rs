//! The long kill campaign: `cargo build --release && cargo run --release --example kill_campaign -- --kills 10000`.
//!
//! The same code as the tests' (`tests/e2e/campaign.rs`), as long as one likes, with figures at the end. `--panes N`, `--busy` (clients that attach, type, resize
//! and detach all the while), `--pause-ms N`; `BATON_SEED` repeats a run; `BATON_E2E_BIN` takes another binary than the one beside this example.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "a tool for developers")]

#[path = "../tests/e2e/support/mod.rs"]
mod support;

#[path = "../tests/e2e/campaign.rs"]
mod campaign;

use std::process::ExitCode;
use std::time::Instant;

use campaign::{Plan, run};

fn main() -> ExitCode {
    support::child::become_one_if_told();
    let mut plan = Plan { kills: 1000, panes: 4, busy: false, pause_ms: 60 };
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        let mut number = || args.next().and_then(|value| value.parse::<u64>().ok());
        let known = match flag.as_str() {
            "--kills" => number().map(|n| plan.kills = n.try_into().unwrap_or(u32::MAX)),
            "--panes" => number().map(|n| plan.panes = n.clamp(1, 1000) as u32),
            "--pause-ms" => number().map(|n| plan.pause_ms = n),
            "--busy" => {
                plan.busy = true;
                Some(())
            }
            _ => None,
        };
        if known.is_none() {
            eprintln!("usage: kill_campaign [--kills N] [--panes N] [--pause-ms N] [--busy]");
            return ExitCode::from(2);
        }
    }
    let begun = Instant::now();
    let outcome = run(&plan);
    let at = |part: usize| outcome.gaps.get(outcome.gaps.len() * part / 100).copied().unwrap_or_default();
    println!(
        "{} kills ({} while starting) in {:.0} s: {} lines, none lost, none twice; {} tokens typed, each once; exit codes right, programs undisturbed\n\
         answer after a kill: {:?} median, {:?} in 99 of 100, {:?} at worst; seed {}",
        plan.kills,
        outcome.early,
        begun.elapsed().as_secs_f64(),
        outcome.lines,
        outcome.typed,
        at(50),
        at(99),
        outcome.gaps.last().copied().unwrap_or_default(),
        outcome.seed
    );
    ExitCode::SUCCESS
}
