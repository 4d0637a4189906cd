//! Whether a full-screen client can run here: a terminal on both ends, one that can move its cursor, and not inside a pane of our own.

use std::io::IsTerminal;

use super::failure::{Exit, Failure};
use super::paths::PANE_VARIABLE;

/// Refuses where a full-screen client makes no sense.
///
/// # Errors
/// [`Exit::Refused`] with what to do instead.
pub fn check() -> Result<(), Failure> {
    if let Ok(pane) = std::env::var(PANE_VARIABLE)
        && !pane.is_empty()
    {
        return Err(nested(&pane));
    }
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(Failure::new(Exit::Refused, "no_terminal", "standard input and output are not a terminal")
            .with_hint("`baton new -d` makes a session without one; `baton send` and `baton read` steer it"));
    }
    terminal_type(std::env::var("TERM").ok().as_deref())
}

fn nested(pane: &str) -> Failure {
    Failure::new(
        Exit::Refused,
        "nested",
        format!("this is already pane {pane} of baton, and a terminal in a terminal in itself helps nobody"),
    )
    .with_hint(
        "the prefix key and `s` switch sessions; `baton new -d` makes one in the background; `env -u BATON_PANE baton` nests all the same",
    )
}

/// Refuses terminals that cannot place their cursor.
///
/// # Errors
/// [`Exit::Refused`].
fn terminal_type(term: Option<&str>) -> Result<(), Failure> {
    let hint = "set TERM to what your terminal is, such as `TERM=xterm-256color baton`; `baton doctor` says more";
    match term {
        None | Some("") => {
            Err(Failure::new(Exit::Refused, "no_terminal", "TERM is not set: the terminal's abilities are unknown").with_hint(hint))
        }
        Some(name @ ("dumb" | "unknown")) => {
            Err(Failure::new(Exit::Refused, "no_terminal", format!("a terminal of type `{name}` cannot show full-screen programs"))
                .with_hint(hint))
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_without_a_cursor_are_refused() {
        assert!(terminal_type(Some("xterm-256color")).is_ok());
        for term in [None, Some(""), Some("dumb"), Some("unknown")] {
            assert_eq!(terminal_type(term).unwrap_err().code, "no_terminal", "{term:?}");
        }
    }
}
