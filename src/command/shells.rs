//! Completion scripts for shells, made from the table.

use super::action::Shell;

/// The script for `shell`.
#[must_use]
pub fn script(shell: Shell) -> String {
    let _ = shell;
    String::new()
}
