//! What one sees and types: zoom from a shell, hung and lost servers, locale, sizes, layouts by name, ends of programs and sessions.

use rustix::process::Signal;

use crate::support::env::list;
use crate::support::{Env, Screen, procs};

fn prompt(screen: &Screen) -> bool {
    screen.has("ready>")
}

fn two(screen: &Screen) -> bool {
    screen.rows.iter().any(|row| row.matches("ready>").count() == 2)
}

#[test]
fn a_shell_zooms_in_the_client_that_looks() {
    let env = Env::new();
    env.ok(&["new", "-d", "-s", "x"]);
    let none = env.refused(1, &["zoom", "-t", "x:0.0"]);
    assert!(none.stderr.contains("no client looks at the window"), "{}", none.stderr);
    let mut terminal = env.terminal(&["attach", "-t", "x"]);
    terminal.wait_until("the shell is ready", prompt);
    env.refused(2, &["zoom", "-t", "x:0.0"]);
    terminal.prefix("%");
    terminal.wait_until("two shells stand side by side", two);
    env.ok(&["zoom", "-t", "x:0.0"]);
    terminal.wait_until("the pane fills the window", |screen| screen.last_row().contains("*Z") && !two(screen));
    terminal.type_line("echo le''ft-$((40+2))");
    terminal.wait_until("it has the focus, too", |screen| screen.has("left-42"));
    env.ok(&["resize", "-Z", "-t", "x:0.0"]);
    terminal.wait_until("all panes are shown again", |screen| screen.has("│"));
    env.refused(3, &["zoom", "-t", "x:0.0", "--client", "a99"]);
}

/// A script, or fast fingers: what comes in one write with the split is typed into the new pane.
#[test]
fn typing_does_not_outrun_the_pane_it_is_meant_for() {
    let env = Env::new();
    let mut terminal = env.terminal(&["new", "-s", "x"]);
    terminal.wait_until("the shell is ready", prompt);
    terminal.type_text("\x02%echo pane-$BATON_PANE\r\x02cecho pane-$BATON_PANE\r");
    terminal.wait_until("the new window's shell ran the second line", |screen| screen.has("pane-%2"));
    env.wait_text("%1", "pane-%1");
    assert!(!env.read_all("%0").contains("pane-%0"), "nothing was typed into the old pane");
}

#[test]
fn a_server_that_hangs_is_told_and_what_was_typed_comes_once() {
    let env = Env::new();
    let mut terminal = env.terminal(&["new", "-s", "x"]);
    terminal.wait_until("the shell is ready", prompt);
    let server = env.server_pid();
    procs::signal(server, Signal::STOP);
    terminal.type_line("echo on-$((40+2))");
    terminal.wait_until("the client says so", |screen| screen.last_row().contains("the server does not answer"));
    procs::signal(server, Signal::CONT);
    let screen = terminal.wait_until("it goes on", |screen| screen.has("on-42") && !screen.last_row().contains("does not answer"));
    assert_eq!(screen.count("echo on-"), 1, "typed once:\n{screen}");
}

#[test]
fn a_new_keeper_is_not_taken_for_the_old_one() {
    let env = Env::new();
    let terminal = env.terminal(&["new", "-s", "x"]);
    terminal.wait_until("the shell is ready", prompt);
    let (server, keeper) = (env.server_pid(), env.keeper_pid());
    procs::signal(keeper, Signal::STOP);
    procs::signal(server, Signal::STOP);
    procs::signal(keeper, Signal::KILL);
    procs::signal(server, Signal::KILL);
    terminal.wait_until("the truth is told", |screen| screen.last_row().contains("server and keeper are gone"));
    env.ok(&["new", "-d", "-s", "fresh"]);
    let (code, screen) = terminal.wait_end("the client does not pretend");
    assert_eq!(code, 5, "{screen}");
    assert!(screen.has("server and keeper ended"), "{screen}");
    assert_eq!(list(&env.json(&["ls", "--json"])["sessions"]).len(), 1);
}

#[test]
fn a_locale_that_is_not_utf8_gets_ascii_and_is_told_once() {
    let mut env = Env::new();
    env.set("LANG", None);
    env.set("LC_ALL", Some("C"));
    let mut terminal = env.terminal(&["new", "-s", "x"]);
    terminal.wait_until("it is said", |screen| screen.last_row().contains("the locale is not UTF-8"));
    terminal.prefix("%");
    let screen = terminal.wait_until("two shells stand side by side", two);
    assert!(screen.rows.iter().all(|row| row.is_ascii()) && screen.has("|"), "{screen}");
    terminal.prefix("s");
    let screen = terminal.wait_until("the chooser", |screen| screen.has("Esc closes"));
    assert!(screen.rows.iter().all(|row| row.is_ascii()), "{screen}");
}

#[test]
fn who_gives_a_command_by_key_has_the_size() {
    let env = Env::new();
    let mut large = env.terminal_of(100, 30, &["new", "-s", "x"]);
    large.wait_until("the shell is ready", prompt);
    large.type_text("a");
    let mut small = env.terminal_of(60, 20, &["attach", "-t", "x"]);
    small.wait_until("the shell is ready", prompt);
    env.wait_attached(2);
    let size = |cols: &'static str| {
        move |tree: &serde_json::Value| {
            list(&list(&tree["sessions"])[0]["windows"])[0]["size"].as_str().is_some_and(|size| size.starts_with(cols))
        }
    };
    env.wait_json("the window is the large one's", &["ls", "--json"], size("100x"));
    small.prefix("?");
    env.wait_json("the small one gave a command", &["ls", "--json"], size("60x"));
    large.prefix("t");
    env.wait_json("then the large one", &["ls", "--json"], size("100x"));
}

#[test]
fn layouts_come_by_name_and_do_not_hide_what_is_there() {
    let env = Env::new();
    env.ok(&["layout", "load", "dev"]);
    let tree = env.json(&["ls", "--json"]);
    let session = &list(&tree["sessions"])[0];
    assert_eq!((session["name"].as_str(), list(&session["windows"]).len()), (Some("dev"), 2), "{tree}");
    assert_eq!(list(&list(&session["windows"])[0]["panes"]).len(), 3, "{tree}");
    let there = env.refused(1, &["layout", "load", "dev"]);
    assert!(there.stderr.contains("exists already") && there.stderr.contains("layout load -s NAME"), "{}", there.stderr);
    for name in ["grid", "watch"] {
        env.ok(&["layout", "load", "-s", &format!("my-{name}"), name]);
    }
    env.ok(&["layout", "save", "-t", "my-grid", &env.path("own.toml").to_string_lossy()]);
    env.ok(&["layout", "load", "-s", "copy", &env.path("own.toml").to_string_lossy()]);
    assert!(env.refused(3, &["layout", "load", "nowhere"]).stderr.contains("dev, grid, watch"));
}

#[test]
fn a_kept_pane_says_how_it_ended_and_a_session_leads_to_another() {
    let env = Env::with_config("[general]\nremain-on-exit = true\nsession-end = \"switch\"\nlogin-shell = false\n");
    env.ok(&["new", "-d", "-s", "first"]);
    let mut terminal = env.terminal(&["new", "-s", "second"]);
    terminal.wait_until("the shell is ready", prompt);
    terminal.type_line("echo shell-$0");
    terminal.wait_until("no login shell", |screen| screen.has("shell-/bin/sh"));
    terminal.type_line("exit 3");
    terminal.wait_until("cause, status, duration and time", |screen| {
        screen.rows.iter().any(|row| row.contains("exited 3 after ") && row.contains(" at ") && row.contains("Enter runs it again"))
    });
    terminal.type_text("\r");
    terminal.wait_until("it runs again", |screen| screen.rows.iter().any(|row| row.trim() == "ready>"));
    env.ok(&["kill", "session", "-t", "second"]);
    terminal.wait_until("the other session is shown", |screen| screen.last_row().starts_with("[first]"));
    terminal.type_line("echo still-$((40+2))");
    terminal.wait_until("and typed into", |screen| screen.has("still-42"));
}

#[test]
fn nobody_is_called_by_a_number_whom_the_system_knows() {
    let mut env = Env::new();
    env.set("USER", None);
    env.set("LOGNAME", None);
    let mut terminal = env.terminal(&["new", "-s", "x"]);
    terminal.wait_until("the shell is ready", prompt);
    let name = batonmux::platform::user()
        .map_or_else(|| format!("uid {}", rustix::process::geteuid().as_raw()), |user| user.name.to_string_lossy().into_owned());
    env.wait_json("the roster has the account's name", &["roster", "--json"], |roster| {
        list(&roster["operators"]).iter().any(|operator| operator["name"] == name.as_str())
    });
    terminal.prefix("d");
    terminal.wait_end("detached");
}
