//! A day with it: attach, split, detach, close the terminal, come back, look at different windows, small terminals, layouts, text.

use crate::panes::session_with_probe;
use crate::support::env::list;
use crate::support::{Env, Probe, Screen};

fn prompt(screen: &Screen) -> bool {
    screen.has("ready>")
}

/// The story that everything else stands on.
#[test]
fn split_detach_close_the_terminal_kill_the_server_and_go_on_typing() {
    let env = Env::new();
    let mut terminal = env.terminal(&[]);
    terminal.wait_until("the shell is ready", prompt);
    terminal.type_line("echo one-$((40+2))");
    terminal.wait_until("the first command's answer is there", |screen| screen.has("one-42"));
    terminal.prefix("%");
    let split = terminal.wait_until("two shells stand side by side", |screen| {
        screen.rows.iter().any(|row| row.matches("ready>").count() >= 2) || screen.count("ready>") >= 3
    });
    assert!(split.body().iter().filter(|row| row.contains('│')).count() >= 20, "a divider of one column:\n{split}");
    terminal.type_line("echo two-$((40+3))");
    terminal.wait_until("the second pane answers", |screen| screen.has("two-43"));
    terminal.prefix("d");
    let (code, screen) = terminal.wait_end("detaching ends the client");
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.alternate && screen.cursor.is_some(), "the terminal is as it was: {screen}");
    assert!(screen.modes.iter().all(|mode| matches!(mode, 7 | 25)), "no mode is left behind: {screen}");
    assert_eq!(terminal.termios(), terminal.fresh_termios);
    assert_eq!(env.panes().len(), 2);

    let again = env.terminal(&["attach"]);
    again.wait_until("both panes are as they were", |screen| screen.has("one-42") && screen.has("two-43"));
    again.hang_up();
    env.wait_attached(0);

    let mut third = env.terminal_of(100, 30, &["attach"]);
    third.wait_until("both panes are as they were", |screen| screen.has("one-42") && screen.has("two-43"));
    env.kill_server();
    third.type_line("echo three-$((40+4))");
    let screen = third.wait_until("typing goes on after the server was killed", |screen| screen.has("three-44"));
    assert!(screen.has("one-42") && screen.has("two-43"), "{screen}");
    assert_eq!(screen.count("echo three-"), 1, "typed once:\n{screen}");
}

/// `baton` alone attaches to what is there, to the window and pane that were looked at last.
#[test]
fn who_comes_back_is_where_they_were() {
    let env = Env::new();
    let two = |screen: &Screen| screen.rows.iter().any(|row| row.matches("ready>").count() == 2);
    let mut terminal = env.terminal(&[]);
    terminal.wait_until("the shell is ready", prompt);
    terminal.prefix("%");
    terminal.wait_until("two shells stand side by side", two);
    terminal.prefix("c");
    terminal.wait_until("a window of its own", |screen| prompt(screen) && !two(screen));
    terminal.prefix("0");
    terminal.wait_until("the first window again", two);
    terminal.prefix("o");
    terminal.type_line("echo left-$((40+2))");
    terminal.wait_until("the left pane answers", |screen| screen.has("left-42"));
    terminal.prefix("d");
    terminal.wait_end("detaching ends the client");
    let mut again = env.terminal(&[]);
    again.wait_until("the first window is shown", |screen| screen.has("left-42"));
    again.type_line("echo again-$((40+3))");
    again.wait_until("the left pane has the focus", |screen| screen.body().iter().any(|row| row.starts_with("again-43")));
    assert_eq!(list(&env.json(&["ls", "--json"])["sessions"]).len(), 1, "no second session was made");
}

/// A program that prints nothing is known as well, and so is what ran when the server was killed.
#[test]
fn panes_and_windows_are_called_after_what_runs_in_them() {
    let env = Env::new();
    let mut terminal = env.terminal(&[]);
    terminal.wait_until("the shell is ready", prompt);
    terminal.type_line("sleep 1000");
    terminal.wait_until("the window is called after it", |screen| screen.rows.last().is_some_and(|row| row.contains("0:sleep*")));
    terminal.prefix("%");
    let title = |screen: &Screen| screen.rows.first().is_some_and(|row| row.contains("0 sleep"));
    terminal.wait_until("so is the pane", |screen| title(screen) && screen.rows.iter().any(|row| row.matches("ready>").count() == 2));
    env.kill_server();
    env.wait_attached(1);
    terminal.type_line("echo on-$((40+2))");
    terminal.wait_until("it is after the server's death", |screen| screen.has("on-42") && title(screen));
}

#[test]
fn exit_of_the_last_shell_ends_the_client() {
    let env = Env::new();
    let mut terminal = env.terminal(&["new", "-s", "x"]);
    terminal.wait_until("the shell is ready", prompt);
    terminal.type_line("exit");
    let (code, screen) = terminal.wait_end("the session is over");
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.alternate, "{screen}");
}

#[test]
fn two_clients_look_at_different_windows_of_one_session() {
    let env = Env::new();
    let mut left = env.terminal(&["new", "-s", "w"]);
    left.wait_until("the shell is ready", prompt);
    left.type_line("echo in-window-$((0))");
    left.wait_until("its answer is there", |screen| screen.has("in-window-0"));
    let mut right = env.terminal(&["attach", "-t", "w"]);
    right.wait_until("the same window is shown", |screen| screen.has("in-window-0"));
    right.prefix("c");
    right.wait_until("a window of its own", |screen| prompt(screen) && !screen.has("in-window-0"));
    right.type_line("echo in-window-$((1))");
    right.wait_until("its answer is there", |screen| screen.has("in-window-1"));
    left.type_line("echo left-$((1+1))");
    let screen = left.wait_until("the first client stays where it was", |screen| screen.has("left-2"));
    assert!(screen.has("in-window-0") && !screen.has("in-window-1"), "{screen}");
    assert!(!right.screen().has("left-2"));
    left.prefix("n");
    left.wait_until("it goes when it wants to", |screen| screen.has("in-window-1"));
}

#[test]
fn resizing_the_terminal_resizes_the_panes() {
    let env = Env::new();
    let mut terminal = env.terminal(&["new", "-s", "w"]);
    terminal.wait_until("the shell is ready", prompt);
    terminal.type_line("stty size");
    terminal.wait_until("a status line takes one row", |screen| screen.has("23 80"));
    for (cols, rows) in [(120, 40), (20, 5), (200, 60), (81, 25)] {
        terminal.resize(cols, rows);
        let pane = format!("{}x{}", cols, rows - 1);
        env.wait_json("the pane has the new size", &["list-panes"], |value| value["panes"][0]["size"] == pane.as_str());
    }
    terminal.type_line("clear; stty size");
    terminal.wait_until("the program knows", |screen| screen.has("24 81"));
}

#[test]
fn a_terminal_of_20x5_is_of_use() {
    let env = Env::new();
    let mut terminal = env.terminal_of(20, 5, &["new", "-s", "tiny"]);
    terminal.wait_until("the shell is ready", prompt);
    terminal.prefix("%");
    terminal.wait_until("two panes stand side by side", |screen| screen.body().iter().any(|row| row.contains('│')));
    terminal.prefix("\"");
    terminal.wait_until("three panes are there, and the new one has the focus", |screen| {
        screen.body().iter().any(|row| row.contains('├') || row.contains('┤')) && screen.cursor.is_some_and(|(_, row)| row == 3)
    });
    terminal.prefix("z");
    terminal.wait_until("one pane has it all", |screen| !screen.body().iter().any(|row| row.contains('│')));
    terminal.type_line("clear; echo ti-$((3+4))");
    terminal.wait_until("it answers", |screen| screen.has("ti-7"));
    for (cols, rows) in [(3, 2), (1, 1), (20, 5)] {
        terminal.resize(cols, rows);
    }
    terminal.type_line("clear; echo to-$((3+5))");
    terminal.wait_until("it answers after having been of one cell", |screen| screen.has("to-8"));
}

#[test]
fn what_is_sent_can_be_read_with_all_its_history() {
    let env = Env::new();
    let pane = env.json(&["new", "-d", "-s", "w"])["pane"].as_str().unwrap().to_owned();
    env.wait_text(&pane, "ready>");
    env.ok(&["send", "-t", &pane, "i=0; while [ $i -lt 500 ]; do echo \"row $i end\"; i=$((i+1)); done", "Enter"]);
    env.wait_text(&pane, "row 499 end");
    let all = env.read_all(&pane);
    let rows: Vec<&str> = all.lines().filter(|line| line.starts_with("row ")).collect();
    assert_eq!(rows.len(), 500, "{all}");
    assert!(rows.iter().enumerate().all(|(n, row)| *row == format!("row {n} end")));
    let some = env.ok(&["read", "-t", &pane, "--lines", "50"]);
    assert!(some.contains("row 499 end") && !some.contains("row 400 end"), "{some}");
    let json = env.json(&["read", "-t", &pane]);
    assert_eq!((&json["untrusted"], &json["pane"]), (&true.into(), &pane.as_str().into()));
    env.kill_server();
    assert_eq!(env.read_all(&pane), all, "history is the same after a restart");
    // A line that was wrapped is one line again.
    let long = "x".repeat(200);
    env.ok(&["send", "-t", &pane, "-l", &format!("echo {long}y\n")]);
    env.wait_text(&pane, &format!("{long}y"));
}

#[test]
fn a_layout_is_saved_and_made_again() {
    let env = Env::new();
    env.ok(&["new", "-d", "-s", "w", "-n", "first"]);
    env.ok(&["split", "-h", "-d", "-t", "w"]);
    env.ok(&["split", "-d", "-t", "w", "-l", "30%"]);
    env.ok(&["window", "-d", "-t", "w", "-n", "second"]);
    let file = env.path("layout").display().to_string();
    env.ok(&["layout", "save", "-t", "w", &file]);
    let saved = std::fs::read_to_string(&file).unwrap();
    assert_eq!(env.ok(&["layout", "save", "-t", "w"]), saved.trim_end_matches('\n'));
    env.ok(&["layout", "load", "-s", "copy", &file]);
    let shape = |name: &str| -> Vec<(String, usize, String)> {
        let tree = env.json(&["ls"]);
        let session = list(&tree["sessions"]).iter().find(|session| session["name"] == name).unwrap().clone();
        // Layouts name panes by id, which are never given twice: the geometry is what must agree.
        let geometry = |layout: &str| layout.chars().filter(|c| !c.is_alphanumeric() || c.is_ascii_digit()).count().to_string();
        list(&session["windows"])
            .iter()
            .map(|window| {
                (window["name"].as_str().unwrap().to_owned(), list(&window["panes"]).len(), geometry(window["size"].as_str().unwrap()))
            })
            .collect()
    };
    assert_eq!(shape("w"), shape("copy"));
    let sizes = |name: &str| -> Vec<serde_json::Value> {
        env.panes().iter().filter(|pane| pane["session"] == name).map(|pane| pane["size"].clone()).collect()
    };
    assert_eq!(sizes("w"), sizes("copy"));
    let outcome = env.run_with(&["layout", "load", "-s", "bad", "-"], b"this is no layout");
    assert!(matches!(outcome.code, 1 | 2), "{outcome:?}");
    assert_eq!(list(&env.json(&["ls"])["sessions"]).len(), 2, "nothing was half made");
}

#[test]
fn exit_codes_tell_what_happened() {
    let env = Env::new();
    env.ok(&["new", "-d", "-s", "w"]);
    env.refused(3, &["send", "-t", "%777", "x"]);
    env.refused(3, &["kill", "window", "-t", "nowhere"]);
    env.refused(3, &["has-session", "-t", "nowhere"]);
    env.refused(1, &["new", "-d", "-s", "w"]);
    env.refused(2, &["split", "-l", "banana"]);
    let outcome = env.run(&["send", "--json", "-t", "%777", "x"]);
    let error: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
    assert_eq!((&error["error"]["code"], &error["error"]["exit_code"]), (&"no_such_target".into(), &3.into()), "{outcome:?}");
    env.ok(&["has-session", "-t", "w"]);
    env.ok(&["kill", "server"]);
    env.refused(5, &["ls"]);
}

#[test]
fn kill_server_ends_everything() {
    let env = Env::new();
    let (mut probe, _) = session_with_probe(&env);
    let terminal = env.terminal(&["attach", "-t", "w"]);
    env.wait_attached(1);
    let keeper = env.keeper_pid();
    env.ok(&["kill", "server"]);
    terminal.wait_end("the server has left");
    // The terminal is gone from under it; this one chooses to live on, which is its right.
    probe.await_event("SIGHUP");
    crate::support::procs::wait_end(keeper, "the keeper is gone");
    assert!(!env.socket().exists(), "no socket is left behind");
    env.ok(&["new", "-d", "-s", "again"]);
    assert_ne!(env.keeper_pid(), keeper);
}

#[test]
fn created_ids_are_printed_and_listed() {
    let env = Env::new();
    let session = env.ok(&["new", "-d", "-s", "w"]);
    let window = env.ok(&["window", "-d", "-t", "w"]);
    let pane = env.ok(&["split", "-d", "-t", "w"]);
    assert!(session.starts_with('$') && window.starts_with('@') && pane.starts_with('%'), "{session} {window} {pane}");
    let tree = env.json(&["ls"]);
    assert_eq!(tree["sessions"][0]["id"], session.as_str());
    for pane in env.panes() {
        for field in ["id", "pid", "command", "cwd", "size"] {
            assert!(!pane[field].is_null(), "{field} of {pane}");
        }
    }
    let info = env.pane(&pane);
    assert_eq!(info["cwd"].as_str().map(std::path::PathBuf::from), env.home().canonicalize().ok());
    assert!(env.ok(&["ls"]).contains("w "));
    for field in ["server_pid", "keeper_pid", "version", "socket", "sessions", "panes"] {
        assert!(!env.status()[field].is_null(), "{field}");
    }
    assert_eq!(env.status()["socket"].as_str(), env.socket().to_str());
}

/// What a program in a pane begins with: its terminal and nothing else, signals as they should be, and where it is.
#[test]
fn nothing_leaks_into_a_pane() {
    let mut env = Env::new();
    env.set("SECRET_TOKEN", Some("visible"));
    let (mut probe, pane) = session_with_probe(&env);
    let report = probe.report();
    let strange: Vec<_> = report
        .fds
        .values()
        .filter(|what| !["/dev/pts", "/dev/null", "socket:", "pipe:", "anon_inode", "/proc"].iter().any(|good| what.starts_with(good)))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert_eq!(report.env["BATON_PANE"], pane.as_str());
    assert_eq!(report.env["BATON_SOCKET"].as_str(), env.socket().to_str());
    let shell = env.json(&[
        "split",
        "-d",
        "-t",
        "w",
        "--",
        "sh",
        "-c",
        "grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd | tr '\\n' ' '; echo; tty; echo done; exec cat",
    ]);
    let shell = shell["pane"].as_str().unwrap();
    env.wait_text(shell, "done");
    let text = env.ok(&["read", "-t", shell]);
    if cfg!(target_os = "linux") {
        // Above 31 are signals that glibc's posix_spawn leaves ignored in whatever it starts; a shell shows the same.
        let set = |name: &str| {
            let row = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in {text}"));
            u64::from_str_radix(row.trim_start_matches(':').trim(), 16).unwrap() & 0x7fff_ffff
        };
        assert_eq!((set("SigBlk"), set("SigIgn")), (0, 0), "{text}");
        assert!(text.lines().any(|line| line.trim_end() == "0 1 2 3"), "descriptors beyond the terminal (3 is of ls itself):\n{text}");
    }
    // Inside a pane, commands speak to the pane's own server and mean the pane's own place.
    env.ok(&["send", "-t", shell, "C-c"]);
}

#[test]
fn a_home_that_cannot_be_written_is_no_obstacle() {
    let mut env = Env::new();
    env.set("HOME", Some("/proc/self"));
    let pane = env.json(&["new", "-d", "-s", "w", "--", "sh", "-c", "echo works; exec cat"])["pane"].as_str().unwrap().to_owned();
    env.wait_text(&pane, "works");
    env.kill_server();
    env.wait_text(&pane, "works");
}

#[test]
fn a_stale_socket_is_replaced_by_the_next_server() {
    let env = Env::new();
    env.refused(5, &["ls"]);
    drop(std::os::unix::net::UnixListener::bind(env.socket()).unwrap());
    env.ok(&["new", "-d", "-s", "w"]);
    assert_eq!(list(&env.json(&["ls"])["sessions"]).len(), 1);
}

#[test]
fn programs_of_all_kinds_run_in_a_window() {
    let env = Env::new();
    let (mut probe, pane) = Probe::start(&env, "wide", &["new", "-d", "-s", "w"]);
    _ = pane;
    let terminal = env.terminal_of(80, 25, &["attach", "-t", "w"]);
    probe.say("\x1b[2J\x1b[H漢字 wide, e\u{301} combining, 👩‍👩‍👧 family\r\n");
    probe.say(&format!("{}|end of a line of 500\r\n", "m".repeat(484)));
    let screen = terminal.wait_until("wide characters and a long line are shown", |screen| screen.has("|end of a line of 500"));
    assert!(screen.has("漢字 wide"), "{screen}");
    assert_eq!(screen.rows.iter().filter(|row| row.starts_with("mmmm")).count(), 7, "{screen}");
    probe.say("\x1b[?1049h\x1b[Halternate");
    terminal.wait_until("the alternate screen is shown", |screen| screen.has("alternate") && !screen.has("漢字"));
    probe.say("\x1b[?1049l");
    terminal.wait_until("and left", |screen| screen.has("漢字 wide") && !screen.has("alternate"));
}
