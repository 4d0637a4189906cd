//! `baton layout save` and `layout load`: a session's windows and splits as a text in a file.
//!
//! What is loaded is named as a file or by name. A name that is no file is looked for as `layouts/NAME.toml` beside the user's configuration, then among the
//! examples that baton brings along (`config/layouts/`).

use std::fs::File;
use std::io::Read;

use crate::protocol::limits::CLIENT_FRAME_MAX_BYTES;
use crate::protocol::message::{Reply, Request};

use super::connect::Link;
use super::failure::{Exit, Failure};
use super::output::{print, print_json};
use super::paths::Paths;
use super::{Context, request, unexpected};

/// The layouts that baton brings along.
const EXAMPLES: &[(&str, &str)] = &[
    ("dev", include_str!("../../config/layouts/dev.toml")),
    ("grid", include_str!("../../config/layouts/grid.toml")),
    ("watch", include_str!("../../config/layouts/watch.toml")),
];

/// Writes a session's layout to a file, or to standard output.
///
/// # Errors
/// No such session, or the file cannot be written.
pub fn save(paths: &Paths, target: Option<String>, file: Option<&str>, json: bool) -> Result<(), Failure> {
    let text = match Link::open(paths)?.ask(paths, &Request::SaveLayout { target })? {
        Reply::Text(text) => text,
        other => return Err(unexpected(&other)),
    };
    match file {
        Some(path) if path != "-" => {
            // Whole or not at all: a full disk must not cost the layout that was there.
            let beside = format!("{path}.new");
            std::fs::write(&beside, &text).and_then(|()| std::fs::rename(&beside, path)).map_err(|error| {
                _ = std::fs::remove_file(&beside);
                Failure::system(path, &error)
            })
        }
        _ if json => print_json(&serde_json::json!({ "text": text })),
        _ => print(&text),
    }
}

/// Makes a session of a layout: a file, standard input, or one known by name.
///
/// # Errors
/// There is none of that name, it cannot be read, is too large, or is no layout.
pub fn load(context: &Context, paths: &Paths, file: &str, name: Option<String>, json: bool) -> Result<(), Failure> {
    let text = if file == "-" { read(file, std::io::stdin().lock())? } else { find(context, file)? };
    request::run(paths, Request::LoadLayout { text, name }, json)
}

fn read(name: &str, from: impl Read) -> Result<String, Failure> {
    let most = CLIENT_FRAME_MAX_BYTES as u64;
    let mut bytes = Vec::new();
    from.take(most).read_to_end(&mut bytes).map_err(|error| Failure::system(name, &error))?;
    if bytes.len() as u64 >= most {
        return Err(Failure::new(Exit::Refused, "too_large", format!("{name} is too large for a layout")));
    }
    String::from_utf8(bytes).map_err(|_| Failure::new(Exit::Refused, "bad_request", format!("{name} is not text")))
}

fn find(context: &Context, file: &str) -> Result<String, Failure> {
    let open = |path: &std::path::Path| File::open(path).and_then(|file| file.metadata().map(|about| (file, about.is_dir())));
    let error = match open(file.as_ref()) {
        Ok((found, false)) => return read(file, found),
        Ok((_, true)) => std::io::ErrorKind::IsADirectory.into(),
        Err(error) => error,
    };
    if file.contains('/') {
        return Err(Failure::system(file, &error));
    }
    let folder = super::config::file(context).ok().and_then(|config| Some(config.parent()?.join("layouts")));
    let own = folder.as_ref().map(|folder| folder.join(format!("{file}.toml")));
    if let Some((path, Ok((found, false)))) = own.map(|path| (path.display().to_string(), open(&path))) {
        return read(&path, found);
    }
    if let Some((_, text)) = EXAMPLES.iter().find(|(name, _)| *name == file) {
        return Ok((*text).to_owned());
    }
    let known: Vec<&str> = EXAMPLES.iter().map(|(name, _)| *name).collect();
    let own = folder.map_or_else(String::new, |folder| format!(", and of your own in {}", folder.display()));
    Err(Failure::new(Exit::NoTarget, "no_such_target", format!("no layout is called {file}, and there is no such file"))
        .with_hint(format!("there are {}{own}; `baton layout save FILE` writes one", known.join(", "))))
}
