//! Reads the sources and holds the house rules that a compiler does not: who imports whom, that every file says what it is, that nothing prints outside
//! `cli`, that nothing but the gate's way leads to a terminal, that the manual and the table of commands agree.
//!
//! The import table is that of ARCHITECTURE.md. Beyond the plan's original: `command` (the one table of commands) knows the wire's requests, since that is what
//! words become, and key names; `ring` and `platform` know the keeper's frozen messages, of which they are the carriers; `config` checks the commands that keys
//! are bound to and reads the rules of control, so it knows `command` and `operator`. `logging` is a leaf that processes start.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

/// Who may import whom. A name with a path behind it (`protocol::keeper`) allows that part alone.
const IMPORTS: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("geometry", &[]),
    ("layout", &["ids", "geometry"]),
    ("session", &["ids", "geometry", "layout"]),
    ("operator", &["ids"]),
    ("terminal", &["geometry"]),
    ("protocol", &["ids", "geometry"]),
    ("command", &["ids", "geometry", "protocol", "terminal::keys"]),
    ("config", &["command", "operator", "terminal::keys"]),
    ("platform", &["geometry", "protocol::keeper"]),
    ("ring", &["ids", "geometry", "platform", "protocol::keeper"]),
    ("keeper", &["ids", "geometry", "protocol::keeper", "platform", "ring"]),
    (
        "server",
        &[
            "ids", "geometry", "layout", "session", "operator", "terminal", "protocol", "command", "config", "keeper", "platform", "ring",
            "logging",
        ],
    ),
    ("tui", &["ids", "geometry", "protocol", "config", "command", "terminal"]),
    ("logging", &[]),
    (
        "cli",
        &[
            "ids", "geometry", "layout", "session", "operator", "terminal", "protocol", "command", "config", "keeper", "platform", "ring",
            "server", "tui", "logging",
        ],
    ),
];

/// Rooms without clock, files, environment, randomness and threads.
const PURE: &[&str] = &["ids", "geometry", "layout", "session", "operator", "terminal", "protocol", "command", "config"];

/// What has no place in a pure room.
const IMPURE: &[&str] = &[
    "std::env::",
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime",
    "rustix::",
    "libc::",
    "tokio::",
    "mio::",
    "Mutex<",
];

struct Source {
    path: PathBuf,
    room: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    let mut paths = Vec::new();
    files(&src, &mut paths);
    assert!(paths.len() > 20, "the sources are where this looks for them");
    paths
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&src).unwrap().to_owned();
            let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
            Source { room: first.trim_end_matches(".rs").to_owned(), text: fs::read_to_string(&path).unwrap(), path: inside }
        })
        .collect()
}

/// The lines of a source that are code and not tests: number and text, comments gone. What stands from `#[cfg(test)]` with a module behind it on is tests.
fn code(source: &Source) -> Vec<(usize, &str)> {
    let name = source.path.to_string_lossy();
    if name.contains("tests/") || name.ends_with("tests.rs") {
        return Vec::new();
    }
    let lines: Vec<&str> = source.text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|pair| pair[0].trim() == "#[cfg(test)]" && pair[1].trim_start().starts_with("mod ") && pair[1].trim_end().ends_with('{'));
    let numbered = lines.iter().take(tests.unwrap_or(lines.len())).enumerate();
    numbered.map(|(number, line)| (number + 1, line.split("//").next().unwrap_or(""))).filter(|(_, line)| !line.trim().is_empty()).collect()
}

/// The rooms that a line of code names: `crate::room::part` as `room::part`, groups taken apart.
fn named(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        let group = rest.strip_prefix('{').map_or_else(|| vec![rest], |group| group.split(',').map(str::trim).collect());
        for path in group {
            let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(path.len());
            names.push(path[..end].trim_end_matches(':').to_owned());
        }
    }
    names
}

fn allows(allowed: &[&str], name: &str) -> bool {
    allowed.iter().any(|room| name == *room || name.strip_prefix(room).is_some_and(|rest| rest.starts_with("::")))
}

#[test]
fn rooms_know_only_whom_they_may() {
    let mut wrong = Vec::new();
    for source in sources() {
        if matches!(source.room.as_str(), "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = IMPORTS.iter().find(|(room, _)| *room == source.room) else {
            wrong.push(format!("{}: a room that the table does not know", source.path.display()));
            continue;
        };
        for (number, line) in code(&source) {
            for name in named(line) {
                let known = IMPORTS.iter().any(|(room, _)| allows(&[room], &name));
                if known && !allows(&[&source.room], &name) && !allows(allowed, &name) {
                    wrong.push(format!("src/{}:{number}: {} must not know {name}", source.path.display(), source.room));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_touch_nothing() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| PURE.contains(&source.room.as_str())) {
        for (number, line) in code(source) {
            wrong.extend(
                IMPURE
                    .iter()
                    .filter(|word| line.contains(*word))
                    .map(|word| format!("src/{}:{number}: {word} in a pure room", source.path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What stands first is `//!`, or an attribute of the file with `//!` behind it.
fn opens_with_essay(text: &str) -> bool {
    text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#![")).is_some_and(|line| line.starts_with("//!"))
}

#[test]
fn every_file_says_what_it_is() {
    let mut paths = Vec::new();
    for folder in ["src", "tests", "examples", "benches", "fuzz/fuzz_targets"] {
        files(&root().join(folder), &mut paths);
    }
    let silent: Vec<_> = paths.iter().filter(|path| !opens_with_essay(&fs::read_to_string(path).unwrap())).collect();
    // Files that are a room's tests are named for what they test.
    let silent: Vec<_> = silent.into_iter().filter(|path| !path.to_string_lossy().contains("tests")).collect();
    assert!(silent.is_empty(), "files that do not open with //!: {silent:#?}");
}

#[test]
fn nothing_prints_outside_cli() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.room != "cli") {
        for (number, line) in code(source) {
            wrong.extend(
                ["println!", "print!(", "eprintln!", "eprint!(", "dbg!("]
                    .iter()
                    .filter(|word| line.contains(*word))
                    .map(|word| format!("src/{}:{number}: {word}", source.path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Bytes for a program have one way: the gate gives them to the pane's pipe, or to the keeper, who writes them. No other file has a pane's pipe, none but the pipe's
/// splices, no other file makes the keeper's input message, nothing else in the keeper writes to a master, and nobody pretends to be a keyboard.
#[test]
fn one_way_leads_to_a_terminal() {
    let mut wrong = Vec::new();
    for source in sources() {
        let path = source.path.to_string_lossy().into_owned();
        for (number, line) in code(&source) {
            let makes_input = line.contains("Message::Input {") && line.contains("send(");
            let writes_master = line.contains("master") && (line.contains("write(") || line.contains("write_all("));
            let has_pipe = line.contains("InputPipe") && source.room != "ring" && path != "server/gate.rs";
            let splices = line.contains("splice(") && path != "ring/input.rs" && source.room != "platform";
            let tty_magic = line.contains("TIOCSTI") || line.contains("take_writer");
            if (makes_input && path != "server/gate.rs") || (writes_master && path != "keeper/pane.rs") || has_pipe || splices || tty_magic
            {
                wrong.push(format!("src/{path}:{number}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let gate = fs::read_to_string(root().join("src/server/gate.rs")).unwrap();
    assert!(gate.contains("Message::Input {") && gate.contains("pipe.apply("), "the gate moved: this test has to know");
}

/// R21: whatever acts on a program has one place in the server where it is done, behind the gate's question.
#[test]
fn what_acts_on_a_program_passes_the_gate() {
    let doors: &[(&str, &[&str])] = &[
        // Bytes on their way: the gate alone.
        ("hand_on(", &["server/gate.rs"]),
        (".pass(", &["server/gate.rs"]),
        // Bytes without an operator: loose ends and what was approved, both effects of a transition.
        ("type_unasked(", &["server/gate.rs", "server/control/mod.rs"]),
        ("type_approved(", &["server/gate.rs", "server/control/wait.rs"]),
        ("type_replies(", &["server/gate.rs", "server/lifecycle.rs"]),
        // Signals: of who asks, of the end of a pane or of everything.
        ("Message::Signal {", &["server/requests/ends.rs", "server/lifecycle.rs", "server/run.rs", "server/owner.rs"]),
        // Sizes: of the layout, which follows the size authority.
        ("workers.resize(", &["server/lifecycle.rs"]),
        // Ends and new starts.
        ("Command::KillPane {", &["server/requests/ends.rs", "server/lifecycle.rs", "server/requests/layouts.rs"]),
        ("Command::RespawnPane {", &["server/requests/make.rs"]),
    ];
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.room == "server") {
        let path = source.path.to_string_lossy().into_owned();
        for (number, line) in code(source) {
            let behind = doors.iter().filter(|(word, files)| line.contains(word) && !files.contains(&path.as_str()));
            wrong.extend(behind.map(|(word, _)| format!("src/{path}:{number}: {word} past the gate")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (file, question) in [("requests/ends.rs", "may_steer("), ("requests/make.rs", "may_steer("), ("gate.rs", "self.pass(")] {
        let text = fs::read_to_string(root().join("src/server").join(file)).unwrap();
        assert!(text.contains(question), "{file} asks no more");
    }
}

#[test]
fn the_manual_lists_the_commands_there_are() {
    let path = root().join("man/baton.1");
    let (begin, end) = (".\\\" begin: made from the table\n", ".\\\" end\n");
    let page = fs::read_to_string(&path).unwrap();
    let (head, rest) = page.split_once(begin).expect("the begin mark");
    let (_, tail) = rest.split_once(end).expect("the end mark");
    let right = format!("{head}{begin}{}{end}{tail}", batonmux::command::manual::commands_roff());
    if std::env::var_os("BATON_BLESS").is_some() {
        fs::write(&path, right).unwrap();
    } else {
        assert!(page == right, "man/baton.1 is out of step with the table of commands: run BATON_BLESS=1 cargo test --test tidy");
    }
}

#[test]
fn the_papers_are_there() {
    for paper in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        ".ci/run",
        "man/baton.1",
        "man/baton-config.5",
        "man/baton-control.7",
    ] {
        assert!(root().join(paper).exists(), "{paper} is missing");
    }
}
