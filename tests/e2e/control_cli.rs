//! Control from a shell: verbs, answers, exit codes, refusals that say what to do.

use serde_json::Value;

use crate::support::Env;

fn error(env: &Env, code: i32, args: &[&str]) -> Value {
    let outcome = env.run(args);
    assert_eq!(outcome.code, code, "{args:?}: {outcome:?}");
    let error: Value = serde_json::from_str(&outcome.stderr).unwrap_or_else(|_| panic!("{outcome:?}"));
    error["error"].clone()
}

/// Waits until `cat` has said the line that the terminal echoed.
fn wait_twice(env: &Env, text: &str) {
    env.wait_json("the line and its echo", &["read", "-t", "work"], |read| read["text"].as_str().unwrap().matches(text).count() == 2);
}

#[test]
fn control_is_acquired_released_locked_and_shared() {
    let env = Env::new();
    env.ok(&["new", "-d", "-s", "work", "--", "cat"]);
    assert_eq!(env.ok(&["control", "status"]).trim_end(), "%0 shared: everybody with the right writes, epoch 1");
    let held = env.json(&["control", "acquire", "-t", "work", "--for", "10m"]);
    assert_eq!((&held["pane"], &held["mode"], &held["epoch"]), (&"%0".into(), &"held".into(), &2.into()), "{held}");
    assert_eq!(held["holder"]["operator"]["kind"], "human");
    assert!(env.ok(&["control", "status", "-t", "work"]).contains("acquired 0 s ago"));
    // T12: back to shared, and the epoch grew; both forms of the list have the same panes.
    let shared = env.json(&["control", "release", "-t", "%0"]);
    assert_eq!((&shared["mode"], &shared["epoch"]), (&"shared".into(), &3.into()));
    assert_eq!(env.json(&["control", "status"])["panes"][0], shared);
    // T19: nobody writes to a locked pane.
    env.ok(&["control", "mode", "locked", "-t", "work"]);
    let refused = error(&env, 1, &["send", "-t", "work", "--json", "x"]);
    assert_eq!((&refused["code"], &refused["next"]), (&"not_permitted".into(), &"control.mode".into()), "{refused}");
    assert_eq!(refused["retryable"], false);
    env.ok(&["control", "mode", "shared", "-t", "work"]);
    env.ok(&["send", "-t", "work", "typed", "Enter"]);
    env.wait_text("%0", "typed");
}

#[test]
fn input_of_another_epoch_or_screen_is_refused() {
    let env = Env::new();
    env.ok(&["new", "-d", "-s", "work", "--", "cat"]);
    env.ok(&["control", "mode", "held", "-t", "work"]);
    let now = env.json(&["control", "mode", "shared", "-t", "work"])["epoch"].as_u64().unwrap();
    let stale = error(&env, 1, &["send", "-t", "work", "--epoch", "1", "--json", "x"]);
    assert_eq!((&stale["code"], &stale["next"]), (&"stale_epoch".into(), &"read".into()), "{stale}");
    env.ok(&["send", "-t", "work", "--epoch", &now.to_string(), "abc", "Enter"]);
    wait_twice(&env, "abc");
    let seq = env.json(&["read", "-t", "work"])["seq"].as_u64().unwrap();
    env.ok(&["send", "-t", "work", "--expect-seq", &seq.to_string(), "def", "Enter"]);
    wait_twice(&env, "def");
    assert_eq!(error(&env, 1, &["send", "-t", "work", "--expect-seq", &seq.to_string(), "--json", "x"])["code"], "stale_seq");
}

#[test]
fn what_cannot_be_done_has_its_exit_code() {
    let env = Env::new();
    for args in
        [&["control", "status"][..], &["approve"], &["history"], &["whoami"], &["as", "agent:a", "--", "true"], &["token", "agent:a"]]
    {
        env.refused(5, args);
    }
    env.ok(&["new", "-d", "-s", "work", "--", "cat"]);
    for verb in ["accept", "decline", "withdraw", "cancel", "grant", "deny", "hand-back"] {
        assert_eq!(error(&env, 1, &["control", verb, "-t", "work", "--json"])["code"], "bad_request", "{verb}");
    }
    assert_eq!(error(&env, 3, &["control", "take", "-t", "%99", "--json"])["exit_code"], 3);
    assert_eq!(error(&env, 3, &["control", "offer", "-t", "work", "--json", "nobody-here"])["code"], "no_such_target");
    assert_eq!(error(&env, 4, &["control", "wait", "-t", "work", "--timeout", "50ms", "--json"])["code"], "timeout");
    assert_eq!(env.ok(&["approve"]), "");
    env.refused(3, &["approve", "7"]);
    env.refused(2, &["control", "mode", "open"]);
    env.refused(2, &["as", "human:ann"]);
}

/// T5 wakes who waits.
#[test]
fn who_waits_for_control_is_told() {
    let env = Env::new();
    env.ok(&["new", "-d", "-s", "work", "--", "cat"]);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| env.json(&["control", "wait", "-t", "work", "--after", "1", "--timeout", "1m"]));
        env.ok(&["control", "acquire", "-t", "work"]);
        assert_eq!(waiting.join().unwrap()["epoch"], 2);
    });
    assert_eq!(env.json(&["control", "wait", "-t", "work", "--mine"])["holder"]["via"], "acquire");
    // Who has control gives it up; revoking is for others.
    assert!(error(&env, 1, &["control", "revoke", "-t", "work", "--json"])["message"].as_str().unwrap().contains("control release"));
    let shared = env.json(&["control", "mode", "shared", "-t", "work"]);
    assert_eq!((&shared["mode"], &shared["holder"]), (&"shared".into(), &Value::Null));
}

/// T18 and the rule's name in the refusal: a rule that is added while the server runs holds at once.
#[test]
fn a_rule_holds_as_soon_as_it_is_written() {
    let env = Env::new();
    env.write_config("");
    env.ok(&["new", "-d", "-s", "prod", "--", "cat"]);
    env.ok(&["control", "acquire", "-t", "prod"]);
    env.write_config("[[control.rule]]\nname = \"nobody in prod\"\nsession = \"prod\"\ndeny = [\"input\"]\n");
    env.ok(&["reload"]);
    let status = env.json(&["control", "status", "-t", "prod"]);
    assert_eq!(status["holder"], Value::Null, "{status}");
    let refused = error(&env, 1, &["control", "acquire", "-t", "prod", "--json"]);
    assert_eq!(refused["code"], "not_permitted", "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("nobody in prod"), "{refused}");
}
