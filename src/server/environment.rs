//! What a new program is given: environment and command line. Pure.
//!
//! The environment is the keeper's (which is that of the client that started it), over it what the session and the request say, over that what baton
//! itself says. What belongs to another multiplexer or to another pane is left out.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use crate::ids::PaneId;

/// Names and values, as the keeper takes them.
pub(super) type Environment = Vec<(Vec<u8>, Vec<u8>)>;

/// What baton says to each program.
#[derive(Debug)]
pub(super) struct Own<'a> {
    pub(super) pane: PaneId,
    pub(super) session: &'a str,
    pub(super) socket: &'a Path,
    pub(super) terminal: &'a str,
    pub(super) shell: Option<&'a str>,
    pub(super) token: Option<&'a str>,
}

/// The environment of a program in a pane.
pub(super) fn for_pane(
    base: impl Iterator<Item = (OsString, OsString)>,
    changes: &BTreeMap<String, Option<String>>,
    own: &Own<'_>,
) -> Environment {
    let mut env: BTreeMap<Vec<u8>, Vec<u8>> =
        base.map(|(name, value)| (name.into_vec(), value.into_vec())).filter(|(name, _)| !is_foreign(name)).collect();
    for (name, value) in changes {
        if is_foreign(name.as_bytes()) {
            continue;
        }
        match value {
            Some(value) => _ = env.insert(name.clone().into_bytes(), value.clone().into_bytes()),
            None => _ = env.remove(name.as_bytes()),
        }
    }
    let mut set = |name: &str, value: &str| _ = env.insert(name.as_bytes().to_vec(), value.as_bytes().to_vec());
    set("TERM", own.terminal);
    set("COLORTERM", "truecolor");
    set("TERM_PROGRAM", "baton");
    set("TERM_PROGRAM_VERSION", env!("CARGO_PKG_VERSION"));
    set("BATON_SOCKET", &own.socket.to_string_lossy());
    set("BATON_PANE", &own.pane.to_string());
    set("BATON_SESSION", own.session);
    if let Some(shell) = own.shell {
        set("SHELL", shell);
    }
    if let Some(token) = own.token {
        set("BATON_TOKEN", token);
    }
    // A NUL cannot be handed to a program; such a variable is left out rather than the program not started.
    env.into_iter().filter(|(name, value)| !name.contains(&0) && !value.contains(&0)).collect()
}

/// Variables that speak of another pane, another multiplexer, or the outer terminal's size.
fn is_foreign(name: &[u8]) -> bool {
    name.starts_with(b"BATON_") || matches!(name, b"TMUX" | b"TMUX_PANE" | b"STY" | b"WINDOW" | b"LINES" | b"COLUMNS" | b"")
}

/// A command as it is given to the keeper: none is the shell (which the keeper starts as a login shell when it is given nothing), one word is a line for
/// the shell, several are a program and its arguments.
pub(super) fn command_line(command: &[String], env: &Environment, login_shell: bool, account_shell: Option<&[u8]>) -> Vec<Vec<u8>> {
    let shell = || {
        let named = env.iter().find(|(name, _)| name == b"SHELL").map(|(_, value)| value.as_slice());
        let known = [named, account_shell].into_iter().flatten().find(|shell| shell.starts_with(b"/"));
        known.unwrap_or(b"/bin/sh").to_vec()
    };
    match command {
        [] if !login_shell => vec![shell()],
        [line] => vec![shell(), b"-c".to_vec(), line.clone().into_bytes()],
        command => command.iter().map(|word| word.clone().into_bytes()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(base: &[(&str, &str)], changes: &[(&str, Option<&str>)]) -> BTreeMap<String, String> {
        let base = base.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let changes = changes.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
        let own = Own {
            pane: PaneId(7),
            session: "work",
            socket: Path::new("/run/x/baton.sock"),
            terminal: "screen-256color",
            shell: None,
            token: Some("t"),
        };
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        for_pane(base, &changes, &own).into_iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn programs_get_the_session_and_not_the_neighbour() {
        let env = env(
            &[
                ("HOME", "/h"),
                ("TMUX", "/tmp/x,1,2"),
                ("TMUX_PANE", "%9"),
                ("BATON_PANE", "%3"),
                ("DISPLAY", ":0"),
                ("TERM", "xterm"),
                ("COLUMNS", "80"),
            ],
            &[("DISPLAY", None), ("EDITOR", Some("vi")), ("BATON_TOKEN", Some("forged"))],
        );
        assert_eq!(env["HOME"], "/h");
        assert_eq!(env["TERM"], "screen-256color");
        assert_eq!(env["EDITOR"], "vi");
        assert_eq!(env["BATON_PANE"], "%7");
        assert_eq!(env["BATON_TOKEN"], "t");
        for gone in ["TMUX", "TMUX_PANE", "DISPLAY", "COLUMNS"] {
            assert!(!env.contains_key(gone), "{gone} was handed on");
        }
    }

    #[test]
    fn one_word_is_a_line_for_the_shell() {
        let shell = vec![(b"SHELL".to_vec(), b"/bin/zsh".to_vec())];
        let line = |command: &[&str]| {
            let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
            command_line(&command, &shell, true, None).into_iter().map(|word| String::from_utf8(word).unwrap()).collect::<Vec<_>>()
        };
        assert!(line(&[]).is_empty());
        assert_eq!(line(&["ls | wc"]), ["/bin/zsh", "-c", "ls | wc"]);
        assert_eq!(line(&["ls", "a b"]), ["ls", "a b"]);
        assert_eq!(command_line(&["x".to_owned()], &Vec::new(), true, None)[0], b"/bin/sh");
        assert_eq!(command_line(&["x".to_owned()], &Vec::new(), true, Some(b"/bin/ksh"))[0], b"/bin/ksh");
    }

    #[test]
    fn a_shell_that_is_no_login_shell_is_named() {
        let shell = vec![(b"SHELL".to_vec(), b"/bin/zsh".to_vec())];
        assert_eq!(command_line(&[], &shell, false, None), [b"/bin/zsh"]);
        assert_eq!(command_line(&[], &Vec::new(), false, Some(b"/bin/ksh")), [b"/bin/ksh"]);
        assert!(command_line(&[], &shell, true, None).is_empty());
    }
}
