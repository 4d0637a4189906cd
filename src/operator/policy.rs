//! Policy: which rights an operator has at a pane, from rules that are plain data.
//!
//! A rule selects operators (kind, role, name) and panes (id, name, whether they were given) and allows or denies rights. All rules that match count, in this
//! way: **deny beats allow, wherever it stands; what no rule allows is denied.** Order only says which rule is named. A rule that could not be read denies what
//! it might have denied: every right it mentions (all but `view`, if they could not be read) to everybody it selects (every non-human, if that could not
//! be read: a typing error must not lock out the person who has to mend it).
//!
//! Two limits stand outside of the rules. A *role* caps what an attachment may do: an observer looks on and may ask. And who speaks *on behalf of* somebody, or
//! holds a minted token, has no right that this somebody has not (I8).
//!
//! Patterns know `*` for anything and nothing else; `%7` is a pane by number.

use super::refusal::Refusal;
use super::types::{Kind, Right, Rights, Role};
use crate::ids::PaneId;

/// Who asks, as far as rules look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: &'a str,
    /// What it was let in as.
    pub role: Role,
    /// Whether the pane was given to it ([`super::Control::is_given`]).
    pub given: bool,
}

/// The pane, as far as rules look at it. There is no field for who made it: that gives no rights (R6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Which.
    pub pane: Option<PaneId>,
    /// What people call it: name or title.
    pub name: &'a str,
    /// The session it is in.
    pub session: &'a str,
}

impl Place<'_> {
    /// No pane in particular.
    pub const ANYWHERE: Place<'static> = Place { pane: None, name: "", session: "" };
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// What refusals call it.
    pub name: String,
    /// The kinds it is for; empty: all.
    pub kinds: Vec<Kind>,
    /// The roles it is for; empty: all.
    pub roles: Vec<Role>,
    /// The names it is for, as patterns; empty: all.
    pub operators: Vec<String>,
    /// The panes it is about, as patterns of number or name; empty: all.
    pub panes: Vec<String>,
    /// The sessions it is about, as patterns of names; empty: all.
    pub sessions: Vec<String>,
    /// Only panes that were given (or, with `false`, that were not) to the operator.
    pub given: Option<bool>,
    /// What it allows.
    pub allow: Rights,
    /// What it denies.
    pub deny: Rights,
    /// What was wrong with it.
    pub fault: Option<Fault>,
}

/// What could not be read of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The rights.
    Rights,
    /// Whom or what it is for, or everything.
    Selection,
}

/// All rules, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The configuration's rules first, then [`Policy::builtin`].
    pub rules: Vec<Rule>,
}

/// Rights, and why the others are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// What is allowed.
    pub rights: Rights,
    /// For each right that is not, in the order of [`Right::ALL`], the rule that says so.
    denied_by: Vec<(Right, String)>,
}

impl Granted {
    /// Whether `right` is allowed.
    ///
    /// # Errors
    /// [`Refusal::NoRight`] with the rule that says no.
    pub fn require(&self, right: Right) -> Result<(), Refusal> {
        if self.rights.has(right) { Ok(()) } else { Err(Refusal::NoRight { right, rule: self.rule_against(right).to_owned() }) }
    }

    /// The rule that says no to `right`.
    #[must_use]
    pub fn rule_against(&self, right: Right) -> &str {
        self.denied_by.iter().find(|(denied, _)| *denied == right).map_or(NO_RULE, |(_, rule)| rule)
    }

    /// I8: the same, without what `principal` has not: for who speaks on its behalf.
    #[must_use]
    pub fn within(mut self, principal: Rights) -> Self {
        for right in self.rights.without(principal).each() {
            self.denied_by.push((right, "the rule that nobody may more than the one they speak for".to_owned()));
        }
        self.rights = self.rights.and(principal);
        self
    }

    /// Everything, for who needs no policy: tests and the server itself.
    #[must_use]
    pub const fn all() -> Self {
        Self { rights: Rights::ALL, denied_by: Vec::new() }
    }
}

const NO_RULE: &str = "the default (what no rule allows is denied)";

/// What each role may at most.
const fn cap(role: Role) -> Rights {
    match role {
        Role::Observer => Rights::of(&[Right::View, Right::Request]),
        Role::Participant => Rights::ALL.without(Rights::of(&[Right::Admin])),
        Role::Admin => Rights::ALL,
    }
}

/// Whether `text` is what `pattern` says: `*` stands for any characters, everything else for itself.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(text) = text.strip_prefix(first).and_then(|text| text.strip_suffix(last)) else { return false };
    // The earliest place for each part leaves the most for those behind it.
    middle.split('*').try_fold(text, |text, part| text.find(part).map(|at| &text[at + part.len()..])).is_some()
}

impl Rule {
    fn selects(&self, subject: &Subject<'_>, place: &Place<'_>) -> bool {
        if self.fault == Some(Fault::Selection) {
            return !subject.kind.is_human();
        }
        let any = |patterns: &[String], texts: &[&str]| {
            patterns.is_empty() || patterns.iter().any(|pattern| texts.iter().any(|text| matches(pattern, text)))
        };
        let number = place.pane.map(|pane| pane.to_string()).unwrap_or_default();
        (self.kinds.is_empty() || self.kinds.contains(&subject.kind))
            && (self.roles.is_empty() || self.roles.contains(&subject.role))
            && any(&self.operators, &[subject.name])
            && any(&self.panes, &[&number, place.name])
            && any(&self.sessions, &[place.session])
            && self.given.is_none_or(|given| given == subject.given)
    }

    fn denies(&self) -> Rights {
        match self.fault {
            None => self.deny,
            Some(_) if self.allow.or(self.deny) == Rights::NONE => Rights::ALL.without(Rights::of(&[Right::View])),
            Some(_) => self.allow.or(self.deny),
        }
    }

    fn allows(&self) -> Rights {
        if self.fault.is_some() { Rights::NONE } else { self.allow }
    }
}

impl Policy {
    /// The rules of the specification's third section, behind whatever the configuration says.
    #[must_use]
    pub fn builtin() -> Vec<Rule> {
        let rule = |name: &str, kinds: &[Kind], given: Option<bool>, allow: &[Right]| Rule {
            name: name.to_owned(),
            kinds: kinds.to_vec(),
            given,
            allow: Rights::of(allow),
            ..Rule::default()
        };
        let human = Rights::ALL.without(Rights::of(&[Right::Admin]));
        vec![
            Rule { allow: human, ..rule("humans take part", &[Kind::Human], None, &[]) },
            Rule { roles: vec![Role::Admin], ..rule("admins rule", &[Kind::Human], None, &[Right::Admin]) },
            rule(
                "programs act for their human",
                &[Kind::Service],
                None,
                &[Right::View, Right::Request, Right::Input, Right::Signal, Right::Resize, Right::Spawn, Right::Kill],
            ),
            rule("agents look on and ask", &[Kind::Agent, Kind::Device], None, &[Right::View, Right::Request, Right::Spawn]),
            rule(
                "agents write where they were let in",
                &[Kind::Agent, Kind::Device],
                Some(true),
                &[Right::Input, Right::Signal, Right::Resize, Right::Offer, Right::Kill],
            ),
        ]
    }

    /// What `subject` may do at `place`.
    #[must_use]
    pub fn rights(&self, subject: &Subject<'_>, place: &Place<'_>) -> Granted {
        let matching: Vec<&Rule> = self.rules.iter().filter(|rule| rule.selects(subject, place)).collect();
        let allowed = matching.iter().fold(Rights::NONE, |rights, rule| rights.or(rule.allows()));
        let denied = matching.iter().fold(Rights::NONE, |rights, rule| rights.or(rule.denies()));
        let rights = allowed.without(denied).and(cap(subject.role));
        let denied_by = Rights::ALL.without(rights).each().map(|right| (right, self.reason(subject, &matching, right))).collect();
        Granted { rights, denied_by }
    }

    fn reason(&self, subject: &Subject<'_>, matching: &[&Rule], right: Right) -> String {
        if !cap(subject.role).has(right) {
            return match subject.role {
                Role::Observer => "this attachment is read-only: an observer looks on, and that".to_owned(),
                role => format!("the role `{role}`"),
            };
        }
        let denies = matching.iter().find(|rule| rule.denies().has(right));
        if let Some(rule) = denies {
            let fault = if rule.fault.is_some() { " (which could not be read, so it denies)" } else { "" };
            return format!("the rule `{}`{fault}", rule.name);
        }
        // The rule that would allow it if the pane had been given says more than none.
        let asked = Subject { given: true, ..*subject };
        let if_given =
            self.rules.iter().find(|rule| rule.given == Some(true) && rule.allows().has(right) && rule.selects(&asked, &Place::ANYWHERE));
        if_given.filter(|_| !subject.given).map_or_else(|| NO_RULE.to_owned(), |rule| format!("the rule `{}`", rule.name))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self { rules: Self::builtin() }
    }
}
