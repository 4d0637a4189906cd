//! What every start of a client pays for its configuration: the defaults alone, and with a user's file.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::hint::black_box;

use batonmux::config;
use criterion::{Criterion, criterion_group, criterion_main};

fn reading(criterion: &mut Criterion) {
    criterion.bench_function("config/defaults", |bencher| bencher.iter(|| config::parse(black_box(""), "config.toml")));
    let user = "[general]\nprefix = \"C-a\"\n[status]\nposition = \"top\"\n[keys.prefix]\n\"|\" = \"split -h\"\n\"x\" = \"\"\n";
    criterion.bench_function("config/user", |bencher| bencher.iter(|| config::parse(black_box(user), "config.toml")));
    criterion.bench_function("config/binding", |bencher| {
        bencher.iter(|| batonmux::command::parse_line(black_box("confirm-before -p 'kill pane #P?' { kill pane }")))
    });
}

criterion_group!(benches, reading);
criterion_main!(benches);
