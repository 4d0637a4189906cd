//! Control of panes by hand, in the full-screen client: what it says, what keys do, what the death of the server changes.

use rustix::process::Signal;

use crate::support::{Env, Screen, procs};

fn prompt(screen: &Screen) -> bool {
    screen.has("ready>")
}

/// Nobody types into a locked pane; that is said once, with the key that unlocks it.
#[test]
fn a_pane_is_locked_and_unlocked_by_hand() {
    let env = Env::new();
    let mut terminal = env.terminal(&["new", "-s", "x"]);
    terminal.wait_until("the shell is ready", prompt);
    assert!(!terminal.screen().last_row().contains("control"), "a free pane says nothing of control");
    terminal.prefix("K");
    terminal.wait_until("the line says that it is locked", |screen| screen.last_row().contains("locked · C-b K unlocks"));
    terminal.type_text("xyzzy");
    terminal.wait_until("why nothing comes is said", |screen| screen.last_row().contains("not typed: locked"));
    terminal.prefix("K");
    terminal.wait_until("the lock is gone from the line", |screen| !screen.last_row().contains("locked"));
    terminal.type_line("echo op''en-$((40+2))");
    let screen = terminal.wait_until("the shell runs what is typed now", |screen| screen.has("open-42"));
    assert!(!screen.has("xyzzy"), "what was typed into the locked pane is not typed later:\n{screen}");
}

/// Epochs grow with a new server; what the holder typed meanwhile is theirs all the same, once.
#[test]
fn who_has_control_keeps_it_and_the_typing_when_the_server_dies() {
    let env = Env::new();
    let mut terminal = env.terminal(&["new", "-s", "x"]);
    terminal.wait_until("the shell is ready", prompt);
    terminal.prefix("k");
    terminal.wait_until("control is mine", |screen| screen.last_row().contains("you have control · C-b U gives it up"));
    for round in 0..3 {
        let before = env.server_pid();
        procs::signal(before, Signal::KILL);
        terminal.type_line(&format!("echo ro''und-{round}"));
        env.wait_server_after(before);
        let says = format!("round-{round}");
        terminal.wait_until("what was typed while no server was there is run", |screen| screen.has(&says));
        terminal.wait_until("control is still mine", |screen| screen.last_row().contains("you have control"));
        assert_eq!(env.read_all("%0").lines().filter(|line| **line == *says).count(), 1, "once");
    }
    terminal.prefix("U");
    terminal.wait_until("the pane is shared again", |screen| !screen.last_row().contains("control"));
}

/// The menu does what its lines say, by right click as by key.
#[test]
fn the_menu_opens_by_right_click_and_by_key() {
    let env = Env::new();
    let mut terminal = env.terminal(&["new", "-s", "x"]);
    terminal.wait_until("the shell is ready", prompt);
    terminal.type_text("\x1b[<2;5;3M");
    terminal.wait_until("the menu is there", |screen| screen.has("Hand over to …") && screen.has("Who is here …"));
    terminal.type_text("W");
    terminal.wait_until("the roster is shown", |screen| screen.has("who is here") && screen.has("(you)") && screen.has("human"));
    terminal.type_text("q");
    terminal.prefix(">");
    terminal.wait_until("the menu is there again", |screen| screen.has("Lock: nobody types here"));
    terminal.type_text("%");
    terminal.wait_until("two shells stand side by side", |screen| screen.rows.iter().any(|row| row.matches("ready>").count() == 2));
}
