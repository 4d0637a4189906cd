//! Words to commands, errors that help, and a table without holes.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::HashMap;

use proptest::prelude::*;

use super::complete::{Name, Names};
use super::*;
use crate::geometry::{Axis, Direction, Size};
use crate::protocol::message::{ApproveHow, ControlMode, ControlOp, LayoutHow, NewSession, Request, ResizeHow, SendItem, Share};

fn words(text: &str) -> Vec<String> {
    line::split(text).unwrap().concat().into_iter().map(|word| word.text).collect()
}

/// What `text` means in a shell.
fn shell(text: &str) -> Command {
    parse_cli(&words(text)).unwrap_or_else(|error| panic!("{text}: {error}")).command
}

/// What `text` means in a client.
fn client(text: &str) -> Command {
    parse(&words(text)).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn request(command: Command) -> Request {
    match command {
        Command::Request(request) => request,
        other => panic!("no request: {other:?}"),
    }
}

#[test]
fn target_words_in_braces_are_words() {
    let to = |line: &str| match client(line) {
        Command::View(ViewCommand::SelectPane(Switch::To(target)) | ViewCommand::SelectWindow(Switch::To(target))) => target,
        Command::Request(Request::SwapPane { target: Some(target), .. }) => target,
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(client("select-pane -t {next}"), Command::View(ViewCommand::SelectPane(Switch::Step(PaneStep::Next))));
    assert_eq!(to("swap-pane -t {left-of}"), "{left-of}");
    assert_eq!(to("select-window -t {end}.1"), "{end}.1");
    assert_eq!(to("select-window -t :{last}"), ":{last}");
    // With blanks it is a block, and where a command is expected too.
    for line in ["confirm-before { last-pane }", "confirm-before {last-pane}", "confirm-before {last}"] {
        let Command::View(ViewCommand::Confirm(confirm)) = client(line) else { panic!("{line}") };
        assert_eq!(confirm.then.len(), 1, "{line}");
    }
}

#[test]
fn splits_are_tmuxs() {
    let plain = action::split(None, Axis::Vertical);
    assert_eq!(request(shell("split")), plain);
    assert_eq!(request(client("splitw -v")), plain);
    let Request::Split { target, axis, before, full, share, cwd, command, environment, background } =
        request(shell("split-window -hbfd -l 30% -c /tmp -e A=1 -e B=x=y -t%3 vim -d file"))
    else {
        panic!("no split")
    };
    assert_eq!((target.as_deref(), axis, before, full, background), (Some("%3"), Axis::Horizontal, true, true, true));
    assert_eq!((share, cwd.as_deref()), (Share::Percent(30), Some("/tmp")));
    assert_eq!(command, ["vim", "-d", "file"], "what follows the program's name is the program's");
    assert_eq!(environment, [("A".to_owned(), "1".to_owned()), ("B".to_owned(), "x=y".to_owned())]);
    let Request::Split { command, .. } = request(shell("split -l 5 -- -x")) else { panic!("no split") };
    assert_eq!(command, ["-x"]);
}

#[test]
fn new_depends_on_where_it_is_said() {
    let named = NewSession { name: Some("work".to_owned()), ..NewSession::default() };
    assert_eq!(shell("new -s work"), Command::Cli(CliCommand::New { session: named.clone(), attach: false, detach_others: false }));
    assert_eq!(client("new -A -s work"), Command::View(ViewCommand::NewSession { session: named.clone(), attach: true }));
    assert_eq!(request(shell("new -ds work")), Request::NewSession(named, Vec::new()));
    let Request::NewSession(session, _) = request(shell("new-session -d -x 100 -y 30 -n top -- top -b")) else { panic!("no session") };
    assert_eq!((session.size, session.window_name.as_deref()), (Some(Size::new(100, 30)), Some("top")));
    assert_eq!(session.command, ["top", "-b"]);
}

#[test]
fn bare_baton_attaches_or_makes() {
    let bare = parse_cli::<&str>(&["-L", "test", "-f", "/x"]).unwrap();
    assert_eq!(bare.command, Command::Cli(CliCommand::Attach { target: None, create: true, read_only: false, detach_others: false }));
    assert_eq!(bare.globals, Globals { server_name: Some("test".to_owned()), socket: None, config: Some("/x".to_owned()) });
    let attach =
        |target: &str| CliCommand::Attach { target: Some(target.to_owned()), create: false, read_only: true, detach_others: false };
    assert_eq!(shell("attach -r -t work"), Command::Cli(attach("work")));
    assert_eq!(shell("attach work -r"), Command::Cli(attach("work")));
    assert_eq!(client("attach -t work"), Command::View(ViewCommand::SwitchSession(Switch::To("work".to_owned()))));
}

#[test]
fn names_of_two_words_have_flags_between_them() {
    let rename = Request::RenameSession { target: Some("work".to_owned()), name: "job".to_owned() };
    for text in [
        "rename session -t work job",
        "rename -t work session job",
        "rename-session -twork job",
        "rename s -t work job",
        "rename session job -t work",
    ] {
        assert_eq!(request(shell(text)), rename, "{text}");
    }
    let kill = Request::KillPane { target: Some("%2".to_owned()), others: true };
    for text in ["kill pane -a -t %2", "kill-pane -at %2", "killp -a -t %2", "kill -t %2 pane -a", "kill -a p -t %2"] {
        assert_eq!(request(shell(text)), kill, "{text}");
    }
    assert_eq!(request(shell("kill-ses")), Request::KillSession { target: None, others: false });
    assert_eq!(request(shell("layout select tiled")), Request::SelectLayout { target: None, how: LayoutHow::Named("tiled".to_owned()) });
    assert_eq!(request(client("selectl -E")), Request::SelectLayout { target: None, how: LayoutHow::Spread });
}

#[test]
fn resizing_by_edge_by_length_and_by_zoom() {
    let resize = |how| Request::Resize { target: Some("%1".to_owned()), how };
    assert_eq!(request(shell("resize -t %1 -L")), resize(ResizeHow::Edge(Direction::Left, 1)));
    assert_eq!(request(shell("resize-pane -U -t %1 5")), resize(ResizeHow::Edge(Direction::Up, 5)));
    assert_eq!(request(shell("resize -t %1 -x 80")), resize(ResizeHow::Length(Axis::Horizontal, Share::Cells(80))));
    let both = [
        Command::Request(resize(ResizeHow::Length(Axis::Horizontal, Share::Percent(50)))),
        Command::Request(resize(ResizeHow::Length(Axis::Vertical, Share::Cells(9)))),
    ];
    assert_eq!(shell("resize -t %1 -x 50% -y 9"), Command::Sequence(both.to_vec()));
    assert_eq!(client("resizep -Z"), Command::View(ViewCommand::Zoom { target: None }));
    let zoom = |client: Option<u64>| Request::Zoom { target: Some("%1".into()), client: client.map(crate::ids::AttachmentId) };
    assert_eq!(request(shell("resize-pane -Z -t %1")), zoom(None));
    assert_eq!(request(shell("zoom -t %1 --client a3")), zoom(Some(3)));
    assert_eq!(request(client("zoom -t %1 --client a3")), zoom(Some(3)));
}

#[test]
fn send_tells_keys_from_text() {
    let items = |text: &str| match request(shell(text)) {
        Request::Send { items, .. } => items,
        other => panic!("{other:?}"),
    };
    let text = |text: &str| SendItem::Text(text.to_owned());
    let key = |name: &str| SendItem::Key(name.to_owned());
    assert_eq!(items("send -t %1 ls Enter"), [text("ls"), key("Enter")]);
    assert_eq!(items("send-keys C-c M-x F5 x Up -l"), [key("C-c"), key("M-x"), key("F5"), text("x"), key("Up"), text("-l")]);
    assert_eq!(items("send -l Enter C-c"), [text("EnterC-c")]);
    assert_eq!(items("send --paste a b"), [SendItem::Paste("a b".to_owned())]);
    assert_eq!(items("send -N 2 Up x"), [key("Up"), text("x"), key("Up"), text("x")]);
    assert_eq!(
        client("send -X search-forward 'a b'"),
        Command::View(ViewCommand::Copy(CopyCommand { action: CopyAction::SearchForward, argument: Some("a b".to_owned()) }))
    );
}

#[test]
fn reading_panes() {
    let read = |lines, all, rows| Request::Read { target: Some("%1".to_owned()), lines, all, rows };
    assert_eq!(request(shell("read -t %1")), read(None, false, false));
    assert_eq!(request(shell("read -t %1 --lines 50 --rows")), read(Some(50), false, true));
    assert_eq!(request(shell("read --lines=50 -t %1")), read(Some(50), false, false));
    assert_eq!(request(shell("read -t %1 --all")), read(None, true, false));
    let invocation = parse_cli(&["read", "-t", "%1", "--json"]).unwrap();
    assert!(invocation.json);
}

#[test]
fn going_somewhere_is_a_clients_own() {
    let step = |step| Command::View(ViewCommand::SelectPane(Switch::Step(step)));
    assert_eq!(client("select-pane -L"), step(PaneStep::Towards(Direction::Left)));
    assert_eq!(client("selectp -t :.+"), step(PaneStep::Next));
    assert_eq!(client("last-pane"), step(PaneStep::Last));
    assert_eq!(request(shell("select-pane -L")), Request::SelectPane { target: Some("{left-of}".to_owned()) });
    assert_eq!(client("next-window -a"), Command::View(ViewCommand::SelectWindow(Switch::Step(WindowStep::NextAlert))));
    assert_eq!(request(shell("next-window -t work")), Request::SelectWindow { target: Some("work:{next}".to_owned()) });
    assert_eq!(client("selectw -t :3"), Command::View(ViewCommand::SelectWindow(Switch::To(":3".to_owned()))));
    assert_eq!(client("detach"), Command::View(ViewCommand::Detach));
    assert_eq!(request(client("detach -a")), Request::Detach { target: None, others: true });
    assert_eq!(request(shell("detach")), Request::Detach { target: None, others: false });
}

#[test]
fn lines_have_quotes_escapes_braces_and_sequences() {
    let split = |text: &str| {
        line::split(text).map(|commands| {
            commands.into_iter().map(|words| words.into_iter().map(|word| word.text).collect::<Vec<_>>()).collect::<Vec<_>>()
        })
    };
    for (text, expected) in [
        ("", vec![]),
        ("  ; ;", vec![]),
        ("a b;c", vec![vec!["a", "b"], vec!["c"]]),
        (r"a \; b", vec![vec!["a"], vec!["b"]]),
        (r"a ';' b", vec![vec!["a", ";", "b"]]),
        (r#"'a  b'c "d\te\"\u{e9}\u00e9" \ f"#, vec![vec!["a  bc", "d\te\"éé", " f"]]),
        ("a { b '}' { c ; d } } e", vec![vec!["a", "b '}' { c ; d }", "e"]]),
        ("#S #{x}", vec![vec!["#S", "#{x}"]]),
        ("''", vec![vec![""]]),
    ] {
        assert_eq!(split(text).unwrap(), expected, "{text}");
    }
    for (text, expected) in [
        ("a 'b", "quote is not closed at column 3"),
        ("é \"b", "quote is not closed at column 3"),
        ("a \\", "nothing follows the backslash at column 3"),
        ("a {b", "`{` is not closed at column 3"),
        (r#"a "\u{zz}""#, "`\\u` wants the hexadecimal number of a character at column 4"),
    ] {
        assert_eq!(split(text).unwrap_err().to_string(), expected, "{text}");
    }
    assert_eq!(parse_line("split ; zoom").unwrap().len(), 2);
    assert_eq!(parse_line("split ; zom").unwrap_err().offset, 8);
}

#[test]
fn confirmations_hold_commands() {
    let Command::View(ViewCommand::Confirm(confirm)) = client("confirm-before -p 'sure?' { kill pane ; last-pane }") else {
        panic!("no confirmation")
    };
    assert_eq!(confirm.question.as_deref(), Some("sure?"));
    assert_eq!(confirm.then, [client("kill pane"), client("last-pane")]);
    assert_eq!(confirm.text, "kill pane ; last-pane");
    let Command::View(ViewCommand::Confirm(confirm)) = client("confirm kill-server") else { panic!("no confirmation") };
    assert_eq!(confirm.then, [Command::Request(Request::KillServer)]);
    assert!(parse(&["confirm", "kyll pane"]).unwrap_err().to_string().contains("unknown command: kyll"));
}

#[test]
fn prompts_fill_words_and_nothing_else() {
    let Command::View(ViewCommand::Prompt(prompt)) = client("command-prompt -p '(rename window)' -I '#W' { rename window '%%' }") else {
        panic!("no prompt")
    };
    assert_eq!((prompt.questions.as_slice(), prompt.initial.as_slice()), (&["(rename window)".to_owned()][..], &["#W".to_owned()][..]));
    let rename = |name: &str| Command::Request(Request::RenameWindow { target: None, name: name.to_owned() });
    assert_eq!(prompt.fill(&["a ' ; kill server \" b".to_owned()]).unwrap(), [rename("a ' ; kill server \" b")]);
    let Command::View(ViewCommand::Prompt(two)) = client("command-prompt -p from,to 'swap-pane -s %1 -t %2'") else { panic!("no prompt") };
    let swap = Request::SwapPane { source: Some("%7".to_owned()), target: Some("3".to_owned()) };
    assert_eq!(two.fill(&["%7".to_owned(), "3".to_owned()]).unwrap(), [Command::Request(swap)]);
    let Command::View(ViewCommand::Prompt(bare)) = client("command-prompt") else { panic!("no prompt") };
    assert_eq!(bare.fill(&["zoom ; zoom".to_owned()]).unwrap().len(), 2);
    assert!(parse(&["command-prompt", "renam windo %%"]).is_err(), "a template that can never be right is wrong now");
    assert!(client("command-prompt -p n { resize -x '%%' }") != client("command-prompt"), "`1` is a number too");
}

#[test]
fn errors_name_the_command_show_its_usage_and_suggest() {
    for (text, message, hint) in [
        ("splt", "unknown command: splt", Some("did you mean `split`?")),
        ("kill", "kill what? One of: session, window, pane, server", None),
        ("kill pan-e", "kill what? One of: session, window, pane, server", Some("did you mean `kill pane`?")),
        ("s", "ambiguous command: s, could be: ", None),
        ("split -q", "split: unknown flag -q", None),
        ("read --line 3", "read: unknown flag --line", Some("did you mean `--lines`?")),
        ("read --lines", "read: --lines needs a value: N", None),
        ("read --lines x", "read: --lines: `x` is not a whole number from 1", None),
        ("read --all=3", "read: --all takes no value", None),
        ("split -l 0", "split: -l: `0` is not a number of cells, or of hundredths such as 30%", None),
        ("split -h -v", "split: -h and -v do not go together", None),
        ("split -t a -t b", "split: -t is given twice", None),
        ("split -e A", "split: -e: `A` is not a variable as NAME=VALUE", None),
        ("rename session", "rename session: NAME is missing", None),
        ("rename session a b", "rename session: too many arguments: b", None),
        ("completions bsh", "completions: SHELL: `bsh` is not one of bash, zsh, fish", Some("did you mean `bash` or `zsh`?")),
        ("clock", "clock: this works only inside a full-screen client", None),
        ("-q", "unknown flag -q", None),
        ("-L", "-L needs a value: NAME", None),
        ("--hlep", "unknown flag --hlep", Some("did you mean `--help`?")),
    ] {
        let words: Vec<&str> = text.split_whitespace().collect();
        let error = parse_cli(&words).unwrap_err();
        assert!(error.to_string().starts_with(message), "{text}: {error}");
        assert_eq!(error.hint().as_deref(), hint, "{text}");
    }
    let error = parse_cli(&["split", "-q"]).unwrap_err();
    assert_eq!(error.usage().unwrap(), "usage: split [-hvbfd] [-l N|N%] [-c DIR] [-e NAME=VALUE]… [-t PANE] [--json] [CMD…]");
    assert_eq!(parse(&["doctor"]).unwrap_err().to_string(), "doctor: this works only in a shell: baton doctor");
}

#[test]
fn help_is_asked_for_anywhere_but_in_a_program() {
    let help = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        match parse_cli(&words).unwrap().command {
            Command::Cli(CliCommand::Help(spec)) => Some(spec.map_or("", |spec| spec.name)),
            _ => None,
        }
    };
    assert_eq!(help("--help"), Some(""));
    assert_eq!(help("-L x -h"), Some(""));
    assert_eq!(help("kill pane --help"), Some("kill pane"));
    assert_eq!(help("split -l 3 --help"), Some("split"));
    assert_eq!(help("help kill-w"), Some("kill window"));
    assert_eq!(help("split -- ls --help"), None);
    assert_eq!(help("split ls --help"), None);
    assert_eq!(help("rename session -t --help x"), None);
}

#[test]
fn sequences_of_a_shell() {
    let words = ["new", "-d", "-s", "a", ";", "split", "-t", "a"];
    let invocation = parse_cli(&words).unwrap();
    assert_eq!(invocation.spec.unwrap().name, "new");
    assert!(matches!(invocation.command, Command::Sequence(commands) if commands.len() == 2));
}

/// The op that a control verb asks for.
fn op(text: &str) -> (Option<String>, ControlOp) {
    match request(shell(text)) {
        Request::Control { target, op } => (target, op),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn control_has_its_verbs() {
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(op("control acquire --for 10m"), (None, ControlOp::Acquire { ttl_ms: Some(600_000) }));
    assert_eq!(op("control -t %3 request to deploy it"), (text("%3"), ControlOp::Request { why: "to deploy it".into() }));
    assert_eq!(op("control grant --supervised"), (None, ControlOp::Grant { to: None, ttl_ms: None, supervised: true }));
    assert_eq!(op("control deny bot not now"), (None, ControlOp::Deny { to: text("bot"), reason: text("not now") }));
    let offer = ControlOp::Offer { to: "agent:a".into(), note: text("go"), ttl_ms: Some(5_000), supervised: false };
    for words in ["control offer", "hand-over", "control hand-over"] {
        assert_eq!(op(&format!("{words} agent:a --note go --for 5")), (None, offer.clone()), "{words}");
    }
    assert_eq!(op("control release --to-next -t 2"), (text("2"), ControlOp::Release { to_next: true }));
    assert_eq!((op("take").1, op("control take").1), (ControlOp::Take, ControlOp::Take));
    assert_eq!(op("hand-back --note 'your turn'").1, ControlOp::HandBack { note: text("your turn") });
    assert_eq!(op("control force it burns").1, ControlOp::Force { reason: "it burns".into() });
    assert_eq!(op("control mode locked").1, ControlOp::Mode(ControlMode::Locked));
    assert_eq!(op("control supervise on").1, ControlOp::Supervise { on: true });
    let wait = request(shell("control wait --after 7 --mine --timeout 2s -t %1"));
    assert_eq!(wait, Request::AwaitControl { target: text("%1"), after_epoch: Some(7), mine: true, timeout_ms: 2_000 });
    // The same words at the prompt; a list is shown, an act is done.
    assert_eq!(client("control take"), shell("control take"));
    assert!(matches!(client("control status"), Command::View(ViewCommand::Show(Request::Control { op: ControlOp::Status, .. }))));
    for wrong in ["control", "control mode open", "control acquire --for soon", "control force", "control offer", "control deny a --for 1m"]
    {
        assert!(parse_cli(&words(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn approving_history_and_identities() {
    let list = Request::Approve { target: None, proposal: None, digest: None, how: ApproveHow::List, reason: None };
    assert_eq!(request(shell("approve")), list);
    assert_eq!(request(shell("approve list")), list);
    let denied = shell("approve 3 --deny");
    assert!(matches!(denied, Command::Cli(CliCommand::Approve { proposal: 3, deny: true, reason: None, .. })), "{denied:?}");
    let denied = client("approve --deny 3 no way");
    let Command::Request(Request::Approve { proposal: Some(3), how: ApproveHow::Deny, reason: Some(reason), .. }) = denied else {
        panic!("{denied:?}")
    };
    assert_eq!(reason, "no way");
    let history = shell("history -t %7 --since 10m --by agent:a --kind control. --kind input.rejected -n 5");
    let Command::Cli(CliCommand::Journal { target, query }) = history else { panic!("{history:?}") };
    assert_eq!((target.as_deref(), query.since_ago_ms, query.limit), (Some("%7"), Some(600_000), 5));
    assert_eq!(query.kinds, ["control.", "input.rejected"]);
    let become_other = shell("as --for 1h agent:claude -- claude --resume x");
    let Command::Cli(CliCommand::As { identity, ttl_ms, command, .. }) = become_other else { panic!("{become_other:?}") };
    assert_eq!((identity.as_str(), ttl_ms), ("agent:claude", Some(3_600_000)));
    assert_eq!(command, ["claude", "--resume", "x"]);
    assert!(matches!(shell("as bot"), Command::Cli(CliCommand::As { identity, .. }) if identity == "agent:bot"));
    assert_eq!(request(shell("token revoke bot")), Request::RevokeToken { operator: "bot".into() });
    let token = shell("token --rights 'view, input' --pane %1 --pane work:2 service:deploy");
    let Command::Cli(CliCommand::Token { identity, rights, panes, .. }) = token else { panic!("{token:?}") };
    assert_eq!((identity.as_str(), rights.as_deref(), panes.len()), ("service:deploy", Some("view,input"), 2));
    let send = request(shell("send --expect-seq 123456789012 --epoch 4 -t %1 x"));
    assert!(matches!(send, Request::Send { expect_seq: Some(123_456_789_012), epoch: Some(4), .. }), "{send:?}");
    for wrong in [
        "approve x",
        "approve --deny",
        "approve 3 why",
        "as human:ann",
        "as robot:r2",
        "as agent:",
        "token",
        "history --since yesterday",
        "history -n 0",
    ] {
        assert!(parse_cli(&words(wrong)).is_err(), "{wrong}");
    }
    let error = parse_cli(&words("as agnt:a")).unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("did you mean `agent:a`?"));
}

#[test]
fn the_table_has_no_holes() {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for spec in all() {
        for name in spec.names() {
            if let Some(other) = seen.insert(name, spec.name) {
                panic!("{name} is {other} and {}", spec.name);
            }
        }
        assert!(!spec.summary.is_empty() && !spec.summary.ends_with('.'), "{}: {}", spec.name, spec.summary);
        assert!(spec.summary.chars().count() <= 72, "{}: its summary is too long for a list", spec.name);
        for (at, flag) in spec.flags.iter().enumerate() {
            assert!(!flag.help.is_empty() && !flag.help.ends_with('.'), "{} {}", spec.name, flag.shown());
            let twice = spec
                .flags
                .iter()
                .skip(at + 1)
                .any(|other| (flag.short.is_some() && flag.short == other.short) || (flag.long.is_some() && flag.long == other.long));
            assert!(!twice, "{} {} is there twice", spec.name, flag.shown());
        }
        for (at, arg) in spec.args.iter().enumerate() {
            assert!(!arg.many || at + 1 == spec.args.len(), "{}: only the last argument can take all words", spec.name);
            assert!(at == 0 || !arg.required || spec.args[at - 1].required, "{}: a required argument behind an optional one", spec.name);
        }
        // No command is hidden by the first word of a name of two, but where the second is said.
        let group = spec.name.split_once(' ').map(|(group, _)| group);
        assert!(group.is_none_or(|group| group == "token" || table::by_exact_name(group).is_none()), "{}", spec.name);
    }
}

#[test]
fn help_tells_everything() {
    for spec in all() {
        let text = help::command(spec, Place::Shell);
        for part in [spec.name, spec.summary].into_iter().chain(spec.aliases.iter().copied()) {
            assert!(text.replace("\n", " ").contains(part), "{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 79), "{text}");
        assert!(!text.contains("\n\n\n") && text.ends_with('\n'), "{text}");
    }
    let text = help::overview(Place::Shell);
    for spec in all().filter(|spec| spec.scope.includes(Place::Shell)) {
        assert!(text.contains(&format!("  {} ", spec.name)), "{} is missing in\n{text}", spec.name);
    }
    assert!(text.lines().all(|line| line.chars().count() <= 79), "{text}");
    insta::assert_snapshot!(help::command(find(&["kill-pane"], Place::Shell).unwrap().spec, Place::Shell), @"
    Usage: baton kill pane [-a] [-t PANE]

    End a pane and the program in it.

    Flags:
      -a                  All others of its window instead
      -t PANE             The pane; else the current one

    Also called: kill-pane, killp
    ");
}

struct World;

impl Names for World {
    fn sessions(&self) -> Vec<Name> {
        ["work", "my job"].map(|text| Name { text: text.to_owned(), note: "session".to_owned() }).to_vec()
    }

    fn panes(&self) -> Vec<Name> {
        ["%1", "%12"].map(|text| Name { text: text.to_owned(), note: "vim".to_owned() }).to_vec()
    }
}

#[test]
fn completion_follows_the_table() {
    let offered = |line: &str| -> Vec<String> {
        complete(line, line.len(), &World)
            .into_iter()
            .map(|candidate| format!("{}{}", &line[..candidate.start], candidate.insert))
            .collect()
    };
    let has = |line: &str, expected: &[&str]| {
        let offered = offered(line);
        for one in expected {
            assert!(offered.iter().any(|known| known == one), "{line}: {one} is not among {offered:?}");
        }
    };
    has("", &["split", "kill pane", "zoom", "detach"]);
    assert_eq!(offered("zo"), ["zoom"]);
    assert_eq!(offered("splitw"), ["splitw"]);
    assert_eq!(offered("kill p"), ["kill pane"]);
    assert_eq!(offered("kill "), ["kill session", "kill window", "kill pane", "kill server"]);
    assert_eq!(offered("kill session -t w"), ["kill session -t work"]);
    assert_eq!(offered("kill session -t my"), ["kill session -t 'my job'"]);
    assert_eq!(offered("kill session -t 'm"), ["kill session -t 'my job'"]);
    assert_eq!(offered("kill pane -t %"), ["kill pane -t %1", "kill pane -t %12"]);
    assert_eq!(offered("layout select main-v"), ["layout select main-vertical", "layout select main-vertical-mirrored"]);
    assert_eq!(offered("kill pane -"), ["kill pane -a", "kill pane -t"]);
    assert_eq!(offered("split ; zo"), ["split ; zoom"]);
    assert_eq!(offered("confirm-before -p x kill p"), ["confirm-before -p x kill pane"]);
    assert_eq!(offered("confirm-before { split ; kill p"), ["confirm-before { split ; kill pane"]);
    assert_eq!(offered("copy search-forward-w"), ["copy search-forward-word"]);
    assert_eq!(offered("toggle mouse o"), ["toggle mouse on", "toggle mouse off"]);
    has("help kill", &["help kill session"]);
    assert_eq!(offered("doctor"), Vec::<String>::new(), "a shell's commands are not offered in a client");
    assert_eq!(complete("zoXX", 2, &World).first().unwrap().insert, "zoom", "only what stands before the cursor counts");
}

#[test]
fn shells_can_read_their_scripts() {
    for (shell, program) in [(Shell::Bash, "bash"), (Shell::Zsh, "zsh"), (Shell::Fish, "fish")] {
        let script = shells::script(shell);
        for spec in all().filter(|spec| spec.scope.includes(Place::Shell)) {
            assert!(spec.name.split(' ').all(|word| script.contains(word)), "{program}: {} is missing", spec.name);
        }
        assert!(script.contains("baton") && script.ends_with('\n'));
    }
}

#[test]
fn the_manual_lists_every_command() {
    let roff = manual::commands_roff();
    for spec in all() {
        assert!(roff.contains(&format!("\\fB{}\\fP", manual::escape(spec.name))), "{}", spec.name);
    }
    assert!(!roff.lines().any(str::is_empty), "an empty line is a request in roff");
}

proptest! {
    #[test]
    fn any_line_is_read(text in ".{0,200}") {
        if let Err(error) = parse_line(&text) {
            prop_assert!(error.offset <= text.len() && !error.to_string().is_empty());
        }
        let _ = complete(&text, text.len() / 2, &World);
        let _ = complete(&text, usize::MAX, &World);
    }

    #[test]
    fn any_words_are_read(
        at in 0..table::all().count(),
        words in prop::collection::vec(prop_oneof![
            Just("-t".to_owned()), Just("--".to_owned()), Just(";".to_owned()), Just("--json".to_owned()), Just("{ kill pane }".to_owned()), "-[a-zA-Z0-9]{1,3}", "[%a-z0-9: é]{0,6}"
        ], 0..6),
    ) {
        let spec = table::all().nth(at).unwrap();
        let words: Vec<String> = spec.name.split(' ').map(str::to_owned).chain(words).collect();
        for place in [Place::Shell, Place::Client] {
            if let Ok(command) = parse_at(&words, place) {
                let commands = match command { Command::Sequence(commands) => commands, one => vec![one] };
                for command in commands {
                    prop_assert!(!matches!((place, &command), (Place::Shell, Command::View(_)) | (Place::Client, Command::Cli(_))), "{words:?}: {command:?}");
                }
            }
        }
        let _ = parse_cli(&words);
    }

    #[test]
    fn quoted_words_are_read_back(words in prop::collection::vec(".{0,12}", 1..5)) {
        let text = words.iter().map(|word| line::quote(word)).collect::<Vec<_>>().join(" ");
        let back: Vec<String> = line::split(&text).unwrap().concat().into_iter().map(|word| word.text).collect();
        prop_assert_eq!(back, words);
    }
}
