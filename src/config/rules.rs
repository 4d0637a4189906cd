//! `[[control.rule]]`: the rules of who may do what, from TOML to [`Rule`].
//!
//! Elsewhere in the configuration what is wrong keeps its default. Here that would open what somebody meant to close, so **an error in a rule denies**: the
//! rule stays, marked with what could not be read of it ([`Fault`]), and the policy reads it as a denial. Of rights one word that is none makes the whole list
//! unreadable: which right was meant cannot be known. Where the file is no TOML from some rule on, a rule that nobody can read stands for it.

use toml::de::{DeTable, DeValue};

use crate::command::spec::similar;
use crate::operator::{Fault, Kind, Right, Rights, Role, Rule};

use super::read::{self, Bad, Value};

/// Most rules of a file. Each decision looks at all of them.
pub(super) const RULES_MAX: usize = 256;

/// The options of a rule.
const OPTIONS: [&str; 9] = ["name", "kind", "role", "operator", "pane", "session", "given", "allow", "deny"];

/// Something wrong in a rule: where in the text, of which option, what.
pub(super) type Wrong = (std::ops::Range<usize>, &'static str, Bad);

/// The rule that stands for what nobody can read.
pub(super) fn unreadable(name: String) -> Rule {
    Rule { name, fault: Some(Fault::Selection), ..Rule::default() }
}

/// Reads a rule; `number` is its place in the file, from 1.
pub(super) fn rule(table: &DeTable<'_>, span: std::ops::Range<usize>, number: usize) -> (Rule, Vec<Wrong>) {
    let mut rule = Rule { name: format!("control.rule {number}"), ..Rule::default() };
    let mut wrong: Vec<Wrong> = Vec::new();
    let (mut rights_are_bad, mut selection_is_bad) = (false, false);
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let content = value.get_ref();
        let Some(option) = OPTIONS.iter().copied().find(|option| *option == name) else {
            let suggestion = similar(name, OPTIONS.into_iter()).first().map(|near| format!("`{near}`"));
            let bad = Bad { message: format!("unknown option `{name}` of a rule; the rule denies"), suggestion, column: None };
            wrong.push((key.span(), "", bad));
            selection_is_bad = true;
            continue;
        };
        let read = match option {
            "name" => read::text(content).map(|name| rule.name = name),
            "kind" => words(content, Kind::ALL.iter().map(|kind| (kind.word(), *kind))).map(|kinds| rule.kinds = kinds),
            "role" => words(content, Role::ALL.iter().map(|role| (role.word(), *role))).map(|roles| rule.roles = roles),
            "operator" => patterns(content).map(|patterns| rule.operators = patterns),
            "pane" => patterns(content).map(|patterns| rule.panes = patterns),
            "session" => patterns(content).map(|patterns| rule.sessions = patterns),
            "given" => read::switch(content).map(|given| rule.given = Some(given)),
            "allow" => rights(content).map(|rights| rule.allow = rights),
            _ => rights(content).map(|rights| rule.deny = rights),
        };
        if let Err(mut bad) = read {
            match option {
                "name" => {}
                "allow" | "deny" => rights_are_bad = true,
                _ => selection_is_bad = true,
            }
            if option != "name" {
                bad.message.push_str("; the rule denies");
            }
            wrong.push((value.span(), option, bad));
        }
    }
    if !rights_are_bad && !table.contains_key("allow") && !table.contains_key("deny") {
        rights_are_bad = true;
        let message = "a rule needs `allow` or `deny`; this one denies everything but `view`".to_owned();
        wrong.push((span, "", Bad { message, suggestion: None, column: None }));
    }
    if rights_are_bad {
        (rule.allow, rule.deny, rule.fault) = (Rights::NONE, Rights::NONE, Some(Fault::Rights));
    }
    if selection_is_bad {
        rule.fault = Some(Fault::Selection);
    }
    (rule, wrong)
}

/// A word or a list of words.
fn texts<'v>(value: &'v Value<'_>) -> Option<Vec<&'v str>> {
    let list: Option<Vec<&str>> = match value {
        DeValue::String(text) => Some(vec![text.as_ref()]),
        DeValue::Array(list) => list.iter().map(|item| item.get_ref().as_str()).collect(),
        _ => None,
    };
    list.filter(|list| !list.is_empty())
}

fn words<T: Copy>(value: &Value<'_>, known: impl Iterator<Item = (&'static str, T)> + Clone) -> Result<Vec<T>, Bad> {
    let names = || known.clone().map(|(name, _)| name);
    let expected = || Bad::expected(format_args!("{}, or a list of them", names().collect::<Vec<_>>().join(", ")), value);
    let list = texts(value).ok_or_else(expected)?;
    list.into_iter()
        .map(|word| {
            let found = known.clone().find(|(name, _)| *name == word).map(|(_, one)| one);
            found.ok_or_else(|| Bad { suggestion: similar(word, names()).first().map(|name| format!("\"{name}\"")), ..expected() })
        })
        .collect()
}

fn patterns(value: &Value<'_>) -> Result<Vec<String>, Bad> {
    let expected = || Bad::expected("a name, or a list of names; `*` stands for anything", value);
    let list = texts(value).filter(|list| list.iter().all(|pattern| !pattern.is_empty() && pattern.len() <= 256)).ok_or_else(expected)?;
    Ok(list.into_iter().map(str::to_owned).collect())
}

/// A list of rights, or one text with commas; `all` is every right.
fn rights(value: &Value<'_>) -> Result<Rights, Bad> {
    if value.as_str() == Some("all") {
        return Ok(Rights::ALL);
    }
    let known = || Right::ALL.iter().map(|right| (right.word(), *right));
    match value {
        DeValue::String(text) => {
            let list: Vec<&str> = text.split(',').map(str::trim).collect();
            let one = |word: &&str| words(&DeValue::String((*word).into()), known());
            list.iter().map(one).collect::<Result<Vec<_>, _>>().map(|lists| Rights::of(&lists.concat()))
        }
        list => words(list, known()).map(|list| Rights::of(&list)),
    }
}
