//! The terminal room's speed: bytes fed a second by kind of output, refreshes and diffs of a screen, and history's bytes a line.
//!
//! `cargo bench --bench terminal`; the bytes are printed first.
#![allow(missing_docs, reason = "criterion's macros")]
#![allow(clippy::print_stdout, reason = "a measurement's result")]

use batonmux::geometry::Size;
use batonmux::terminal::diff::diff;
use batonmux::terminal::history::{History, VecSegments};
use batonmux::terminal::vt100::{Look, Vt100};
use batonmux::terminal::{Effects, Engine, Row};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::hint::black_box;

const SIZE: Size = Size { cols: 80, rows: 24 };
/// What a worker reads at once.
const SLICE: usize = 16 * 1024;

/// About a megabyte of lines made by `line(number)`.
fn corpus(line: impl Fn(usize, &mut String)) -> Vec<u8> {
    let mut text = String::new();
    let mut number = 0;
    while text.len() < 1 << 20 {
        line(number, &mut text);
        text.push_str("\r\n");
        number += 1;
    }
    text.into_bytes()
}

fn corpora() -> [(&'static str, Vec<u8>); 4] {
    [
        (
            "ascii",
            corpus(|n, out| {
                let _ = write!(out, "2026-01-01T00:00:{:02} worker[{n}]: request {} served in {} us", n % 60, n * 7, n * 31 % 977);
            }),
        ),
        (
            "sgr",
            corpus(|n, out| {
                for word in 0..10 {
                    let _ = write!(out, "\x1b[38;5;{};{}mword{word}\x1b[0m ", (n + word) % 256, 1 + word % 4);
                }
            }),
        ),
        ("short lines", corpus(|_, out| out.push('y'))),
        (
            "unicode",
            corpus(|n, out| {
                let _ = write!(out, "行{n} naïve café 日本語のテキスト ünïcödé — “quotes”");
            }),
        ),
    ]
}

/// Feeds everything and appends what scrolls off, as a pane's worker does.
fn pump(engine: &mut Vt100, history: &mut History<VecSegments>, bytes: &[u8]) {
    let mut effects = Effects::default();
    for slice in bytes.chunks(SLICE) {
        engine.feed(slice, 0, &mut effects);
        for row in effects.scrolled.drain(..) {
            history.append(&row);
        }
    }
}

fn feed(c: &mut Criterion) {
    let mut group = c.benchmark_group("feed");
    group.sample_size(10);
    for (name, bytes) in corpora() {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |b| {
            let mut engine = Vt100::new(SIZE, Look::default());
            let mut history = History::open(VecSegments::new(32), 10_000);
            b.iter(|| pump(&mut engine, &mut history, &bytes));
        });
    }
    group.finish();
}

fn screens(c: &mut Criterion) {
    let mut group = c.benchmark_group("screen");
    for (name, size) in [("80x24", SIZE), ("200x60", Size::new(200, 60))] {
        let mut engine = Vt100::new(size, Look::default());
        let mut effects = Effects::default();
        for (_, bytes) in corpora() {
            engine.feed(&bytes[..SLICE], 0, &mut effects);
        }
        engine.screen();
        group.bench_function(format!("unchanged {name}"), |b| b.iter(|| black_box(engine.screen().version)));
        group.bench_function(format!("echo and diff {name}"), |b| {
            let mut out = Vec::new();
            b.iter(|| {
                let since = engine.screen().version;
                engine.feed(b"x\x08y\x08", 0, &mut effects);
                engine.feed(if since.is_multiple_of(2) { b"a\x08" } else { b"b\x08" }, 0, &mut effects);
                out.clear();
                diff(engine.screen(), since).encode(&mut out);
                out.len()
            });
        });
        group.bench_function(format!("full diff {name}"), |b| {
            let mut out = Vec::new();
            b.iter(|| {
                out.clear();
                diff(engine.screen(), 0).encode(&mut out);
                out.len()
            });
        });
    }
    group.finish();
}

fn histories(c: &mut Criterion) {
    const LINES: u64 = 100_000;
    for cols in [80usize, 200] {
        for full in [true, false] {
            let mut history = History::open(VecSegments::new(1000), u64::MAX);
            for n in 0..LINES {
                let len = if full { cols } else { usize::try_from(n).unwrap_or(0) * 7 % cols };
                history.append(&Row::narrow(&"x".repeat(len)));
            }
            let kind = if full { "full" } else { "half full on average" };
            println!("history: {:.1} bytes a line at {cols} columns, {kind}", history.segments().bytes() as f64 / LINES as f64);
        }
    }
    for (name, bytes) in corpora() {
        let mut history = History::open(VecSegments::new(1000), u64::MAX);
        pump(&mut Vt100::new(SIZE, Look::default()), &mut history, &bytes);
        println!("history: {:.1} bytes a line of {name}", history.bytes() as f64 / history.len() as f64);
    }

    let mut history = History::open(VecSegments::new(1000), u64::MAX);
    for n in 0..LINES {
        history.append(&Row::narrow(&format!("{n} the quick brown fox jumps over the lazy dog")));
    }
    let mut group = c.benchmark_group("history");
    group.bench_function("line of 100,000", |b| {
        let mut n = 0;
        b.iter(|| {
            n = (n + 7919) % LINES;
            history.line(n)
        });
    });
    group.bench_function("60 lines", |b| b.iter(|| history.lines(50_000, 60, usize::MAX)));
    let pattern = regex::Regex::new("no such text").ok();
    group.bench_function("search 1,000 lines", |b| {
        b.iter(|| pattern.as_ref().map(|pattern| history.search(pattern, 0, batonmux::terminal::history::Direction::Forward, 1000)));
    });
    group.finish();
}

criterion_group!(benches, histories, feed, screens);
criterion_main!(benches);
