//! How long a kill of the server is felt: `cargo bench --bench recovery -- [--panes N] [--lines N] [--rounds N]`.
//!
//! N panes (100) with a full history (10,000 lines of 79 columns each) and a client of 120x40 that looks at one of them. The server is killed with SIGKILL;
//! then three clocks run from the moment of the kill:
//!
//! - *answer*: until the next server answers a greeting, which it does when every pane is back;
//! - *frame*: until what was typed right after the kill is seen on the client's terminal. So it holds the new server's start, the recovery, the client's
//!   way back, the typed bytes' way to the program, its echo, and the frame that shows it;
//! - *history*: the first command that reads the last 10,000 lines of a pane, whole, from the new server (its own time, not from the kill).
//!
//! Each round also checks that what is read of one pane, history included, is what was read before the kill. Medians and the worst of all rounds are
//! printed, with the resident memory of server and keeper. The binary is the one cargo built with this bench; `BATON_E2E_BIN` takes another.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "a tool for developers")]

#[path = "../tests/e2e/support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use batonmux::protocol::message::ClientKind;
use support::wire::Wire;
use support::{Env, procs};

/// What is measured.
struct Plan {
    panes: u64,
    lines: u64,
    rounds: u64,
}

impl Plan {
    /// From the words after `--`; cargo's own `--bench` is passed over.
    fn from_args() -> Option<Self> {
        let mut plan = Self { panes: 100, lines: 10_000, rounds: 11 };
        let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
        while let Some(flag) = args.next() {
            let number = args.next()?.parse::<u64>().ok()?.max(1);
            match flag.as_str() {
                "--panes" => plan.panes = number,
                "--lines" => plan.lines = number,
                "--rounds" => plan.rounds = number,
                _ => return None,
            }
        }
        Some(plan)
    }
}

/// The middle and the last of some times, in milliseconds.
fn summary(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let ms = |at: usize| times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3);
    format!("{:.1} ms median, {:.1} ms worst", ms(times.len() / 2), ms(times.len().saturating_sub(1)))
}

fn main() -> ExitCode {
    let Some(plan) = Plan::from_args() else {
        eprintln!("usage: cargo bench --bench recovery -- [--panes N] [--lines N] [--rounds N]");
        return ExitCode::from(2);
    };
    let env = Env::with_config(&format!("[history]\nlines = {}\nbytes = 67108864\n", plan.lines + 100));
    // Writes the lines, says that it has done so, and from then on prints back what is typed.
    let script =
        format!("awk 'BEGIN {{ for (i = 1; i <= {}; i++) printf \"%09d%070d\\n\", i, i }}'; echo all-written; exec cat", plan.lines);
    env.ok(&["new", "-d", "-s", "full", "--", "sh", "-c", &script]);
    for _ in 1..plan.panes {
        env.ok(&["window", "-t", "full", "--", "sh", "-c", &script]);
    }
    let panes: Vec<String> = env.panes().iter().map(|pane| pane["id"].as_str().unwrap().to_owned()).collect();
    for pane in &panes {
        env.wait_text(pane, "all-written");
    }
    let mut client = env.terminal_of(120, 40, &["attach", "-t", "full"]);
    client.wait_until("the pane is shown", |screen| screen.has("all-written"));

    let (mut answers, mut frames, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..plan.rounds {
        let probed = &panes[usize::try_from(round).unwrap() % (panes.len().max(2) - 1)];
        let before = env.read_all(probed);
        let server = env.server_pid();
        let killed = Instant::now();
        procs::kill_and_wait(server);
        let token = format!("typed-{round}-");
        client.type_text(&token);
        let answered = std::thread::scope(|scope| {
            let greeting = scope.spawn(|| {
                drop(Wire::greet(&env, ClientKind::Command, None));
                killed.elapsed()
            });
            client.wait_until("what was typed after the kill is seen", |screen| screen.has(&token));
            frames.push(killed.elapsed());
            greeting.join().expect("the greeting is answered")
        });
        answers.push(answered);
        let asked = Instant::now();
        let after = env.read_all(probed);
        reads.push(asked.elapsed());
        assert!(before == after, "pane {probed} reads differently after the kill");
        // A new line for the next round's token.
        client.type_line("");
    }
    let kb = |pid: u32| procs::resident_kb(pid).unwrap_or(0) / 1024;
    println!(
        "{} panes with {} lines of history each, {} kills\n  answer after the kill   {}\n  typed, echoed, shown    {}\n  read of {} lines     {}\n  resident: server {} MiB, keeper {} MiB",
        panes.len(),
        plan.lines,
        plan.rounds,
        summary(&mut answers),
        summary(&mut frames),
        plan.lines,
        summary(&mut reads),
        kb(env.server_pid()),
        kb(env.keeper_pid()),
    );
    ExitCode::SUCCESS
}
