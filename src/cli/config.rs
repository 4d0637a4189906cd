//! `baton config default|check|path`.

use crate::command::ConfigAction;

use super::Context;
use super::failure::{Exit, Failure};
use super::output::print;
use super::paths;

/// Does it.
///
/// # Errors
/// A file that cannot be read.
pub fn run(context: &Context, action: &ConfigAction) -> Result<Exit, Failure> {
    match action {
        ConfigAction::Path => {
            let path = context.config_file().ok_or_else(|| Failure::new(Exit::Refused, "failed", "there is no home to look in"))?;
            print(&format!("{}\n", path.display()))?;
            Ok(Exit::Done)
        }
        ConfigAction::Default | ConfigAction::Check(_) => Err(Failure::new(Exit::Refused, "failed", "not built yet")),
    }
}

impl Context {
    /// The configuration file of this invocation.
    pub(crate) fn config_file(&self) -> Option<std::path::PathBuf> {
        self.config.clone().map(Into::into).or_else(paths::config_file)
    }
}

/// What there is to say about the user's file: a line each, and whether it is fine.
pub(super) fn findings(context: &Context) -> Vec<(String, bool)> {
    match context.config_file() {
        Some(path) if path.exists() => vec![(path.display().to_string(), true)],
        Some(path) => vec![(format!("{} is not there: defaults", path.display()), true)],
        None => Vec::new(),
    }
}
