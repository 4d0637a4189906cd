//! `baton config default|check|path`, and `-f`.
//!
//! A configuration file never stops anything from starting; so `check` is the place that says what is wrong in it, with file, line, column and what was probably
//! meant, and fails if there is anything.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::command::ConfigAction;
use crate::config::{self, Warning};

use super::Context;
use super::failure::{Exit, Failure};
use super::output::{print, print_json};
use super::paths::{self, CONFIG_VARIABLE};

/// Does it.
///
/// # Errors
/// A file that cannot be read.
pub fn run(context: &Context, action: &ConfigAction) -> Result<Exit, Failure> {
    match action {
        ConfigAction::Default => print(config::DEFAULT_TEXT)?,
        ConfigAction::Path => print(&format!("{}\n", file(context)?.display()))?,
        ConfigAction::Check(given) => {
            let path = given.as_ref().map_or_else(|| file(context), |path| Ok(PathBuf::from(path)))?;
            return check(context, &path, given.is_some());
        }
    }
    Ok(Exit::Done)
}

/// The configuration file of this invocation.
pub(super) fn file(context: &Context) -> Result<PathBuf, Failure> {
    let named = context.config.clone().map(PathBuf::from).or_else(paths::config_file);
    named.ok_or_else(|| Failure::new(Exit::Refused, "failed", "there is no home to look in: HOME is not set"))
}

#[derive(Serialize)]
struct Checked<'a> {
    file: String,
    warnings: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    line: usize,
    column: usize,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<&'a str>,
}

fn check(context: &Context, path: &Path, must_exist: bool) -> Result<Exit, Failure> {
    let warnings = match warnings(path) {
        Ok(warnings) => warnings,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => Vec::new(),
        Err(error) => return Err(Failure::system(&path.display().to_string(), &error)),
    };
    if context.json {
        let lines = warnings.iter().map(|warning| Line {
            line: warning.line,
            column: warning.column,
            message: &warning.message,
            suggestion: warning.suggestion.as_deref(),
        });
        print_json(&Checked { file: path.display().to_string(), warnings: lines.collect() })?;
    } else {
        print(&warnings.iter().map(|warning| text(warning) + "\n").collect::<String>())?;
    }
    Ok(if warnings.is_empty() { Exit::Done } else { Exit::Refused })
}

fn warnings(path: &Path) -> std::io::Result<Vec<Warning>> {
    let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
    Ok(config::parse(&text, &path.display().to_string()).1)
}

/// A warning as one line: where, what, and what was probably meant.
pub(super) fn text(warning: &Warning) -> String {
    super::failure::one_line(&warning.to_string())
}

/// What there is to say about the user's file, for `doctor`: a line each, and whether it is fine.
pub(super) fn findings(context: &Context) -> Vec<(String, bool)> {
    let Ok(path) = file(context) else { return Vec::new() };
    match warnings(&path) {
        Ok(warnings) if warnings.is_empty() => vec![(path.display().to_string(), true)],
        Ok(warnings) => warnings.iter().map(|warning| (text(warning), false)).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => vec![(format!("{} is not there: defaults", path.display()), true)],
        Err(error) => vec![(format!("{}: {error}", path.display()), false)],
    }
}

/// `-f FILE`: this program once more with the file in its environment, from which keeper, server and client have it alike.
///
/// # Errors
/// The file is not there, or this program is not.
pub(super) fn begin_again(file: &str, words: &[String]) -> Result<(), Failure> {
    let path = std::path::absolute(file).map_err(|error| Failure::system(file, &error))?;
    if std::env::var_os(CONFIG_VARIABLE).is_some_and(|named| Path::new(&named) == path) {
        return Ok(());
    }
    std::fs::metadata(&path).map_err(|error| Failure::system(file, &error))?;
    let program = crate::platform::program_path().map_err(|error| Failure::system("this program", &error))?;
    Err(Failure::system("this program", &std::process::Command::new(program).arg0("baton").args(words).env(CONFIG_VARIABLE, path).exec()))
}
