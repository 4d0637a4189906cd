//! `baton history`: who did what, a line an event, the newest last.
//!
//! The lines are the journal's own JSON; with `--json` they are passed on as they are. For people the fields that every event has become columns, and what is
//! particular to one stands behind them. A line of a newer release is shown as far as it is understood.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::protocol::message::{JournalQuery, Reply, Request};

use super::connect::Link;
use super::failure::Failure;
use super::output::{Table, ago, now_ms, print, print_json};
use super::paths::Paths;
use super::{identity, unexpected};

/// Prints lines of the journal.
///
/// # Errors
/// No server, no such pane, the journal is not whole (`--verify`).
pub fn run(paths: &Paths, target: Option<&str>, query: &JournalQuery, json: bool) -> Result<(), Failure> {
    let mut link = Link::open(paths)?;
    let mut query = query.clone();
    query.pane = match target {
        // The id of a pane that ended names it still.
        Some(target) => Some(target.parse().map_or_else(|_| identity::pane(&mut link, paths, target), Ok)?),
        None => None,
    };
    query.since_ms = query.since_ms.or_else(|| Some(now_ms().saturating_sub(query.since_ago_ms?)));
    let verify = query.verify == Some(true);
    match link.ask(paths, &Request::Journal(query))? {
        Reply::Journal(lines, _) if verify && json => print(&(lines.join("\n") + "\n")),
        Reply::Journal(..) if verify => print("the journal is whole: nothing was changed, left out or put in\n"),
        Reply::Journal(lines, more) => {
            if json {
                return events_json(&lines, more);
            }
            print(&events_text(&lines))?;
            if more && !lines.is_empty() {
                super::output::note("older events are not shown: -n or --since say how many, --json prints all fields");
            }
            Ok(())
        }
        other => Err(unexpected(&other)),
    }
}

/// The lines for programs.
///
/// # Errors
/// When it cannot be written.
pub fn events_json(lines: &[String], more: bool) -> Result<(), Failure> {
    let events: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    print_json(&serde_json::json!({ "events": events, "truncated": more }))
}

/// The lines for people.
#[must_use]
pub fn events_text(lines: &[String]) -> String {
    let events: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if events.is_empty() {
        return String::new();
    }
    // An event names who did it, and everybody else by id: those who did something here have a name.
    let names: BTreeMap<String, String> =
        events.iter().filter_map(|event| Some((id(&event["actor"]["id"]), event["by"].as_str()?.to_owned()))).collect();
    let mut table = Table::new(&["WHEN", "PANE", "EVENT", "BY", "EPOCH", "WHAT"]);
    for event in &events {
        let number = |name: &str| event[name].as_u64().unwrap_or(0);
        let epochs = match (number("epoch_before"), number("epoch_after")) {
            (0, 0) => "-".to_owned(),
            (before, after) if before == after => after.to_string(),
            (before, after) => format!("{before}>{after}"),
        };
        table.row(vec![
            ago(number("ts")),
            event["pane"].as_str().unwrap_or("-").to_owned(),
            event["event"].as_str().unwrap_or("?").to_owned(),
            by(event),
            epochs,
            what(event, &names),
        ]);
    }
    table.text()
}

/// Who did it: `agent:claude`; the clock and the like did not.
fn by(event: &Value) -> String {
    let actor = &event["actor"];
    let Some(kind) = actor["kind"].as_str() else {
        return format!("({})", event["cause"].as_str().unwrap_or("nobody"));
    };
    let name = event["by"].as_str().map_or_else(|| id(&actor["id"]), str::to_owned);
    format!("{kind}:{name}")
}

/// An operator's id, which stands in JSON as text or as a number.
fn id(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => format!("o{number}"),
        _ => "?".to_owned(),
    }
}

/// What else there is to say of an event, as far as it is known.
fn what(event: &Value, names: &BTreeMap<String, String>) -> String {
    let name = |value: &Value| names.get(&id(value)).cloned().unwrap_or_else(|| id(value));
    let mut parts: Vec<String> = Vec::new();
    let bytes = |value: &Value| value.as_u64().map(|bytes| format!("{bytes} bytes"));
    for holder in [&event["hold"], &event["next"]].into_iter().filter(|hold| hold.is_object()) {
        parts.push(format!("{} has control", name(&holder["operator"]["id"])));
        if holder["supervised"].as_bool() == Some(true) {
            parts.push("supervised".to_owned());
        }
    }
    if event["offer"].is_object() {
        parts.push(format!("to {}", name(&event["offer"]["to"]["id"])));
    }
    if let Some(why) = event["request"]["why"].as_str().filter(|why| !why.is_empty()) {
        parts.push(why.to_owned());
    }
    if let Some(mode) = event["mode"].as_str() {
        parts.push(mode.to_owned());
    }
    if let Some(frames) = event["frames"].as_u64() {
        parts.push(format!("{frames} frames"));
    }
    parts.extend(bytes(&event["bytes"]));
    if let Some(status) = event["status"].as_i64() {
        parts.push(format!("exit {status}"));
    }
    if let Some(signal) = event["signal"].as_i64() {
        parts.push(format!("signal {signal}"));
    }
    for text in ["note", "reason"] {
        parts.extend(event[text].as_str().map(str::to_owned));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_an_event_whatever_is_in_it() {
        let lines = [
            r#"{"seq":1,"pane":"%3","ts":0,"epoch_before":3,"epoch_after":4,"actor":{"id":"o2","kind":"human"},"by":"ann","cause":"key","event":"control.taken","hold":{"operator":{"id":"o2","kind":"human"},"supervised":false}}"#,
            r#"{"seq":2,"ts":0,"epoch_before":0,"epoch_after":0,"actor":null,"cause":"policy","event":"policy.changed"}"#,
            r#"{"seq":3,"pane":"%3","ts":0,"epoch_before":4,"epoch_after":4,"actor":{"id":"o3","kind":"agent"},"cause":"command","event":"input.rejected","bytes":3,"reason":"not\u001b[2J_holder"}"#,
            r#"{"event":7}"#,
            "not json",
        ]
        .map(str::to_owned);
        let text = events_text(&lines);
        let rows: Vec<&str> = text.lines().skip(1).map(|row| row.split_once("ago").map_or(row, |(_, rest)| rest.trim())).collect();
        assert_eq!(
            rows,
            [
                "%3    control.taken   human:ann  3>4    ann has control",
                "-     policy.changed  (policy)   -",
                "%3    input.rejected  agent:o3   4      3 bytes, not\u{fffd}[2J_holder",
                "-     ?               (nobody)   -",
            ],
            "{text}"
        );
        assert_eq!(events_text(&[]), "");
    }
}
