//! The command line where no server runs: help, errors, exit codes, leftovers, folders that are not safe.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::Value;

use crate::support::Env;

#[test]
fn help_and_version_need_nothing() {
    let env = Env::new();
    assert_eq!(env.ok(&["--version"]), format!("baton {}", env!("CARGO_PKG_VERSION")));
    let help = env.ok(&["--help"]);
    for command in ["attach", "new", "split", "send", "read", "doctor"] {
        assert!(help.contains(command), "{command} is not in\n{help}");
        assert!(env.ok(&[command, "--help"]).contains(command));
    }
    for shell in ["bash", "zsh", "fish"] {
        env.ok(&["completions", shell]);
    }
    assert!(!env.root().join("run/baton").exists(), "asking for help makes no folders");
}

#[test]
fn usage_errors_say_what_was_meant_and_exit_with_2() {
    let env = Env::new();
    let outcome = env.refused(2, &["spilt"]);
    assert!(outcome.stderr.contains("`split`"), "{outcome:?}");
    assert!(outcome.stdout.is_empty());
    env.refused(2, &["split", "--nonsense"]);
    env.refused(2, &["kill"]);
    env.refused(2, &["-L", "../x", "ls"]);
    let outcome = env.run(&["split", "--nonsense", "--json"]);
    let error: Value = serde_json::from_str(&outcome.stderr).unwrap();
    assert_eq!((&error["error"]["code"], &error["error"]["exit_code"]), (&"usage".into(), &2.into()), "{outcome:?}");
}

#[test]
fn without_a_server_commands_exit_with_5() {
    let env = Env::new();
    for args in [["ls"], ["status"], ["roster"]] {
        let outcome = env.refused(5, &args);
        assert!(outcome.stderr.contains("hint: "), "{outcome:?}");
    }
    env.refused(5, &["send", "-t", "%1", "x"]);
    env.refused(5, &["kill", "server"]);
    let outcome = env.run(&["ls", "--json"]);
    assert_eq!(outcome.code, 5);
    let error: Value = serde_json::from_str(&outcome.stderr).unwrap();
    assert_eq!(error["error"]["code"], "no_server");
}

#[test]
fn a_socket_nobody_listens_on_is_no_server() {
    let env = Env::new();
    env.refused(5, &["ls"]);
    drop(std::os::unix::net::UnixListener::bind(env.socket()).unwrap());
    assert!(env.socket().exists());
    env.refused(5, &["ls"]);
}

#[test]
fn without_a_terminal_there_is_a_clear_word() {
    let env = Env::new();
    for args in [&[][..], &["attach"], &["new"]] {
        let outcome = env.refused(1, args);
        assert!(outcome.stderr.contains("terminal"), "{outcome:?}");
    }
}

#[test]
fn a_dumb_terminal_is_told_what_to_do() {
    let mut env = Env::new();
    env.set("TERM", Some("dumb"));
    let terminal = env.terminal(&[]);
    let (code, screen) = terminal.wait_end("a dumb terminal is refused");
    assert_eq!(code, 1, "{screen}");
    assert!(screen.has("baton: a terminal of type `dumb`") && screen.has("hint: "), "{screen}");
}

#[test]
fn inside_a_pane_nesting_is_refused_with_what_to_do() {
    let mut env = Env::new();
    env.set("BATON_PANE", Some("%3"));
    for args in [&[][..], &["attach"], &["new"]] {
        let (code, screen) = env.terminal(args).wait_end("nesting is refused");
        assert_eq!(code, 1, "{screen}");
        assert!(screen.has("pane %3") && screen.has("hint: "), "{screen}");
    }
}

/// security.md S1, S3.
#[test]
fn folders_that_are_not_safe_are_refused() {
    let env = Env::new();
    let folder = env.path("run/baton");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let outcome = env.refused(1, &["new", "-d"]);
    assert!(outcome.stderr.contains("0700"), "{outcome:?}");
    fs::remove_dir(&folder).unwrap();
    let elsewhere = env.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o700)).unwrap();
    symlink(&elsewhere, &folder).unwrap();
    let outcome = env.refused(1, &["new", "-d"]);
    assert!(outcome.stderr.contains("link"), "{outcome:?}");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0, "nothing was made behind the link");
    assert_eq!(env.run(&["doctor"]).code, 1);
}

#[test]
fn doctor_finds_what_is_wrong_and_says_how_to_mend_it() {
    let mut env = Env::new();
    env.set("LANG", Some("C"));
    env.set("TERM", Some("dumb"));
    let outcome = env.run(&["doctor", "--json"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    let report = outcome.json();
    assert_eq!(report["ok"], false);
    for check in ["term", "locale"] {
        let finding = report["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == check).unwrap();
        assert_eq!(finding["level"], "mend", "{finding}");
        assert!(finding["fix"].as_str().is_some_and(|fix| fix.contains("export ")), "{finding}");
    }
    env.set("LANG", Some("C.UTF-8"));
    env.set("TERM", Some("xterm-256color"));
    env.set("COLORTERM", Some("truecolor"));
    let (code, screen) = env.terminal_of(100, 40, &["doctor"]).wait_end("doctor is done");
    assert_eq!(code, 0, "{screen}");
    assert!(screen.has("nothing needs mending"), "{screen}");
}
