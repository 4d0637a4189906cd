//! The manual's list of commands as roff, made from the table.

/// The list of commands for `baton.1`.
#[must_use]
pub fn commands_roff() -> String {
    String::new()
}
