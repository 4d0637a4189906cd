//! `baton`, `attach` and `new`: this terminal becomes a client.

use crate::geometry::Size;
use crate::protocol::message::{Attach, NewSession};

use super::failure::{Exit, Failure};
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
    full_screen(context, &paths, Attach { target, create: Some(session), detach_others, create_only: !attach, ..blank() })
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

fn full_screen(_context: &Context, paths: &Paths, attach: Attach) -> Result<Exit, Failure> {
    // Only what makes something starts a server: `attach` where nothing runs is a mistake to be told.
    match connect::connect(paths) {
        Ok(_) => {}
        Err(failure) if failure.exit == Exit::NoServer && attach.create.is_some() => start::keeper(paths)?,
        Err(failure) => return Err(failure),
    }
    Err(Failure::new(Exit::Refused, "failed", "the full-screen client is not built yet"))
}
