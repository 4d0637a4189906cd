//! The tools themselves: that the judge judges and the probe notices, before anything is said with them.

use portable_pty::CommandBuilder;
use rustix::process::Signal;

use crate::support::probe::Awaited;
use crate::support::{Env, procs};

#[test]
fn the_judge_shows_what_a_program_writes() {
    let env = Env::new();
    let mut shell = CommandBuilder::new("/bin/sh");
    shell.args(["-c", "stty raw -echo; printf 'caf\\303\\251 \\033[?25l\\033[?2004h漢字'; head -c 1 >/dev/null; exit 7"]);
    let mut terminal = env.terminal_with(30, 5, shell);
    let screen = terminal.wait_until("the text is there", |screen| screen.has("café 漢字"));
    assert_eq!((screen.cursor, screen.modes.contains(&2004)), (None, true));
    terminal.type_text("x");
    assert_eq!(terminal.wait_end("it was told to").0, 7);
}

#[test]
fn the_probe_notices_everything() {
    let env = Env::new();
    let awaited = Awaited::new(&env, "p");
    let command = awaited.command();
    let mut builder = CommandBuilder::new(&command[0]);
    builder.args(&command[1..]);
    let mut terminal = env.terminal_with(80, 24, builder);
    let mut probe = awaited.arrive();
    let before = probe.report();
    assert_eq!(before, probe.report(), "asking changes nothing");
    assert_eq!((before.events.len(), before.typed), (0, 0));
    assert_eq!(procs::start_time(u32::try_from(before.pid).unwrap()), before.started.as_u64());
    assert_eq!(probe.visit(), before.pid);
    assert_eq!(probe.bump(), before.variable + 1);

    terminal.type_text("héllo\x03");
    assert_eq!(probe.await_typed(7), "héllo\x03");
    terminal.resize(100, 30);
    probe.await_event("SIGWINCH");
    assert_ne!(probe.report().size, before.size);
    procs::signal(u32::try_from(before.pid).unwrap(), Signal::USR1);
    probe.await_event("SIGUSR1");

    probe.say("from the child");
    terminal.wait_until("the child's words are there", |screen| screen.has("from the child"));
    probe.write("line", 200, 100);
    terminal.wait_until("numbered lines come", |screen| screen.has("line 0"));
    let lines = probe.stop();
    let last = crate::support::child::line_text("line", lines - 1);
    terminal.wait_until("the last line is written whole", |screen| screen.rows.contains(&last) && screen.has("line end"));
    terminal.hang_up();
    assert!(probe.await_event("SIGHUP").len() >= 3);
    probe.wait_gone_after_exit(3);
}
