//! The kill campaign: the server is killed with SIGKILL at random moments, and nothing may come of it.
//!
//! Several panes write numbered lines in bursts. A client is attached all the time; with [`Plan::busy`] another one attaches, resizes, types and detaches
//! over and over, and `send` types from a third side. The server is killed again and again: while it serves, and while it starts. Now and then, and at the
//! end, the text of every pane is read back: its numbered lines must be contiguous, none missing, none twice, each with its own content, and go on where the last
//! look ended. Programs that end in between must leave their exit codes; the writers must not have seen a signal, an end of file or a change of size; what was typed and
//! acknowledged must have arrived once. At the end a client that lived through all kills shows the same screen as one that has just come.
//!
//! The moments are random but the seed is printed; `BATON_SEED` repeats a run as far as the machine does.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::child::line_text;
use crate::support::env::list;
use crate::support::probe::Report;
use crate::support::wait::repeat_until;
use crate::support::{Env, Probe, procs};

/// Enough history that no line is given up between two looks.
pub const CONFIG: &str = "[history]\nlines = 1000000\nbytes = 67108864\n";

/// Lines that a pane may have written since the last look at it.
const LINES_UNSEEN_MAX: u64 = 6_000;

/// Lines for which one answer of `read` has room.
const ANSWER_LINES: u64 = 30_000;

/// What a campaign does.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How often the server is killed.
    pub kills: u32,
    /// Panes that write.
    pub panes: u32,
    /// Whether clients attach, detach, resize and type all the while.
    pub busy: bool,
    /// Longest wait before a kill, in milliseconds.
    pub pause_ms: u64,
}

/// What a campaign came to.
#[derive(Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Lines written by all panes.
    pub lines: u64,
    /// Kills of a server that had not yet served.
    pub early: u32,
    /// Time from a kill to the next server's answer to a command, sorted.
    pub gaps: Vec<Duration>,
    /// Tokens typed and acknowledged.
    pub typed: u64,
}

/// Random numbers that can be had again (xorshift).
#[derive(Debug)]
pub struct Rng(u64);

impl Rng {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// `$BATON_SEED`, or one from the clock.
    pub fn seed() -> u64 {
        let clock = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |now| now.subsec_nanos().into());
        std::env::var("BATON_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(clock)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % bound.max(1)
    }

    /// A byte.
    #[allow(dead_code, reason = "not needed by the kill campaign example, which shares this file")]
    pub fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or(0)
    }
}

/// What is known of one pane's numbered lines: those below [`Lines::next`] were all seen, once each.
#[derive(Debug)]
pub struct Lines {
    tag: String,
    next: u64,
}

impl Lines {
    /// Nothing seen yet.
    pub fn new(tag: &str) -> Self {
        Self { tag: tag.to_owned(), next: 0 }
    }

    /// The first line that was not seen yet.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Whether `text`, the end of a pane's text, begins with lines that were seen.
    fn reaches(&self, text: &str) -> bool {
        let first = text.lines().find_map(|row| row.strip_prefix(&self.tag)?.split_whitespace().next()?.parse::<u64>().ok());
        first.is_some_and(|first| first <= self.next)
    }

    /// Looks at a pane's text, or its end.
    ///
    /// # Panics
    /// When a line is missing, twice, or not as it was written.
    pub fn check(&mut self, text: &str) {
        let prefix = format!("{} ", self.tag);
        let mut expected = None;
        // The last row may be half written.
        let whole = text.trim_end_matches('\n').rsplit_once('\n').map_or("", |(whole, _)| whole);
        for row in whole.lines() {
            let Some(number) = row.strip_prefix(&prefix).and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()) else {
                continue;
            };
            let wanted = expected.unwrap_or(number);
            assert!(
                number == wanted,
                "{} {} of pane {}: line {number} comes where {wanted} should",
                number.abs_diff(wanted),
                if number > wanted { "lines are lost" } else { "lines are twice" },
                self.tag,
            );
            assert_eq!(row.trim_end(), line_text(&self.tag, number), "a line is not as it was written");
            if expected.is_none() {
                assert!(number <= self.next, "lines {} to {number} of pane {} are lost", self.next, self.tag);
            }
            expected = Some(number + 1);
        }
        if let Some(next) = expected {
            assert!(next >= self.next, "lines from {next} of pane {} were there and are gone ({})", self.tag, self.next);
            self.next = next;
        }
    }
}

struct Writer {
    probe: Probe,
    pane: String,
    lines: Lines,
    before: Report,
}

impl Writer {
    /// Looks at what came since the last look. Not at the whole history: on a slow machine each look would take longer than the one before, while more
    /// and more is written meanwhile.
    fn look(&mut self, env: &Env) {
        let unseen = self.probe.lines() - self.lines.next();
        // What is written between the question and the answer pushes the oldest lines out; some more are asked for than are missing.
        let mut lines = unseen + 2_000;
        loop {
            if lines > ANSWER_LINES {
                return self.lines.check(&env.read_all(&self.pane));
            }
            let text = env.ok(&["read", "-t", &self.pane, "--lines", &lines.to_string()]);
            if self.lines.reaches(&text) {
                return self.lines.check(&text);
            }
            lines *= 2;
        }
    }
}

/// Runs a campaign.
///
/// # Panics
/// When anything is lost, doubled or disturbed.
pub fn run(plan: &Plan) -> Outcome {
    let seed = Rng::seed();
    let told = format!("seed {seed} (BATON_SEED={seed} runs it again)");
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| campaign(plan, seed)));
    match result {
        Ok(outcome) => outcome,
        Err(panic) => {
            eprintln!("the campaign failed: {told}");
            std::panic::resume_unwind(panic)
        }
    }
}

fn campaign(plan: &Plan, seed: u64) -> Outcome {
    let mut rng = Rng::new(seed);
    let env = Env::with_config(CONFIG);
    let mut writers = Vec::new();
    for number in 0..plan.panes {
        let tag = format!("p{number}");
        let args: &[&str] =
            if number == 0 { &["new", "-d", "--json", "-s", "w", "-x", "80", "-y", "24"] } else { &["window", "-d", "--json", "-t", "w"] };
        let (mut probe, printed) = Probe::start(&env, &tag, args);
        let made: serde_json::Value = serde_json::from_str(&printed).expect("ids in JSON");
        let before = probe.report();
        probe.write(&tag, 500 + rng.below(3500), 2000 + rng.below(4000));
        writers.push(Writer { probe, pane: made["pane"].as_str().expect("a pane").to_owned(), lines: Lines::new(&tag), before });
    }
    let keeper = env.keeper_pid();
    let witness = env.terminal_of(80, 25, &["attach", "-t", "w"]);
    witness.wait_until("the witness sees lines", |screen| screen.rows.iter().any(|row| row.starts_with("p0 ")));
    let typist = plan.busy.then(|| {
        let (probe, printed) = Probe::start(&env, "typed", &["window", "-d", "--json", "-t", "w", "-n", "typed"]);
        let made: serde_json::Value = serde_json::from_str(&printed).expect("ids in JSON");
        (probe, made["pane"].as_str().expect("a pane").to_owned())
    });
    let over = AtomicBool::new(false);
    let mut outcome = Outcome { seed, lines: 0, early: 0, gaps: Vec::new(), typed: 0 };
    let mut exits = BTreeMap::new();
    std::thread::scope(|scope| {
        let busy = typist.map(|(probe, pane)| {
            scope.spawn({
                let (env, over) = (&env, &over);
                move || come_and_go(env, probe, pane, over, seed ^ 0x5555)
            })
        });
        let stop = Over(&over);
        for kill in 0..plan.kills {
            let server = repeat_until("the keeper has a server", || procs::server_of(keeper).ok_or_else(|| "none".to_owned()));
            let early = rng.below(4) == 0;
            if early {
                outcome.early += 1;
                pause(Duration::from_micros(rng.below(20_000)));
            } else {
                env.status();
                pause(Duration::from_micros(rng.below(plan.pause_ms.max(1) * 1000)));
            }
            // There are no more than a hundred tombstones: looked at before the first are given up.
            if exits.len() >= 50 {
                settle_exits(&env, &mut exits);
            }
            // Now and then a program ends at the very moment when the server does.
            if kill % 10 == 5 {
                let code = i32::try_from(1 + rng.below(100)).expect("small");
                let (probe, printed) = Probe::start(&env, &format!("exit-{kill}"), &["window", "-d", "--json", "-t", "w"]);
                let made: serde_json::Value = serde_json::from_str(&printed).expect("ids in JSON");
                exits.insert(made["pane"].as_str().expect("a pane").to_owned(), code);
                probe.exit(code);
            }
            // The pid may have changed meanwhile if the server fell by itself: that would be seen in the log and in `epoch`.
            procs::kill_and_wait(server);
            if !early {
                let killed = Instant::now();
                env.status();
                outcome.gaps.push(killed.elapsed());
            }
            for writer in &mut writers {
                if writer.probe.lines() - writer.lines.next() > LINES_UNSEEN_MAX {
                    writer.look(&env);
                }
            }
        }
        drop(stop);
        if let Some(busy) = busy {
            outcome.typed = busy.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
    for writer in &mut writers {
        let written = writer.probe.stop();
        repeat_until("the last line has arrived", || {
            let text = env.read_all(&writer.pane);
            if text.contains(" end") { Ok(()) } else { Err(text.chars().rev().take(300).collect::<String>().chars().rev().collect()) }
        });
        writer.lines.check(&env.read_all(&writer.pane));
        assert_eq!(writer.lines.next(), written, "the last lines of {} are there", writer.pane);
        let differences = writer.before.differences(&writer.probe.report());
        assert!(differences.is_empty(), "the writer of {} noticed something:\n{differences}", writer.pane);
        outcome.lines += written;
    }
    settle_exits(&env, &mut exits);
    // The witness lived through it all; somebody who has just come sees the same.
    let shown = witness.wait_until("the witness sees the end", |screen| screen.has("p0 end"));
    let fresh = env.terminal_of(80, 25, &["attach", "-t", "w"]);
    let fresh = fresh.wait_until("a fresh client sees the end", |screen| screen.has("p0 end"));
    assert_eq!(shown.body(), fresh.body(), "the witness shows\n{shown}\nand a fresh client\n{fresh}");
    outcome.gaps.sort();
    outcome
}

/// Waits until each program that ended has left its tombstone, with the code that it ended with, and forgets them.
fn settle_exits(env: &Env, exits: &mut BTreeMap<String, i32>) {
    repeat_until("every program that ended has left its exit code", || {
        let tombstones = env.json(&["tombstones"]);
        let left = |pane: &str| list(&tombstones["tombstones"]).iter().find(|stone| stone["pane"] == pane).cloned();
        exits.retain(|pane, code| left(pane).is_none_or(|stone| stone["exit_code"].as_i64() != Some(i64::from(*code))));
        if exits.is_empty() { Ok(()) } else { Err(format!("{exits:?} are missing or differ in\n{tombstones}")) }
    });
}

/// Tells the busy one to stop, also when the campaign panics.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The moment of a kill is what is random here; nothing is waited for.
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Attaches, resizes, types, detaches, and types by `send`, until it is over. Gives the number of tokens, all of which must have arrived, in order, once.
fn come_and_go(env: &Env, mut probe: Probe, pane: String, over: &AtomicBool, seed: u64) -> u64 {
    let mut rng = Rng::new(seed);
    let mut expected = String::new();
    let mut token = 0_u64;
    while !over.load(Ordering::SeqCst) {
        let (cols, rows) = (u16::try_from(40 + rng.below(100)).unwrap_or(80), u16::try_from(10 + rng.below(40)).unwrap_or(24));
        let mut terminal = env.terminal_of(cols, rows, &["attach", "-t", "w:typed"]);
        terminal.wait_until("the typist is attached", |screen| screen.last_row().contains("typed"));
        for _ in 0..1 + rng.below(4) {
            let word = format!("<{token}>");
            token += 1;
            let by_command = rng.below(3) == 0;
            if by_command {
                env.ok(&["send", "-t", &pane, "-l", &word]);
            } else {
                terminal.type_text(&word);
            }
            expected.push_str(&word);
            // Acknowledged: the program has it. Exactly it.
            let typed = probe.await_typed(expected.len());
            let way = if by_command { "by send" } else { "at the keyboard" };
            assert!(typed == expected, "{word}, typed {way}, is lost or doubled: {typed} instead of {expected}\n{}", terminal.screen());
            if rng.below(2) == 0 {
                terminal.resize(u16::try_from(30 + rng.below(100)).unwrap_or(80), u16::try_from(8 + rng.below(40)).unwrap_or(24));
            }
        }
        match rng.below(3) {
            0 => terminal.hang_up(),
            1 => drop(terminal),
            _ => {
                terminal.prefix("d");
                assert_eq!(terminal.wait_end("the typist detaches").0, 0);
            }
        }
    }
    assert_eq!(probe.typed(), expected);
    let events = probe.report().events;
    assert!(events.iter().all(|event| event["what"] == "SIGWINCH"), "{events:?}");
    token
}
