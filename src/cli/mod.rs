//! The command line: where the parts are joined.
//!
//! [`main`] reads the words by the one table of commands (`command`), finds the instance that is meant ([`paths`]), and does what the words say: most commands are one
//! request to the server (`request`); the rest have a file each. A full-screen client is handed to `tui`. Whatever goes wrong becomes one line, a
//! hint and an exit code ([`failure`]).
//!
//! Start time is part of the product: nothing here reads the configuration, starts a runtime or touches more memory than the command needs. The hidden
//! commands `keeper` and `server` do not even come here: `main.rs` sends them on first thing.
//!
//! Printing is allowed in this room and in no other.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::command::{self, CliCommand, Command, Invocation, Place};
use crate::protocol::message::Reply;

pub mod connect;
pub mod doctor;
pub mod failure;
pub mod output;
pub mod paths;
pub mod start;

mod attach;
mod config;
mod control;
mod history;
mod identity;
mod layout;
mod ls;
mod request;
mod terminal;
mod upgrade;

use failure::{Exit, Failure};
use output::{complain, print};
use paths::{Choice, Paths};

/// `baton ARGS`, the program's name not among them.
#[must_use]
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut words = Vec::new();
    for arg in args {
        match arg.into_string() {
            Ok(word) => words.push(word),
            Err(arg) => {
                let failure = Failure::new(Exit::Usage, "usage", format!("an argument is not UTF-8: {}", arg.to_string_lossy()));
                complain(&failure, false);
                return failure.exit.into();
            }
        }
    }
    let (outcome, json) = match command::parse_cli(&words) {
        Ok(invocation) => (run(&invocation, &words), invocation.json),
        // Which of the words after an unknown command belong to it cannot be told; whoever wrote `--json` reads JSON.
        Err(error) => (Err(error.into()), words.iter().any(|word| word == "--json")),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            complain(&failure, json);
            failure.exit.into()
        }
    }
}

fn run(invocation: &Invocation, words: &[String]) -> Result<Exit, Failure> {
    let globals = &invocation.globals;
    if let Some(file) = &globals.config {
        config::begin_again(file, words)?;
    }
    let choice = Choice { name: globals.server_name.clone(), path: globals.socket.clone().map(Into::into) };
    let context = Context { choice, config: globals.config.clone(), json: invocation.json };
    context.command(&invocation.command)
}

/// What all commands of one invocation share.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// Which instance is meant.
    pub choice: Choice,
    /// `-f`.
    pub config: Option<String>,
    /// `--json`.
    pub json: bool,
}

impl Context {
    fn paths(&self) -> Result<Paths, Failure> {
        Paths::find(&self.choice)
    }

    fn command(&self, command: &Command) -> Result<Exit, Failure> {
        match command {
            Command::Request(request) => request::run(&self.paths()?, request.clone(), self.json).map(|()| Exit::Done),
            Command::Cli(command) => self.own(command),
            Command::Sequence(commands) => commands.iter().try_fold(Exit::Done, |_, command| self.command(command)),
            // The table makes none of these for words from a shell.
            Command::View(_) => Err(Failure::new(Exit::Usage, "usage", "this works only inside a full-screen client")),
        }
    }

    fn own(&self, command: &CliCommand) -> Result<Exit, Failure> {
        let json = self.json;
        match command {
            CliCommand::Help(spec) => {
                let text = spec.map_or_else(|| command::help::overview(Place::Shell), |spec| command::help::command(spec, Place::Shell));
                print(&text)?;
            }
            CliCommand::Version => print(&format!("baton {}\n", env!("CARGO_PKG_VERSION")))?,
            CliCommand::Attach { target, create, read_only, detach_others } => {
                return attach::attach(self, target.clone(), *create, *read_only, *detach_others);
            }
            CliCommand::New { session, attach, detach_others } => return attach::new(self, session.clone(), *attach, *detach_others),
            CliCommand::List(what) => ls::run(&self.paths()?, what, json)?,
            CliCommand::Has(target) => ls::has(&self.paths()?, target)?,
            CliCommand::LayoutSave { target, file } => layout::save(&self.paths()?, target.clone(), file.as_deref(), json)?,
            CliCommand::LayoutLoad { file, name } => layout::load(self, &self.paths()?, file, name.clone(), json)?,
            CliCommand::Upgrade { binary } => upgrade::run(&self.paths()?, binary.as_deref(), json)?,
            CliCommand::Approve { target, proposal, deny, reason, digest, yes } => {
                let (target, reason, digest) = (target.as_deref(), reason.as_deref(), digest.as_deref());
                let approve = control::Approve { target, proposal: *proposal, deny: *deny, reason, digest, yes: *yes };
                control::approve(&self.paths()?, &approve, json)?;
            }
            CliCommand::Journal { target, query } => history::run(&self.paths()?, target.as_deref(), query, json)?,
            CliCommand::As { identity, rights, panes, ttl_ms, command } => {
                let wanted = identity::Wanted { identity, rights: rights.as_deref(), panes, ttl_ms: *ttl_ms };
                return identity::become_other(&self.paths()?, &wanted, command);
            }
            CliCommand::Token { identity, rights, panes, ttl_ms } => {
                let wanted = identity::Wanted { identity, rights: rights.as_deref(), panes, ttl_ms: *ttl_ms };
                identity::token(&self.paths()?, &wanted, json)?;
            }
            CliCommand::Doctor => return doctor::run(self),
            CliCommand::Completions(shell) => print(&command::shells::script(*shell))?,
            CliCommand::Config(action) => return config::run(self, action),
        }
        Ok(Exit::Done)
    }
}

/// An answer of a kind that this request has not.
fn unexpected(reply: &Reply) -> Failure {
    let kind = match reply {
        Reply::Refused(refusal) => return refusal.clone().into(),
        Reply::Done(_) => "done",
        Reply::Text(_) => "text",
        Reply::Tree(_) => "tree",
        Reply::Status(_) => "status",
        Reply::Roster(_) => "roster",
        Reply::Lines(_) => "lines",
        Reply::Matches(_) => "matches",
        Reply::Buffers(_) => "buffers",
        Reply::Tombstones(_) => "tombstones",
        Reply::PaneText(_) => "pane text",
        Reply::Control(_) => "control",
        Reply::Journal(..) => "journal",
        Reply::Token(_) => "token",
        Reply::WhoAmI(_) => "who am I",
    };
    Failure::new(Exit::Refused, "version", format!("the server answered with something else: {kind}"))
        .with_hint("client and server may be of different releases: `baton upgrade` brings the server to this one")
}
