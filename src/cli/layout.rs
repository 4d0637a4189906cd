//! `baton layout save` and `layout load`: a session's windows and splits as a text in a file.

use std::io::Read;

use crate::protocol::limits::CLIENT_FRAME_MAX_BYTES;
use crate::protocol::message::{Reply, Request};

use super::connect::Link;
use super::failure::{Exit, Failure};
use super::output::{print, print_json};
use super::paths::Paths;
use super::{request, unexpected};

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

/// Makes a session of a layout file, or of standard input.
///
/// # Errors
/// The file cannot be read, is too large, or is no layout.
pub fn load(paths: &Paths, file: &str, name: Option<String>, json: bool) -> Result<(), Failure> {
    let most = CLIENT_FRAME_MAX_BYTES as u64;
    let mut bytes = Vec::new();
    let read = if file == "-" {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::system(file, &error))?;
    if bytes.len() as u64 >= most {
        return Err(Failure::new(Exit::Refused, "too_large", format!("{file} is too large for a layout")));
    }
    let text = String::from_utf8(bytes).map_err(|_| Failure::new(Exit::Refused, "bad_request", format!("{file} is not text")))?;
    request::run(paths, Request::LoadLayout { text, name }, json)
}
