//! `baton`, `attach` and `new`: this terminal becomes a client.

use std::path::Path;

use crate::config::Config;
use crate::geometry::Size;
use crate::protocol::message::{Attach, ClientKind, NewSession};
use crate::tui;

use super::failure::{Exit, Failure};
use super::output::print;
use super::paths::{Paths, environment};
use super::{Context, connect, request, start, terminal};

/// Attaches to a session; with `create` makes one if there is none.
///
/// # Errors
/// No terminal, no server, no such session.
pub fn attach(context: &Context, target: Option<String>, create: bool, read_only: bool, detach_others: bool) -> Result<Exit, Failure> {
    terminal::check()?;
    let paths = context.paths()?;
    let session = create.then(NewSession::default).map(|mut session| request::session_here(&mut session).map(|()| session)).transpose()?;
    let attach = Attach { target, create: session, read_only, detach_others, ..blank() };
    full_screen(context, &paths, attach)
}

/// Makes a session and attaches to it; with `attach` attaches to the one of that name if there is one.
///
/// # Errors
/// No terminal, or a session of that name exists.
pub fn new(context: &Context, mut session: NewSession, attach: bool, detach_others: bool) -> Result<Exit, Failure> {
    terminal::check()?;
    let paths = context.paths()?;
    request::session_here(&mut session)?;
    let target = if attach { session.name.clone() } else { None };
    // Without a name there is none to attach to.
    let create_only = target.is_none();
    full_screen(context, &paths, Attach { target, create: Some(session), detach_others, create_only, ..blank() })
}

fn blank() -> Attach {
    Attach {
        viewport: Size::new(80, 24),
        target: None,
        create: None,
        read_only: false,
        detach_others: false,
        environment: environment(),
        view: None,
        create_only: false,
    }
}

fn full_screen(context: &Context, paths: &Paths, attach: Attach) -> Result<Exit, Failure> {
    let connected = match connect::connect(paths) {
        // Only what makes something starts a server: `attach` where nothing runs is a mistake to be told.
        Err(failure) if failure.exit == Exit::NoServer && attach.create.is_some() => Err(start::keeper(paths)?),
        other => Ok(other?),
    };
    let file = super::config::file(context).ok();
    let reload = move || configuration(file.as_deref());
    // While a new keeper and its server come up.
    let (config, warnings) = reload();
    let socket = match connected {
        Ok(socket) => socket,
        Err(starting) => {
            starting.wait()?;
            connect::connect(paths)?
        }
    };
    let options = tui::Options {
        path: paths.socket().to_owned(),
        socket,
        hello: connect::hello(ClientKind::Tui, paths),
        attach,
        user: crate::platform::user_name(),
        config,
        warnings,
        reload: Box::new(reload),
        look_after: Box::new(connect::look_after(paths)),
    };
    match tui::run(options) {
        Ok(end) => {
            print(&format!("{end}\n"))?;
            Ok(if matches!(end, tui::Exit::Signal(_)) { Exit::Refused } else { Exit::Done })
        }
        Err(tui::Error::Refused(refusal)) => Err(refusal.into()),
        Err(error @ tui::Error::Anew(_)) => {
            Err(Failure::new(Exit::NoServer, "no_server", error.to_string())
                .with_hint("`baton` attaches to it, `baton ls` shows what it has"))
        }
        Err(error @ tui::Error::Gone(_)) => {
            Err(Failure::new(Exit::NoServer, "no_server", error.to_string()).with_hint("`baton` starts anew"))
        }
        Err(error) => Err(Failure::new(Exit::Refused, "failed", error.to_string()).with_hint("`baton doctor` looks at this terminal")),
    }
}

/// The user's configuration over the defaults, and what is wrong in it. No file is no trouble.
fn configuration(file: Option<&Path>) -> (Config, Vec<String>) {
    let Some(path) = file else { return read("", "") };
    let name = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => read(&String::from_utf8_lossy(&bytes), &name),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => read("", &name),
        Err(error) => {
            let (config, _) = read("", &name);
            (config, vec![format!("{name}: {error}")])
        }
    }
}

fn read(text: &str, name: &str) -> (Config, Vec<String>) {
    let (config, warnings) = crate::config::parse(text, name);
    (config, warnings.iter().map(super::config::text).collect())
}
