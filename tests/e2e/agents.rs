//! People and agents at one pane: a human in the full-screen client, and an agent that is a process of its own and calls `baton`.
//!
//! The program in the pane is mostly the one that keeps all that it reads ([`Probe`]): what was typed is compared to the last byte.

use batonmux::operator::{Control, Record, fold};
use batonmux::protocol::frame::encode;
use batonmux::protocol::message::ClientMessage;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::agent::quoted;
use crate::support::env::{binary, list};
use crate::support::wait::repeat_until;
use crate::support::{Agent, Env, Probe, Terminal, procs};

/// A session `work` with a pane whose program keeps what it reads, and a human who looks at it.
fn scene(env: &Env) -> (Probe, Terminal) {
    let (probe, _) = Probe::start(env, "program", &["new", "-d", "-s", "work"]);
    (probe, client(env))
}

/// A full-screen client of the human.
fn client(env: &Env) -> Terminal {
    let human = env.terminal_of(140, 30, &["attach", "-t", "work"]);
    human.wait_until("the client is there", |screen| screen.last_row().contains("[work]"));
    human
}

/// Waits until the status line, or a pane's own where there is more than one, says so.
fn waits_for_line(human: &Terminal, words: &str) {
    human.wait_until(&format!("a line says {words:?}"), |screen| screen.has(words));
}

/// Hands `%0` over by key, and lets the agent accept.
fn hand_over(human: &mut Terminal, agent: &mut Agent) {
    human.prefix("h");
    human.wait_until("the agent can be chosen", |screen| screen.has("hand %0") && screen.has("claude"));
    human.type_text("\r");
    waits_for_line(human, "offered to claude (agent)");
    agent.ok(&["control", "accept", "-t", "%0"]);
    waits_for_line(human, "claude (agent) has control · your key takes it");
}

/// Hands `%0` back by key.
fn hand_back(human: &mut Terminal, note: &str) {
    human.prefix("b");
    human.wait_until("a note is asked for", |screen| screen.has("hand %0 back to claude"));
    human.type_line(note);
    waits_for_line(human, "claude (agent) has control (you handed it back)");
}

/// Waits until what the program read is as wanted.
fn wait_typed(probe: &mut Probe, sentence: &str, holds: impl Fn(&str) -> bool) -> String {
    repeat_until(sentence, || {
        let typed = probe.typed();
        if holds(&typed) { Ok(typed) } else { Err(format!("…{:?}", &typed[typed.len().saturating_sub(200)..])) }
    })
}

/// The lines of the journal.
fn journal(env: &Env, args: &[&str]) -> Vec<Value> {
    let mut all = vec!["history", "-n", "100000"];
    all.extend(args);
    list(&env.json(&all)["events"]).to_vec()
}

/// The human gives a pane, takes it, and gives it back; the agent is told all it needs.
#[test]
fn a_pane_is_handed_over_taken_by_a_key_and_handed_back() {
    let env = Env::new();
    let (mut probe, mut human) = scene(&env);
    let mut agent = Agent::start(&env, &["agent:claude"]);
    let not_given = agent.refused(&["send", "-t", "%0", "--json", "too early"]);
    assert_eq!(not_given["code"], "not_permitted", "{not_given}");
    hand_over(&mut human, &mut agent);
    agent.ok(&["send", "-t", "%0", "make", "Enter"]);
    assert_eq!(probe.await_typed(5), "make\r");
    // The first key takes control and is not typed.
    human.type_text("x");
    waits_for_line(&human, "you took control from claude (agent)");
    human.type_text("ls");
    assert_eq!(probe.await_typed(7), "make\rls");
    let refused = agent.refused(&["send", "-t", "%0", "--json", "make more", "Enter"]);
    assert!(["not_holder", "human_active"].contains(&refused["code"].as_str().unwrap()), "{refused}");
    assert_eq!((&refused["holder"]["kind"], &refused["retryable"]), (&"human".into(), &true.into()), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("has control"), "{refused}");
    probe.say("three little words\r\n");
    human.wait_until("the program's words are there", |screen| screen.has("three little words"));
    hand_back(&mut human, "go on, but leave main alone");
    let status = agent.json(&["control", "status", "-t", "%0", "--json"]);
    let back = &status["handed_back"];
    assert_eq!((&status["holder"]["operator"]["name"], &status["holder"]["via"]), (&"claude".into(), &"hand_back".into()), "{status}");
    assert_eq!(back["note"], "go on, but leave main alone", "{status}");
    assert!(back["cursor"].is_u64() && back["output_bytes"].as_u64() >= Some(20) && back["input_bytes"] == 2, "{status}");
    agent.ok(&["send", "-t", "%0", "test", "Enter"]);
    assert_eq!(probe.await_typed(12), "make\rlstest\r");
    // R34, I11: what was written down is what is.
    assert_eq!(folded(&env, "%0"), live(&env, "%0"));
    env.ok(&["history", "--verify"]);
}

/// Mode, epoch and holder of a pane as the journal says.
fn folded(env: &Env, pane: &str) -> (String, u64, Option<String>) {
    let records: Vec<Record> = journal(env, &["-t", pane])
        .iter()
        .map(|line| {
            let text = line.as_str().map_or_else(|| line.to_string(), str::to_owned);
            Record::from_line(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
        })
        .collect();
    let control: Control = fold(&records);
    (control.mode.to_string(), control.epoch, control.holder.map(|hold| hold.operator.id.to_string()))
}

/// The same as the server says.
fn live(env: &Env, pane: &str) -> (String, u64, Option<String>) {
    let status = env.json(&["control", "status", "-t", pane]);
    let holder = status["holder"]["operator"]["id"].as_str().map(str::to_owned);
    (status["mode"].as_str().unwrap().to_owned(), status["epoch"].as_u64().unwrap(), holder)
}

/// An agent that types as fast as it can and is stopped in the middle of it harms nobody.
#[test]
fn the_first_key_takes_a_pane_from_an_agent_that_floods_and_is_stopped() {
    let env = Env::new();
    let (mut probe, mut human) = scene(&env);
    let mut agent = Agent::start(&env, &["agent:claude"]);
    hand_over(&mut human, &mut agent);
    let baton = quoted(&binary().display().to_string());
    for _ in 0..2 {
        agent.tell(&format!("while :; do {baton} send -l -N 500 -t %0 FLOOD; done >/dev/null 2>&1 &"));
    }
    let floods = |typed: &str| typed.matches("FLOOD").count() > 2000;
    wait_typed(&mut probe, "the agent floods", floods);
    agent.signal(Signal::STOP);
    human.type_text("q");
    waits_for_line(&human, "you took control from claude (agent)");
    human.type_text("MINE");
    let typed = wait_typed(&mut probe, "the human's words are read", |typed| typed.contains("MINE"));
    assert!(typed.ends_with("MINE") && !typed.contains('q'), "the key itself is consumed, and nothing follows");
    // It goes on, and is refused; not one byte of it comes through.
    agent.signal(Signal::CONT);
    let history =
        env.wait_json("the agent is refused", &["history", "--kind", "input.rejected"], |history| !list(&history["events"]).is_empty());
    assert_eq!(history["events"][0]["cause"], "command", "{history}");
    human.type_text("STILL");
    let typed = wait_typed(&mut probe, "the human's next words are read", |typed| typed.contains("STILL"));
    assert!(typed.ends_with("MINESTILL"));
    // Ctrl-C takes control too, and is delivered at once.
    hand_back(&mut human, "again");
    wait_typed(&mut probe, "the agent floods again", |typed| typed.rsplit("STILL").next().is_some_and(floods));
    agent.signal(Signal::STOP);
    human.type_text("\x03");
    waits_for_line(&human, "you have control");
    let typed = wait_typed(&mut probe, "Ctrl-C is there", |typed| typed.contains('\x03'));
    assert!(typed.ends_with('\x03'));
    agent.signal(Signal::CONT);
    human.type_text("END");
    let typed = wait_typed(&mut probe, "the last words are read", |typed| typed.contains("END"));
    assert!(typed.ends_with("\x03END"));
}

/// A person who is lost while in control is not replaced by an agent, neither within the grace nor after it, until a human acts.
#[test]
fn a_lost_human_leaves_the_pane_to_no_agent() {
    let env = Env::with_config("[control]\ngrace-human-s = 1\n");
    let (mut probe, mut human) = scene(&env);
    // It was given the pane for good: only the human's hold keeps it out.
    let mut agent = Agent::start(&env, &["--pane", "%0", "agent:claude"]);
    agent.ok(&["send", "-t", "%0", "a"]);
    assert_eq!(probe.await_typed(1), "a");
    human.prefix("k");
    waits_for_line(&human, "you have control");
    human.signal(Signal::KILL);
    human.wait_end("the client is killed");
    assert_eq!(agent.refused(&["control", "acquire", "-t", "%0", "--json"])["code"], "held_by");
    // Within its grace the hold stands; then the pane is reserved. The agent asks: a command of the human would be a sign of life.
    let reserved = repeat_until("the pane is reserved", || {
        let status = agent.json(&["control", "status", "-t", "%0", "--json"]);
        let refused = agent.refused(&["control", "acquire", "-t", "%0", "--json"]);
        if status["reserved_for"].is_null() { Err(status.to_string()) } else { Ok((status, refused)) }
    });
    assert_eq!((&reserved.0["holder"], &reserved.0["reserved_for"]["kind"]), (&Value::Null, &"human".into()), "{reserved:?}");
    assert_eq!(reserved.1["code"], "human_active", "{reserved:?}");
    assert_eq!(agent.refused(&["send", "-t", "%0", "--json", "b"])["code"], "human_active");
    let mut human = client(&env);
    waits_for_line(&human, "reserved for you · type to acquire");
    human.type_text("c");
    waits_for_line(&human, "C-b U gives it up");
    human.prefix("U");
    human.wait_until("the pane is shared", |screen| !screen.last_row().contains("control"));
    agent.ok(&["send", "-t", "%0", "d"]);
    wait_typed(&mut probe, "the agent types again", |typed| typed.ends_with('d') && !typed.contains('b'));
}

/// T25. Epochs grow, the human's hold stands, the agent's is suspended until it is there again; and the journal says all of it.
#[test]
fn when_the_server_is_killed_the_human_keeps_control_and_the_agent_proves_itself() {
    let env = Env::new();
    let (mut probe, mut human) = scene(&env);
    let (_other, _) = Probe::start(&env, "other", &["split", "-d", "-t", "%0"]);
    env.ok(&["control", "acquire", "-t", "%1"]);
    let mut agent = Agent::start(&env, &["agent:claude"]);
    hand_over(&mut human, &mut agent);
    agent.ok(&["send", "-t", "%0", "before"]);
    let (mine, its) = (live(&env, "%1"), live(&env, "%0"));
    for round in 1..=2 {
        env.kill_server();
        assert_eq!(live(&env, "%1"), (mine.0.clone(), mine.1 + round, mine.2.clone()), "the human's hold");
        let status = env.json(&["control", "status", "-t", "%0"]);
        assert_eq!((&status["holder"], &status["suspended"]["name"]), (&Value::Null, &"claude".into()), "{status}");
        // Another agent does not get what is not its.
        let mut other = Agent::start(&env, &["agent:other"]);
        assert_eq!(other.run(&["control", "acquire", "-t", "%0", "--json"]).code, 1);
        // Nor does another process of that name.
        let mut namesake = Agent::start(&env, &["agent:claude"]);
        let refused = namesake.refused(&["send", "-t", "%0", "--json", "forged"]);
        assert_eq!(env.json(&["control", "status", "-t", "%0"])["holder"], Value::Null, "{refused}");
        drop(namesake);
        agent.ok(&["send", "-t", "%0", "again"]);
        let now = live(&env, "%0");
        assert_eq!((&now.0, &now.2), (&its.0, &its.2), "its hold is its again");
        assert!(now.1 > its.1);
        for pane in ["%0", "%1"] {
            assert_eq!(folded(&env, pane), live(&env, pane), "the journal folded is the state of {pane}");
        }
        env.ok(&["history", "--verify"]);
    }
    assert_eq!(probe.await_typed(16), "beforeagainagain");
}

/// Two devices of one human are one operator: neither takes anything from the other, and nothing is said about it.
#[test]
fn two_devices_of_one_human_type_in_turn() {
    let env = Env::new();
    let (mut probe, mut laptop) = scene(&env);
    let mut phone = client(&env);
    let mut wanted = String::new();
    for held in [false, true] {
        if held {
            laptop.prefix("k");
            waits_for_line(&laptop, "you have control");
            waits_for_line(&phone, "you have control");
        }
        let epoch = live(&env, "%0").1;
        for round in 0..10 {
            for (device, name) in [(&mut laptop, 'l'), (&mut phone, 'p')] {
                let text = format!("{name}{round}.");
                device.type_text(&text);
                wanted.push_str(&text);
                assert_eq!(probe.await_typed(wanted.len()), wanted);
            }
        }
        assert_eq!(live(&env, "%0").1, epoch, "nothing passed on");
        assert!(!phone.screen().last_row().contains("not typed"));
    }
}

/// All files under a folder that have `text` in them, as it is or in hexadecimal digits.
fn files_with(folder: &std::path::Path, text: &str) -> Vec<std::path::PathBuf> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else {
            let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
            found.extend(std::fs::read(&path).is_ok_and(|bytes| has(&bytes, text) || has(&bytes, &hex)).then_some(path));
        }
    }
    found
}

/// What is asked for with echo off is a human's to answer, and is nowhere afterwards.
#[test]
fn a_password_prompt_is_for_humans() {
    let env = Env::with_config("[control]\nsecret-prompt = \"refuse\"\n");
    let script = "stty -echo; printf 'Password: '; read word; stty echo; echo; echo read-${#word}; exec cat";
    env.ok(&["new", "-d", "-s", "work", "--", "sh", "-c", script]);
    let mut human = client(&env);
    human.wait_until("the password is asked for", |screen| screen.has("Password:"));
    let mut agent = Agent::start(&env, &["agent:claude"]);
    hand_over(&mut human, &mut agent);
    let refused = agent.refused(&["send", "-t", "%0", "--json", "guess-4711", "Enter"]);
    assert_eq!(refused["code"], "secret_prompt", "{refused}");
    human.type_text("x");
    waits_for_line(&human, "you took control");
    human.type_line("xyzzy-plugh-0815");
    human.wait_until("the program read it all", |screen| screen.has("read-16"));
    hand_back(&mut human, "go on");
    agent.ok(&["send", "-t", "%0", "in-the-open", "Enter"]);
    human.wait_until("the agent types on", |screen| screen.count("in-the-open") == 2);
    let events = journal(&env, &["--kind", "input."]);
    assert!(events.iter().any(|event| event["reason"] == "secret_prompt"), "{events:?}");
    assert!(events.iter().any(|event| event["event"] == "input.accepted" && event["actor"]["kind"] == "human"), "{events:?}");
    for secret in ["xyzzy-plugh", "guess-4711"] {
        assert_eq!(files_with(&env.log(), secret), Vec::<std::path::PathBuf>::new());
    }
    assert!(!files_with(&env.log(), "in-the-open").is_empty(), "what an agent writes with echo on is in the journal");
}

/// Whoever takes a pane in the middle of somebody's paste types behind its end, never in it.
#[test]
fn a_paste_is_never_cut() {
    let env = Env::new();
    let (mut probe, mut human) = scene(&env);
    probe.say("\x1b[?2004hpastes are bracketed\r\n");
    human.wait_until("the program asks for brackets", |screen| screen.has("pastes are bracketed"));
    let mut agent = Agent::start(&env, &["agent:claude"]);
    hand_over(&mut human, &mut agent);
    let pid = u32::try_from(probe.report().pid).unwrap();
    let paste = "0123456789".repeat(10_000);
    agent.ok(&["send", "--paste", "-t", "%0", "whole"]);
    assert_eq!(probe.await_typed(17), "\x1b[200~whole\x1b[201~");
    // The program does not read, so that most of the paste waits.
    procs::signal(pid, Signal::STOP);
    let baton = quoted(&binary().display().to_string());
    agent.tell(&format!("{baton} send --paste -t %0 {paste} >/dev/null 2>&1 &"));
    env.wait_json("a part of the paste is on its way", &["history", "--kind", "input.accepted"], |history| {
        list(&history["events"]).iter().filter(|event| event["actor"]["kind"] == "agent").count() >= 2
    });
    human.type_text("q");
    waits_for_line(&human, "you took control");
    human.type_text("MINE");
    procs::signal(pid, Signal::CONT);
    let typed = wait_typed(&mut probe, "the human's words are read", |typed| typed.ends_with("MINE"));
    let rest = typed.strip_prefix("\x1b[200~whole\x1b[201~").unwrap();
    let pasted = rest.strip_prefix("\x1b[200~").and_then(|rest| rest.strip_suffix("\x1b[201~MINE"));
    let pasted =
        pasted.unwrap_or_else(|| panic!("the paste is closed before anything else comes: …{:?}", &rest[rest.len().saturating_sub(80)..]));
    assert!(paste.starts_with(pasted) && !pasted.is_empty(), "what there is of it is its beginning");
}

/// A shell script in a pane of its own, with `$BATON` in it; waits until it has written `done`. Gives the folder that it wrote to.
fn script_in_pane(env: &Env, name: &str, script: &str) -> std::path::PathBuf {
    let folder = env.path(name);
    std::fs::create_dir(&folder).unwrap();
    let whole = format!("BATON={}; cd {}\n{script}\necho done >done; exec cat", quoted(&binary().display().to_string()), folder.display());
    env.ok(&["new", "-d", "-s", name, "--", "sh", "-c", &whole]);
    repeat_until(&format!("the script {name} has run"), || {
        if folder.join("done").exists() { Ok(()) } else { Err(env.run(&["read", "-t", name]).stdout) }
    });
    folder
}

fn file(folder: &std::path::Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_default()
}

/// A program in a pane is never the human, whatever it says and hides.
#[test]
fn nobody_in_a_pane_passes_for_the_human() {
    let env = Env::new();
    env.ok(&["new", "-d", "-s", "work", "--", "sh", "-c", "echo $BATON_TOKEN >$HOME/token; exec cat"]);
    repeat_until("the other pane's token is known", || {
        env.ok(&["status"]);
        std::fs::read_to_string(env.home().join("token")).ok().filter(|token| token.len() > 10).ok_or_else(String::new)
    });
    env.ok(&["control", "acquire", "-t", "work"]);
    let tricks = [
        ("plain", ""),
        ("hidden", "env -u BATON_PANE -u BATON_TOKEN"),
        ("other", "env BATON_PANE=%0 BATON_TOKEN=$(cat $HOME/token)"),
        ("token", "env -u BATON_PANE BATON_TOKEN=$(cat $HOME/token)"),
        ("rubbish", "env BATON_PANE=%99 BATON_TOKEN=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        ("setsid", "setsid -w env -u BATON_PANE -u BATON_TOKEN"),
    ];
    let mut script = String::new();
    for (name, trick) in tricks {
        script.push_str(&format!(
            "{trick} $BATON whoami --json >{name}.who 2>&1 </dev/null\n{trick} $BATON control force -t %0 --json because >{name}.force 2>&1 </dev/null\necho $? >{name}.code\n"
        ));
    }
    // An orphan with no terminal, that has left its pane's tree.
    script.push_str("setsid -f sh -c 'sh -c \"env -u BATON_PANE -u BATON_TOKEN $1 whoami --json >orphan.tmp 2>&1; mv orphan.tmp orphan.who\" & exit' sh $BATON\n");
    script.push_str("while ! [ -e orphan.who ]; do $BATON status >/dev/null; done\n");
    let folder = script_in_pane(&env, "tricks", &script);
    for name in ["plain", "hidden", "other", "token", "rubbish", "setsid", "orphan"] {
        let who: Value = serde_json::from_str(&file(&folder, &format!("{name}.who"))).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(who["operator"].is_object() || who["error"].is_object(), "{name}: {who}");
        assert_ne!(who["operator"]["kind"], "human", "{name}: {who}");
        if name != "orphan" {
            assert_eq!(file(&folder, &format!("{name}.code")).trim(), "1", "{name}: {}", file(&folder, &format!("{name}.force")));
        }
    }
    assert_eq!(env.json(&["control", "status", "-t", "work"])["holder"]["operator"]["kind"], "human");
    let refused = journal(&env, &["--kind", "operator.refused"]);
    assert!(refused.len() >= 2, "what was claimed and not believed is written down: {refused:?}");
    // A full-screen client in a pane is a program like any other.
    env.ok(&[
        "new",
        "-d",
        "-s",
        "inner",
        "--",
        "sh",
        "-c",
        &format!("env -u BATON -u BATON_PANE -u BATON_TOKEN {} attach -t work", quoted(&binary().display().to_string())),
    ]);
    let roster = env.wait_json("the client in the pane is attached", &["roster"], |roster| {
        list(&roster["operators"]).iter().any(|there| list(&there["attachments"]).iter().any(|seat| !seat["session"].is_null()))
    });
    for there in list(&roster["operators"]).iter().filter(|there| !list(&there["attachments"]).is_empty()) {
        assert_ne!(there["kind"], "human", "{roster}");
    }
}

/// What people script today goes on working, and is written down as theirs; an agent may not the same.
#[test]
fn a_script_in_a_pane_writes_to_another_and_an_agent_may_not() {
    let env = Env::new();
    let (mut probe, _) = Probe::start(&env, "program", &["new", "-d", "-s", "work"]);
    let script = "$BATON send -t %0 by-script; echo $? >script\n$BATON as agent:x -- $BATON send -t %0 --json by-agent 2>agent.err; echo $? >agent\n";
    let folder = script_in_pane(&env, "editor", script);
    assert_eq!((file(&folder, "script").trim(), file(&folder, "agent").trim()), ("0", "1"), "{}", file(&folder, "agent.err"));
    let refused: Value = serde_json::from_str(&file(&folder, "agent.err")).unwrap();
    assert_eq!(refused["error"]["code"], "not_permitted", "{refused}");
    assert_eq!(probe.await_typed(9), "by-script");
    let args = ["history", "-t", "%0", "--kind", "input."];
    let history = env.wait_json("what was written and refused is in the journal", &args, |history| list(&history["events"]).len() == 2);
    let (accepted, rejected) = (&history["events"][0], &history["events"][1]);
    assert_eq!((&accepted["event"], &accepted["actor"]["kind"]), (&"input.accepted".into(), &"service".into()), "{history}");
    assert!(accepted["on_behalf_of"].is_string(), "{history}");
    assert_eq!((&rejected["event"], &rejected["actor"]["kind"]), (&"input.rejected".into(), &"agent".into()), "{history}");
}

/// Ending the server is for people: in the terminal, from a pane, and by the message that needs no hello.
#[test]
fn an_agent_does_not_end_the_server() {
    let env = Env::new();
    let (mut probe, _) = Probe::start(&env, "program", &["new", "-d", "-s", "work"]);
    let mut agent = Agent::start(&env, &["agent:claude"]);
    let server = env.server_pid();
    assert_eq!(agent.run(&["kill", "server"]).code, 1);
    // The two frames as every release writes them, by a process that is the agent's.
    for message in [ClientMessage::Kill, ClientMessage::Upgrade(binary().display().to_string())] {
        let mut bytes = Vec::new();
        encode(&message, &mut bytes).unwrap();
        let raw = env.path("frame");
        std::fs::write(&raw, &bytes).unwrap();
        let (code, said) = agent.says_to_socket(&env.socket(), &raw);
        assert_eq!(code, 0, "{said:?}");
        assert!(String::from_utf8_lossy(&said).contains("not_permitted"), "{said:?}");
    }
    assert_eq!((env.server_pid(), probe.bump() > 0), (server, true));
    assert!(!journal(&env, &["--kind", "operator.refused"]).is_empty());
    let keeper = env.keeper_pid();
    drop(probe);
    env.ok(&["kill", "server"]);
    procs::wait_end(keeper, "a human ends everything");
}

/// `baton kill server` typed at the shell in a pane works as ever.
#[test]
fn a_human_ends_the_server_from_within_a_pane() {
    let env = Env::new();
    let mut human = env.terminal(&["new", "-s", "work"]);
    human.wait_until("the shell is ready", |screen| screen.has("ready>"));
    let keeper = env.keeper_pid();
    human.type_line(&format!("{} kill server", quoted(&binary().display().to_string())));
    procs::wait_end(keeper, "the keeper has ended");
    human.wait_end("the client has nothing more to show");
}

/// The proposals that wait.
fn proposals(env: &Env) -> Vec<Value> {
    let waiting = env.json(&["control", "status", "-t", "%0"]);
    list(&waiting["proposals"]).to_vec()
}

/// What a supervised agent types is shown whole with its escapes, and is written exactly, or not at all.
#[test]
fn a_supervised_agent_types_what_a_human_approves() {
    let env = Env::new();
    let (mut probe, mut human) = scene(&env);
    let mut agent = Agent::start(&env, &["agent:claude"]);
    env.ok(&["control", "offer", "-t", "%0", "--supervised", "agent:claude"]);
    agent.ok(&["control", "accept", "-t", "%0"]);
    waits_for_line(&human, "claude (agent) has control, supervised");
    // Approved by key: these bytes and no others.
    let sent = "ls\x1b[31m\u{202e}é";
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| agent.run(&["send", "-t", "%0", "--json", sent, "Enter"]));
        let screen = human.wait_until("the card is there", |screen| screen.has("claude (agent) wants to type into %0"));
        let shown = screen.find("[31m").unwrap_or_else(|| panic!("the text is shown:\n{screen}"));
        assert!(
            shown.contains("ls\\e[31m") || shown.contains("ls\\x1b[31m") || shown.contains("ls^[[31m"),
            "the escape is visible: {shown}"
        );
        assert!(!shown.contains('\u{202e}') && shown.contains("202e") && shown.contains('é'), "what reorders is written out: {shown}");
        assert!(probe.typed().is_empty(), "nothing is written before");
        human.prefix("y");
        let outcome = sending.join().unwrap();
        assert_eq!(outcome.code, 0, "{outcome:?}");
    });
    let wanted = format!("{sent}\r");
    assert_eq!(probe.await_typed(wanted.len()), wanted);
    // Denied by key: the agent is told, and nothing is written.
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| agent.refused(&["send", "-t", "%0", "--json", "rm -rf .", "Enter"]));
        human.wait_until("the next card is there", |screen| screen.has("rm -rf ."));
        // A card that has just taken another's place cannot be answered yet; this one came to an empty place.
        human.prefix("N");
        assert_eq!(sending.join().unwrap()["code"], "approval_denied");
    });
    // Nobody approves their own.
    let baton = quoted(&binary().display().to_string());
    agent.tell(&format!("{baton} send -t %0 self </dev/null >/dev/null 2>&1 &"));
    let own = repeat_until("its proposal waits", || proposals(&env).first().cloned().ok_or_else(|| "none".to_owned()));
    let number = own["id"].to_string();
    let refused = agent.refused(&["approve", &number, "-y", "--json"]);
    assert_eq!(refused["code"], "not_permitted", "{refused}");
    env.ok(&["approve", &number, "--deny", "no"]);
    assert_eq!(proposals(&env), Vec::<Value>::new());
    assert_eq!(probe.typed(), wanted);
    let events: Vec<String> =
        journal(&env, &["--kind", "proposal."]).iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect();
    let (staged, denied) = ("proposal.staged", "proposal.denied");
    assert_eq!(events, [staged, "proposal.approved", staged, denied, staged, denied]);
}
