//! The first start: what keeper and server take along from the client that they were forked from, and what is said when they cannot start.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::wait::repeat_until;
use crate::support::{Env, procs};

/// Parent, session and controlling terminal of a process.
fn ties(pid: u32) -> (u32, u32, i32) {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (fields[1].parse().unwrap(), fields[3].parse().unwrap(), fields[4].parse().unwrap())
}

/// Keeper and server, which have nothing of what the client had open, nor its terminal, its session, its folder or its name.
fn are_on_their_own(env: &Env, client: u32) {
    let (keeper, server) = (env.keeper_pid(), env.server_pid());
    for (pid, name) in [(keeper, "baton-keeper"), (server, "baton-server")] {
        assert_eq!(procs::name(pid), name);
        let (parent, session, terminal) = ties(pid);
        assert_eq!((session, terminal), (pid, 0), "{name} has a session of its own and no terminal");
        assert_eq!(parent == keeper, pid == server, "{name} is a child of {parent}");
        assert_ne!(parent, client, "{name}");
        assert_eq!(fs::read_link(format!("/proc/{pid}/cwd")).unwrap(), std::path::Path::new("/"), "{name}");
        let open = procs::descriptors(pid);
        assert!((0..3).all(|number| open.get(&number).is_some_and(|what| what == "/dev/null")), "{name}: {open:?}");
        // A pipe of its own has both ends here.
        let half = |what: &String| what.starts_with("pipe:") && open.values().filter(|other| *other == what).count() == 1;
        let terminal = |what: &String| what.strip_prefix("/dev/pts/").is_some_and(|name| name != "ptmx");
        let foreign = |what: &String| what.ends_with("marker") || half(what) || terminal(what);
        assert!(!open.values().any(foreign), "{name}: {open:?}");
    }
    // Each has one descriptor of the listener: what is closed in one must not stay open in the other for want of care.
    let binary = fs::read_link(format!("/proc/{server}/exe")).unwrap();
    assert!(!procs::descriptors(server).values().any(|what| std::path::Path::new(what) == binary), "the program is the keeper's to keep");
}

#[test]
fn a_first_client_in_a_terminal_leaves_nothing_to_keeper_and_server() {
    let env = Env::new();
    let terminal = env.terminal(&["new", "-s", "w"]);
    terminal.wait_until("the session is shown", |screen| screen.last_row().contains('w'));
    are_on_their_own(&env, terminal.pid());
    let keeper = env.keeper_pid();
    terminal.hang_up();
    env.wait_attached(0);
    assert_eq!(env.keeper_pid(), keeper, "the end of the first client is nobody else's");
    // What was forked is replaced by what is executed, and goes on.
    env.kill_server();
    assert_eq!(procs::name(env.server_pid()), "baton-server");
    assert_eq!(env.panes().len(), 1);
}

#[test]
fn what_a_script_left_open_or_ignored_is_closed_and_heard() {
    let env = Env::new();
    let marker = env.path("marker");
    fs::write(&marker, "").unwrap();
    let baton = env.command(&["new", "-d", "-s", "w"]);
    let mut script = Command::new("/bin/sh");
    script.args(["-c", "trap '' CHLD; exec 7<\"$0\" 9<\"$0\"; exec \"$@\""]).arg(&marker).arg(baton.get_program()).args(baton.get_args());
    script.env_clear().envs(baton.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(env.home());
    let outcome = env.finish(script, &["new", "-d"], b"");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    are_on_their_own(&env, 0);
    let server = env.server_pid();
    assert_ne!(env.kill_server(), server, "the keeper hears of its end");
    for pid in procs::children(env.keeper_pid()) {
        assert!(!procs::descriptors(pid).values().any(|what| what.ends_with("marker")), "{pid}");
    }
}

#[test]
fn a_keeper_that_cannot_start_says_why_to_whoever_waits() {
    let env = Env::new();
    let run = env.path("run/baton");
    // The keeper's own socket cannot be put in place of a folder.
    fs::create_dir_all(run.join("default.keeper")).unwrap();
    fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).unwrap();
    let outcome = env.refused(1, &["new", "-d"]);
    assert!(outcome.stderr.contains("cannot start the server") && outcome.stderr.contains("directory"), "{outcome:?}");
    assert!(outcome.stderr.contains("hint: "), "{outcome:?}");
    let terminal = env.terminal(&["new"]);
    let (code, screen) = terminal.wait_end("it is refused");
    assert_eq!(code, 1);
    assert!(screen.has("cannot start the server"), "{screen:?}");
    assert!(!terminal.raw().contains(&0x1b), "the terminal was not touched");
    repeat_until("neither keeper nor server is left", || match procs::marked(env.root()).as_slice() {
        [] => Ok(()),
        left => Err(format!("{left:?}")),
    });
    fs::remove_dir(run.join("default.keeper")).unwrap();
    env.ok(&["new", "-d", "-s", "w"]);
    assert_eq!(env.panes().len(), 1);
}
