//! `baton doctor`: what is wrong on this machine, and how to mend it.
//!
//! Each check looks at one thing and gives findings: fine, worth knowing, or to be mended, the latter with what to do. Nothing is changed, no server is started. The
//! checks are in files by what they look at: `terminal` (this terminal), `places` (folders and sockets), `server` (keeper, server, configuration),
//! `machine` (logging out, kernel, limits).
//!
//! Exit code 1 when something needs mending. `--json`: `{"ok":…,"findings":[{"check":…,"level":…,"message":…,"fix":…}]}`.

use serde::Serialize;

use super::Context;
use super::failure::{Exit, Failure, one_line};
use super::output::{print, print_json};

mod machine;
mod places;
mod server;
mod terminal;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Fine,
    /// Works, but something is lost.
    Note,
    /// To be mended.
    Mend,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check's name: one word for programs.
    pub check: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What is so.
    pub message: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Finding {
    fn fine(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, level: Level::Fine, message: message.into(), fix: None }
    }

    fn note(check: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, level: Level::Note, message: message.into(), fix: Some(fix.into()) }
    }

    fn mend(check: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { check, level: Level::Mend, message: message.into(), fix: Some(fix.into()) }
    }
}

#[derive(Serialize)]
struct Findings {
    ok: bool,
    findings: Vec<Finding>,
}

/// Looks, and says.
///
/// # Errors
/// When the answer cannot be written.
pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let mut findings = terminal::check(&terminal::Facts::gather());
    findings.extend(places::check(context));
    findings.extend(server::check(context));
    findings.extend(machine::check(&machine::Facts::gather()));
    let ok = findings.iter().all(|finding| finding.level != Level::Mend);
    if context.json {
        print_json(&Findings { ok, findings })?;
    } else {
        print(&text(&findings))?;
    }
    Ok(if ok { Exit::Done } else { Exit::Refused })
}

fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let mark = match finding.level {
            Level::Fine => "ok  ",
            Level::Note => "note",
            Level::Mend => "MEND",
        };
        text.push_str(&format!("{mark}  {:<9} {}\n", finding.check, one_line(&finding.message)));
        for line in finding.fix.iter().flat_map(|fix| fix.lines()) {
            text.push_str(&format!("{:>16}→ {}\n", "", one_line(line)));
        }
    }
    match findings.iter().filter(|finding| finding.level == Level::Mend).count() {
        0 => text.push_str("nothing needs mending\n"),
        1 => text.push_str("one thing needs mending\n"),
        many => text.push_str(&format!("{many} things need mending\n")),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_that_needs_mending_says_how() {
        let findings = [Finding::fine("a", "x"), Finding::mend("term", "bad\x1b[2J", "do this\nthen that")];
        let text = text(&findings);
        assert!(text.contains("MEND  term      bad\u{fffd}[2J\n"), "{text}");
        assert!(text.contains("→ then that\n") && text.ends_with("one thing needs mending\n"), "{text}");
    }
}
