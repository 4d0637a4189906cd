//! The manual's list of commands as roff, made from the table. A test compares it with `man/baton.1`.

use std::fmt::Write as _;

use super::cli::GLOBAL_FLAGS;
use super::help::{EXIT_CODES, synopsis_parts, with_values};
use super::spec::{FlagSpec, Group, Scope, Takes};
use super::table;

/// The sections OPTIONS, COMMANDS and EXIT STATUS of `baton.1`.
#[must_use]
pub fn commands_roff() -> String {
    let mut out = String::from(".SH OPTIONS\n");
    flags(&mut out, GLOBAL_FLAGS);
    out.push_str(".SH COMMANDS\n");
    for group in Group::ALL {
        let _ = writeln!(out, ".SS {}", escape(group.heading()));
        for spec in table::all().filter(|spec| spec.group == group) {
            let _ = writeln!(out, ".TP\n\\fB{}\\fP {}", escape(spec.name), escape(&synopsis_parts(spec).join(" ")));
            let _ = writeln!(out, "{}.", escape(spec.summary));
            if !spec.help.is_empty() {
                let _ = writeln!(out, "{}", escape(spec.help));
            }
            match spec.scope {
                Scope::Cli => out.push_str("Only in a shell.\n"),
                Scope::Client => out.push_str("Only inside a client.\n"),
                Scope::Both => {}
            }
            if !spec.aliases.is_empty() {
                let _ = writeln!(out, "Also called {}.", escape(&spec.aliases.join(", ")));
            }
            if !spec.flags.is_empty() || !spec.args.is_empty() {
                out.push_str(".RS\n");
                flags(&mut out, spec.flags);
                for arg in spec.args {
                    let _ = writeln!(out, ".TP\n.I {}\n{}.", escape(arg.name), escape(&with_values(arg.help, arg.takes)));
                }
                out.push_str(".RE\n");
            }
        }
    }
    out.push_str(".SH EXIT STATUS\n");
    for (code, meaning) in EXIT_CODES {
        let _ = writeln!(out, ".TP\n.B {code}\n{}.", escape(meaning));
    }
    out
}

fn flags(out: &mut String, flags: &[FlagSpec]) {
    for flag in flags {
        let value = if flag.takes == Takes::Nothing { String::new() } else { format!(" \\fI{}\\fP", escape(flag.takes.placeholder())) };
        let _ = writeln!(out, ".TP\n\\fB{}\\fP{value}\n{}.", escape(&flag.shown()), escape(&with_values(flag.help, flag.takes)));
    }
}

/// A text as roff takes it for itself: backslashes, dashes and quotes, and dots that begin a line.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    if text.starts_with(['.', '\'']) {
        out.push_str("\\&");
    }
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '^' => out.push_str("\\(ha"),
            '~' => out.push_str("\\(ti"),
            '`' => out.push_str("\\(ga"),
            '\'' => out.push_str("\\(aq"),
            '…' => out.push_str(" ..."),
            c => out.push(c),
        }
    }
    out
}
