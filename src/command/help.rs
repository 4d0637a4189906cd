//! Help, made from the table: usage lines, the help of one command, the list of all.
//!
//! Texts are wrapped at 79 columns and end with a line feed. Nothing here knows a terminal; colours are the caller's business.

use std::fmt::Write as _;

use super::cli::GLOBAL_FLAGS;
use super::spec::{CommandSpec, FlagSpec, Group, Place, Takes};
use super::table;

const WIDTH: usize = 79;

/// `split [-bdfhv] [--json] [-l N|N%] … [CMD…]`.
#[must_use]
pub fn synopsis(spec: &CommandSpec) -> String {
    let mut out = spec.name.to_owned();
    for part in synopsis_parts(spec) {
        out.push(' ');
        out.push_str(&part);
    }
    out
}

/// The parts of a synopsis behind the name; each may not be broken.
pub(super) fn synopsis_parts(spec: &CommandSpec) -> Vec<String> {
    let mut parts = Vec::new();
    let switches: String = spec.flags.iter().filter(|flag| flag.takes == Takes::Nothing).filter_map(|flag| flag.short).collect();
    if !switches.is_empty() {
        parts.push(format!("[-{switches}]"));
    }
    for flag in spec.flags {
        let value = flag.takes.placeholder();
        match (flag.short, flag.long) {
            (Some(short), _) if flag.takes != Takes::Nothing => {
                parts.push(format!("[-{short} {value}]{}", if flag.repeats { "…" } else { "" }));
            }
            (None, Some(long)) if flag.takes == Takes::Nothing => parts.push(format!("[--{long}]")),
            (None, Some(long)) => parts.push(format!("[--{long} {value}]")),
            _ => {}
        }
    }
    for arg in spec.args {
        let many = if arg.many { "…" } else { "" };
        parts.push(if arg.required { format!("{}{many}", arg.name) } else { format!("[{}{many}]", arg.name) });
    }
    parts
}

/// The whole help of a command, as `baton COMMAND --help` prints it.
#[must_use]
pub fn command(spec: &CommandSpec, place: Place) -> String {
    let mut out = String::new();
    let program = if place == Place::Shell { "baton " } else { "" };
    let mut line = format!("Usage: {program}{}", spec.name);
    for part in synopsis_parts(spec) {
        if line.chars().count() + 1 + part.chars().count() > WIDTH {
            let _ = writeln!(out, "{line}");
            line = " ".repeat(10);
            line.push_str(&part);
        } else {
            line.push(' ');
            line.push_str(&part);
        }
    }
    let _ = writeln!(out, "{line}\n\n{}.", spec.summary);
    if !spec.help.is_empty() {
        out.push('\n');
        wrap(&mut out, spec.help, 0);
    }
    if !spec.args.is_empty() {
        out.push_str("\nArguments:\n");
        for arg in spec.args {
            row(&mut out, arg.name, &with_values(arg.help, arg.takes), 18);
        }
    }
    if !spec.flags.is_empty() {
        out.push_str("\nFlags:\n");
        flags(&mut out, spec.flags);
    }
    if !spec.aliases.is_empty() {
        let _ = writeln!(out, "\nAlso called: {}", spec.aliases.join(", "));
    }
    match spec.scope {
        super::spec::Scope::Client if place == Place::Shell => {
            out.push_str("\nOnly inside a client: by a key, or at the prompt (C-b :).\n")
        }
        _ => {}
    }
    out
}

/// The list of all commands that can be given at `place`.
#[must_use]
pub fn overview(place: Place) -> String {
    let mut out = String::new();
    if place == Place::Shell {
        out.push_str("baton: a terminal multiplexer whose panes outlive every client and the server\n\n");
        out.push_str("Usage: baton [-L NAME|-S FILE] [-f FILE] [COMMAND [FLAGS] [ARGUMENTS]]\n\n");
        wrap(
            &mut out,
            "Without a command it attaches to the session used last, or makes one. Several commands are parted by a lone `;`. Names may be cut short as long as they are clear.",
            0,
        );
        out.push_str("\nFlags:\n");
        flags(&mut out, GLOBAL_FLAGS);
    }
    for group in Group::ALL {
        let mut heading = false;
        for spec in table::all().filter(|spec| spec.group == group && spec.scope.includes(place)) {
            if !std::mem::replace(&mut heading, true) {
                let _ = writeln!(out, "\n{}:", group.heading());
            }
            row(&mut out, spec.name, spec.summary, 18);
        }
    }
    if place == Place::Shell {
        out.push('\n');
        wrap(
            &mut out,
            "A TARGET is written as for tmux: SESSION:WINDOW.PANE with names or numbers, or an id ($1, @2, %3). `baton help COMMAND` explains a command; inside a client C-b ? shows the keys and C-b : takes commands.",
            0,
        );
        out.push_str("\nExit codes:\n");
        for (code, meaning) in EXIT_CODES {
            row(&mut out, code, meaning, 4);
        }
    }
    out
}

/// What the program's exit codes mean.
pub const EXIT_CODES: [(&str, &str); 6] = [
    ("0", "done"),
    ("1", "refused, or nothing changed"),
    ("2", "the words were no command"),
    ("3", "no such target"),
    ("4", "it took too long"),
    ("5", "no server"),
];

fn flags(out: &mut String, flags: &[FlagSpec]) {
    for flag in flags {
        let mut left = flag.shown();
        if flag.takes != Takes::Nothing {
            left.push(' ');
            left.push_str(flag.takes.placeholder());
        }
        row(out, &left, &with_values(flag.help, flag.takes), 18);
    }
}

/// Adds the words that are possible, if they are few.
pub(super) fn with_values(help: &str, takes: Takes) -> String {
    match takes {
        Takes::OneOf(words) if words.len() > 12 => format!("{help}: {}", words.join(", ")),
        Takes::OneOf(words) if !words.is_empty() => format!("{help} ({})", words.join(", ")),
        _ => help.to_owned(),
    }
}

/// `  left   right`, the right part wrapped under itself.
fn row(out: &mut String, left: &str, right: &str, column: usize) {
    let indent = column + 4;
    let mut line = format!("  {left}");
    let used = line.chars().count();
    if used + 2 > indent {
        out.push_str(&line);
        out.push('\n');
        line = " ".repeat(indent);
    } else {
        line.push_str(&" ".repeat(indent - used));
    }
    let mut wrapped = String::new();
    wrap(&mut wrapped, right, indent);
    out.push_str(&line);
    out.push_str(wrapped.trim_start());
    if wrapped.trim().is_empty() {
        out.push('\n');
    }
}

/// Breaks `text` at blanks so that lines with their indent fit in [`WIDTH`].
fn wrap(out: &mut String, text: &str, indent: usize) {
    for paragraph in text.split('\n') {
        let mut used = 0;
        for word in paragraph.split_whitespace() {
            let len = word.chars().count();
            if used == 0 {
                out.push_str(&" ".repeat(indent));
                used = indent;
            } else if used + 1 + len > WIDTH {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                used = indent;
            } else {
                out.push(' ');
                used += 1;
            }
            out.push_str(word);
            used += len;
        }
        out.push('\n');
    }
}
