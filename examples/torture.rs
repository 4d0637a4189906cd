//! The keeper's kill campaign, as long as you like: `cargo run --release --example torture -- --kills 10000 --panes 4 --flat-out --seed 7`.
//!
//! `--order broken` reads first and counts afterwards, and must lose data; `--order keeper` lets the keeper read. Prints what was found and fails if
//! anything was lost, came twice, or ended with a wrong code.
#![allow(clippy::print_stdout, reason = "this is its purpose")]

#[path = "../tests/keeper_support/mod.rs"]
mod keeper_support;

use std::process::ExitCode;

use keeper_support::{Programs, board, campaign, play};

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("keeper") {
        return batonmux::keeper::main(std::env::args_os().skip(2));
    }
    if play() {
        return ExitCode::SUCCESS;
    }
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |now| now.subsec_nanos());
    let mut plan = campaign::Plan {
        seed: clock.into(),
        kills: 1000,
        panes: 4,
        order: board::ORDER_ATTESTED,
        flat_out: false,
        life_us: 15_000,
        enough_lost: u64::MAX,
    };
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        let mut number = || args.next().and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{flag} needs a number"));
        match flag.as_str() {
            "--kills" => plan.kills = number(),
            "--panes" => plan.panes = number(),
            "--seed" => plan.seed = number(),
            "--life-us" => plan.life_us = number(),
            "--flat-out" => plan.flat_out = true,
            "--order" => {
                plan.order = match args.next().as_deref() {
                    Some("attested") => board::ORDER_ATTESTED,
                    Some("broken") => board::ORDER_BROKEN,
                    Some("keeper") => board::ORDER_KEEPER,
                    other => panic!("--order attested, broken or keeper, not {other:?}"),
                }
            }
            other => panic!("unknown argument {other}"),
        }
    }
    let own = std::env::current_exe().expect("own path");
    let programs = Programs { keeper: own.clone(), actor: vec![own.into_os_string()] };
    let outcome = campaign::run(&plan, &programs);
    if plan.order == board::ORDER_BROKEN {
        println!("the broken order lost {} bytes in {} gaps, {} kills", outcome.lost, outcome.gaps, outcome.kills);
    } else {
        campaign::assert_exact(&outcome);
    }
    ExitCode::SUCCESS
}
