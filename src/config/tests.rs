//! The defaults are whole, warnings stand where they should, formats and styles say what they say.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::borrow::Cow;

use proptest::prelude::*;
use toml::de::DeTable;

use super::format::{self, Lookup, Time};
use super::schema::FIELDS;
use super::*;
use crate::command::{Command, ViewCommand};
use crate::ids::PaneId;
use crate::operator::{Kind, Place, Policy, Right, Role, Subject, Takeover, Times};
use crate::terminal::keys::Key;

fn key(name: &str) -> Key {
    Key::parse(name).unwrap()
}

/// The user's file over the defaults, and its warnings as they are shown.
fn read(text: &str) -> (Config, Vec<String>) {
    let (config, warnings) = parse(text, "config.toml");
    (config, warnings.iter().map(ToString::to_string).collect())
}

#[test]
fn defaults_are_whole() {
    let (_, warnings) = super::parse::defaults();
    assert_eq!(warnings, [], "config/default.toml has warnings");
    let (document, errors) = DeTable::parse_recoverable(DEFAULT_TEXT);
    assert!(errors.is_empty(), "{errors:?}");
    for field in FIELDS {
        let set = document.get_ref().get(field.section).and_then(|table| table.get_ref().get(field.key));
        assert!(set.is_some(), "config/default.toml does not set {}.{}", field.section, field.key);
    }
    // Nothing more: unknown options are warnings, and there were none. The user's reader also checks commands and formats.
    let (config, warnings) = read(DEFAULT_TEXT);
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(config, Config::default());
}

#[test]
fn every_option_is_explained() {
    for field in FIELDS {
        let explained = manual::options()
            .into_iter()
            .any(|option| option.section == field.section && option.key == Some(field.key.to_owned()) && !option.text.is_empty());
        assert!(explained, "config/default.toml has no comment above {}.{}", field.section, field.key);
    }
}

#[test]
fn themes_are_right() {
    for (name, text) in THEMES {
        assert_eq!(read(text).1, Vec::<String>::new(), "theme {name}");
        let (config, warnings) = read(&format!("[colors]\ntheme = \"{name}\"\nkey = \"fg=red\"\n"));
        assert_eq!(warnings, Vec::<String>::new());
        assert_ne!(config.colors.status, Config::default().colors.status, "theme {name} changes nothing");
        assert_eq!(config.colors.key, Style::parse("fg=red").unwrap(), "the user's own colours come last");
    }
}

#[test]
fn a_user_file_is_laid_over_the_defaults() {
    let (config, warnings) = read(
        "[general]\nbase-index = 1\n[history]\nbytes = \"2 MiB\"\n[keys.prefix]\n\"|\" = \"split -h\"\n\"x\" = \"\"\n\"z\" = \"none\"\n",
    );
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(config.general.base_index, 1);
    assert_eq!(config.history.bytes, 2 << 20);
    assert_eq!(config.history.lines, Config::default().history.lines);
    assert_eq!(config.keys.lookup("prefix", key("|")).unwrap().run, "split -h");
    assert_eq!(config.keys.lookup("prefix", key("x")), None);
    assert_eq!(config.keys.lookup("prefix", key("z")), None);
    assert!(config.keys.lookup("prefix", key("c")).is_some());
}

#[test]
fn warnings_say_where_and_what_was_meant() {
    for (text, expected) in [
        ("[general]\nprefx = \"C-a\"\n", "config.toml:2:1: unknown option `prefx` in [general]; did you mean `prefix`?"),
        ("[generl]\nprefix = \"C-a\"\n", "config.toml:1:2: unknown section [generl]; did you mean [general]?"),
        ("prefix = \"C-a\"\n", "config.toml:1:1: `prefix` belongs in the section [general]"),
        ("[status]\nescape-ms = 5\n", "config.toml:2:1: unknown option `escape-ms` in [status]; it belongs in [times]"),
        ("[mouse]\nenabled = \"yes\"\n", "config.toml:2:11: enabled: expected true or false, found \"yes\""),
        ("[mouse]\n  wheel-lines = 0\n", "config.toml:2:17: wheel-lines: expected a whole number from 1 to 100, found 0"),
        ("[general]\nprefix = \"Ctrl+a\"\n", "config.toml:2:10: prefix: `Ctrl+a` is not the name of a key; did you mean \"C-a\"?"),
        (
            "[general]\nwindow-size = \"lastest\"\n",
            "config.toml:2:15: window-size: expected one of \"latest\", \"largest\", \"smallest\", \"manual\", found \"lastest\"; did you mean \"latest\"?",
        ),
        ("[keys.prefix]\n\"C-Entr\" = \"split\"\n", "config.toml:2:1: `C-Entr` is not the name of a key; did you mean \"C-Enter\"?"),
        ("[keys.prefix]\nv = \"splt -h\"\n", "config.toml:2:6: key: unknown command: splt; did you mean `split`?"),
        ("[keys.prefix]\nv = \"split ; zom\"\n", "config.toml:2:14: key: unknown command: zom; did you mean `zoom`?"),
        ("[keys.prefix]\nv = 3\n", "config.toml:2:5: expected a command line in quotes, or { run = \"…\", repeat = true, note = \"…\" }"),
        (
            "[colors]\nstatus = \"fg=gren\"\n",
            "fg=gren` is no part of a style; expected fg=COLOUR, bg=COLOUR, bold, dim, italics, underscore, blink, reverse, hidden, strikethrough, or no before one of them; did you mean fg=green?",
        ),
        ("[status]\nleft = \"#{sesion_name}\"\n", "config.toml:2:11: left: `sesion_name` is no variable; did you mean session_name?"),
    ] {
        let (config, warnings) = read(text);
        assert_eq!(warnings.len(), 1, "{text}: {warnings:?}");
        assert!(warnings[0].ends_with(expected), "{text}: {}", warnings[0]);
        assert_eq!(config, Config::default(), "{text}: what is wrong keeps its default");
    }
}

#[test]
fn rules_become_a_policy() {
    let (config, warnings) = read(
        "[control]\ntakeover = \"ask\"\noffer-s = 7\n\n[[control.rule]]\nname = \"no agents in prod\"\nkind = [\"agent\", \"device\"]\nsession = \"prod*\"\ndeny = [\"input\", \"signal\", \"kill\"]\n\n[[control.rule]]\noperator = \"claude\"\npane = \"%7\"\ngiven = false\nallow = \"input, resize\"\n",
    );
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!((config.control.takeover, config.control.times().offer_ms), (Takeover::Ask, 7_000));
    assert_eq!(config.control.rules.len(), 2);
    let policy = config.control.policy();
    let rights = |kind, name, pane, session| {
        let subject = Subject { kind, name, role: Role::Participant, given: false };
        policy.rights(&subject, &Place { pane: Some(PaneId(pane)), name: "", session })
    };
    assert!(rights(Kind::Agent, "claude", 7, "work").rights.has(Right::Input));
    assert!(!rights(Kind::Agent, "claude", 8, "work").rights.has(Right::Input));
    let denied = rights(Kind::Agent, "claude", 7, "production").require(Right::Input).unwrap_err().to_string();
    assert!(denied.contains("no agents in prod"), "{denied}");
    assert!(rights(Kind::Human, "ann", 7, "production").rights.has(Right::Input));
    assert_eq!(Config::default().control.times(), Times::DEFAULT, "config/default.toml has the specification's times");
    assert_eq!(Config::default().control.policy(), Policy::default());
}

#[test]
fn an_error_in_a_rule_is_told_and_denies() {
    for (rule, expected, human_types) in [
        (
            "kind = \"agnt\"\nallow = \"all\"",
            "config.toml:2:8: kind: expected human, agent, device, service, or a list of them, found \"agnt\"; the rule denies; did you mean \"agent\"?",
            true,
        ),
        (
            "knd = \"agent\"\ndeny = [\"input\"]",
            "config.toml:2:1: unknown option `knd` of a rule; the rule denies; did you mean `kind`?",
            true,
        ),
        (
            "kind = \"agent\"\nallow = [\"input\", \"kil\"]",
            "config.toml:3:9: allow: expected view, request, input, signal, resize, offer, approve, take, spawn, kill, admin, or a list of them, found a list; the rule denies; did you mean \"kill\"?",
            true,
        ),
        ("kind = \"agent\"", "config.toml:1:1: a rule needs `allow` or `deny`; this one denies everything but `view`", true),
        ("deny = \"inptu\"", "found \"inptu\"; the rule denies; did you mean \"input\"?", false),
        (
            "session = 3\nallow = \"all\"",
            "config.toml:2:11: session: expected a name, or a list of names; `*` stands for anything, found 3; the rule denies",
            true,
        ),
        ("deny = [\"input\"\nkind = ", "", true),
    ] {
        let (config, warnings) = read(&format!("[[control.rule]]\n{rule}\n"));
        assert!(!warnings.is_empty() && warnings[0].ends_with(expected), "{rule}: {warnings:?}");
        let policy = config.control.policy();
        let types = |kind| {
            let subject = Subject { kind, name: "x", role: Role::Participant, given: true };
            policy.rights(&subject, &Place::ANYWHERE).rights.has(Right::Input)
        };
        assert!(!types(Kind::Agent), "{rule}: an agent that was given the pane may not write: {:?}", config.control.rules);
        assert_eq!(types(Kind::Human), human_types, "{rule}");
    }
    let (config, warnings) = read("[control]\nrule = \"none\"\n");
    assert_eq!((warnings.len(), config.control.rules.len()), (1, 1), "{warnings:?}");
}

#[test]
fn what_is_no_toml_keeps_what_can_be_read() {
    let (config, warnings) = read("[general]\nbase-index = 1\nprefix = \n[mouse]\nenabled = false\n");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("config.toml:3:"), "{warnings:?}");
    assert_eq!(config.general.base_index, 1);
    assert!(!config.mouse.enabled);
}

#[test]
fn the_prefix_behind_the_prefix_follows_it() {
    let (config, _) = read("[general]\nprefix = \"C-a\"\n");
    assert_eq!(config.keys.lookup("prefix", key("C-a")).unwrap().run, "send-prefix");
    assert_eq!(config.keys.lookup("prefix", key("C-b")), None);
    let (config, _) = read("[general]\nprefix = \"C-a\"\n[keys.prefix]\n\"C-a\" = \"last-window\"\n");
    assert_eq!(config.keys.lookup("prefix", key("C-a")).unwrap().run, "last-window");
}

#[test]
fn every_default_key_runs() {
    let config = Config::default();
    for (name, table) in config.keys.iter() {
        for (key, binding) in table.iter() {
            let commands = binding.commands();
            assert!(commands.as_ref().is_ok_and(|commands| !commands.is_empty()), "{name} {key}: {commands:?}");
            assert!(!binding.description().starts_with("copy "), "{name} {key}: {}", binding.description());
        }
    }
    assert!(config.keys.table("prefix").unwrap().len() > 80);
    let detach = config.keys.lookup("prefix", key("d")).unwrap().commands().unwrap();
    assert_eq!(detach, [Command::View(ViewCommand::Detach)]);
    assert_eq!(config.keys.keys_for("prefix", "detach").collect::<Vec<_>>(), [key("d")]);
}

#[test]
fn copy_mode_has_vis_keys_for_those_who_use_vi() {
    let config = Config::default();
    for (editor, expected) in [
        (None, "copy-emacs"),
        (Some("/usr/bin/nvim -p"), "copy-vi"),
        (Some("vim"), "copy-vi"),
        (Some("nano"), "copy-emacs"),
        (Some("/opt/vi/emacs"), "copy-emacs"),
    ] {
        assert_eq!(config.copy_table(editor), expected, "{editor:?}");
    }
    assert_eq!(read("[general]\nmode-keys = \"vi\"\n").0.copy_table(None), "copy-vi");
}

struct World;

impl Lookup for World {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match name {
            "session_name" => "work",
            "window_index" => "2",
            "window_name" => "vim",
            "window_active" => "1",
            "pane_title" => "a\u{1b}]0;b#{session_name}\n漢字",
            "pane_current_path" => "/home/ann/src/",
            _ => return None,
        }))
    }

    fn time(&self) -> Option<Time> {
        Some(Time { year: 2026, month: 11, day: 2, hour: 15, minute: 4, second: 9, weekday: 1 })
    }
}

#[test]
fn formats_expand() {
    for (text, expected) in [
        ("#S:#I", "work:2"),
        ("#{session_name} ## 100% %% %H:%M", "work # 100% % 15:04"),
        ("%d-%b-%y %a %R %F %l%p", "02-Nov-26 Mon 15:04 2026-11-02  3PM"),
        ("#{?window_active,yes,no} #{?pane_dead,yes,no} #{?pane_dead,yes}", "yes no "),
        ("#{?window_active,#{?pane_dead,a#,b,c#}d},e}", "c}d"),
        ("#{==:#{session_name},work}#{!=:#{session_name},work}#{&&:#{window_active},1}#{||:0,}#{!:pane_dead}", "10101"),
        ("[#{=2:session_name}] [#{=-2:session_name}] [#{p6:session_name}] [#{p-6:session_name}]", "[wo] [rk] [work  ] [  work]"),
        ("#{b:pane_current_path} #{d:pane_current_path}", "src /home/ann"),
        ("#{=9:#{pane_title}}", "a]0;b#{se"),
        ("#[fg=red]a#[default]b", "ab"),
        ("#{nothing", ""),
        ("#{pane_mode}#x#", "#x#"),
    ] {
        assert_eq!(format::expand(text, &World), expected, "{text}");
    }
}

#[test]
fn formats_have_styles_and_ranges() {
    let base = Style::parse("fg=black,bg=green").unwrap();
    let spans = format::render("#[bold]#S#[default] #[range=clock,x]t#[norange]!", base, &World);
    let bold = Style::parse("bold").unwrap().over(base);
    let shown: Vec<(&str, Style, Option<&str>)> =
        spans.iter().map(|span| (span.text.as_str(), span.style, span.range.as_deref())).collect();
    assert_eq!(shown, [("work", bold, None), (" ", base, None), ("t", base, Some("clock,x")), ("!", base, None)]);
}

#[test]
fn formats_tell_how_often_time_changes_them() {
    assert_eq!(format::period_s("#S"), None);
    assert_eq!(format::period_s("%d %H:%M"), Some(60));
    assert_eq!(format::period_s("#{?window_active,%T,%d}"), Some(1));
    assert_eq!(format::period_s(&Config::default().status.right), Some(60));
}

#[test]
fn deep_formats_end() {
    let deep = "#{?window_active,".repeat(5000);
    assert!(format::check(&deep).is_err());
    assert_eq!(format::expand(&deep, &World), "");
}

#[test]
fn styles_are_laid_over_each_other() {
    let check = |text: &str, expected: &str| assert_eq!(Style::parse(text).unwrap().to_string(), expected, "{text}");
    check("fg=red, bold", "fg=red,bold");
    check("default", "default");
    check("fg=#fff,bg=colour123,underline", "fg=#ffffff,bg=colour123,underscore");
    check("bold,nobold", "nobold");
    check("none,dim", "nobold,noitalics,nounderscore,noblink,noreverse,nohidden,nostrikethrough,dim");
    let over = Style::parse("bg=blue,nobold").unwrap().over(Style::parse("fg=red,bg=green,bold,dim").unwrap());
    assert_eq!(over.to_string(), "fg=red,bg=blue,nobold,dim");
    for bad in ["fg=", "fg=#12", "fg=#ééé", "colour256", "fg=256", "bold!", "fg=+1"] {
        assert!(Style::parse(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn any_text_gives_a_configuration(text in ".{0,400}") {
        let (config, warnings) = parse(&text, "x");
        prop_assert!(!text.is_empty() || config == Config::default());
        prop_assert!(warnings.iter().all(|warning| warning.line >= 1 && warning.column >= 1));
    }

    #[test]
    fn toml_of_any_values_gives_a_configuration(
        entries in prop::collection::vec((0..FIELDS.len(), "(true|-?[0-9]{1,20}|\"[a-zé#{}?,:=%\\[\\] -]{0,12}\"|\\[1, \"a\"\\]|\\{ a = 1 \\}|1.5|2020-01-01)"), 0..8)
    ) {
        let text: String = entries.iter().map(|(at, value)| format!("{}.{} = {value}\n", FIELDS[*at].section, FIELDS[*at].key)).collect();
        let (config, _) = parse(&text, "x");
        // What was kept can be read again the same way.
        prop_assert_eq!(parse(&text, "x").0, config);
    }

    #[test]
    fn any_format_expands(text in "[#{}?,:=!bdp0-9SWIa_% \\[\\]&|-]{0,200}") {
        let wrong = format::check(&text).is_err();
        let shown = format::expand(&text, &World);
        prop_assert!(shown.chars().count() <= 4096 && !shown.contains('\u{1b}'), "{wrong}");
    }

    #[test]
    fn styles_read_what_they_print(fg in 0u8..=255, set in 0u8..=255, unset in 0u8..255) {
        let style = Style { fg: Some(Color::Indexed(fg)), bg: Some(Color::Rgb(fg, 1, 2)), set: style::Attributes(set & !unset), unset: style::Attributes(unset) };
        prop_assert_eq!(Style::parse(&style.to_string()).unwrap(), style);
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "reads, and if asked to writes, a file of the source tree; only a test")]
fn the_manual_is_in_step() {
    const FROM: &str = ".\\\" made from here\n";
    const TO: &str = ".\\\" made to here\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/man/baton-config.5");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(FROM).unwrap();
    let (made, after) = rest.split_once(TO).unwrap();
    let expected = manual::options_roff();
    if std::env::var_os("BATON_BLESS").is_some() {
        std::fs::write(path, format!("{before}{FROM}{expected}{TO}{after}")).unwrap();
    } else {
        assert!(
            made == expected,
            "man/baton-config.5 is out of step with config/default.toml: run BATON_BLESS=1 cargo test the_manual_is_in_step"
        );
    }
    assert!(!expected.lines().any(str::is_empty), "an empty line is a request in roff");
}
