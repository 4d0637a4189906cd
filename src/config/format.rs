//! The small language of the status line and of titles, after tmux's formats.
//!
//! `#{name}` is a variable, `#S` and the like are short for some, `##` is a `#`. `%H:%M` is the time, as in strftime. `#[fg=red,bold]` changes the style from here
//! on, `#[default]` goes back to the base; `#[range=NAME]` … `#[norange]` marks what a click is told by. Inside of braces:
//!
//! ```text
//! #{?VARIABLE,then,else}        if it is neither empty nor 0; the branches are formats
//! #{==:a,b}  #{!=:a,b}          1 or 0
//! #{&&:a,b}  #{||:a,b}  #{!:a}  1 or 0
//! #{=10:x}   #{=-10:x}          the first or last ten columns
//! #{p10:x}   #{p-10:x}          padded to ten columns, on the right or left
//! #{b:x}     #{d:x}             the last part of a path, and what is before it
//! ```
//!
//! where `x` is a variable's name or a format with `#`, and `a` and `b` are formats. A comma in a branch is written `#,` and a brace `#}`.
//!
//! What variables are worth comes from a [`Lookup`]; it is text and never read as a format again, and its control characters are dropped, since a
//! pane's title is chosen by whoever writes to the pane. Expansion is bounded in depth and length. No clock here: the caller gives the time.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use super::style::Style;

/// Deepest nesting of braces.
const DEPTH_MAX: usize = 16;
/// Most characters of an expansion; what is longer is cut.
const LENGTH_MAX: usize = 4096;

/// Gives variables their values.
pub trait Lookup {
    /// The value of a variable; none: it is unknown or has none here, which is an empty text.
    fn get(&self, name: &str) -> Option<Cow<'_, str>>;

    /// The local time; none: times are left out.
    fn time(&self) -> Option<Time> {
        None
    }
}

/// A local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Time {
    /// Such as 2026.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
    /// 0 is Sunday.
    pub weekday: u8,
}

/// A piece of an expansion in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text, without control characters.
    pub text: String,
    /// Its style.
    pub style: Style,
    /// What a click on it is told by.
    pub range: Option<String>,
}

/// What is wrong in a format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// In a line.
    pub message: String,
    /// Where, in characters from 0.
    pub column: usize,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

/// The variables there are, with what they say. The shorter names are tmux's too.
pub const VARIABLES: &[(&str, &str)] = &[
    ("session_name", "name of the session (#S)"),
    ("session_id", "id of the session, such as $1"),
    ("session_windows", "how many windows it has"),
    ("session_attached", "how many clients look at it"),
    ("window_index", "number of the window (#I)"),
    ("window_name", "name of the window (#W)"),
    ("window_id", "id of the window, such as @1"),
    ("window_flags", "marks: * current, - last, # activity, ! bell, Z zoomed (#F)"),
    ("window_panes", "how many panes it has"),
    ("window_active", "1 if it is the current window"),
    ("window_last_flag", "1 if it was looked at before"),
    ("window_bell_flag", "1 if it rang the bell"),
    ("window_activity_flag", "1 if it wrote something since anybody looked"),
    ("window_zoomed_flag", "1 if a pane fills it"),
    ("window_layout", "its layout as text"),
    ("pane_index", "number of the pane (#P)"),
    ("pane_id", "id of the pane, such as %1 (#D)"),
    ("pane_title", "title of the pane (#T)"),
    ("pane_active", "1 if it has the focus"),
    ("pane_current_command", "name of the program in the foreground"),
    ("pane_current_path", "folder of the program in the foreground"),
    ("pane_pid", "process that was started in it"),
    ("pane_width", "columns"),
    ("pane_height", "rows"),
    ("pane_dead", "1 if its program has ended"),
    ("pane_dead_status", "exit code of the program that has ended"),
    ("pane_dead_signal", "signal that ended its program"),
    ("pane_dead_time", "local time at which its program ended"),
    ("pane_dead_duration", "how long its program ran"),
    ("pane_dead_how", "how its program ended, in words"),
    ("pane_in_mode", "1 in copy mode"),
    ("pane_mode", "name of the mode, such as copy"),
    ("pane_operators", "names of those who look at it"),
    ("pane_control", "who has control of it and what a key does, if there is something to say"),
    ("pane_note", "what is unusual about it"),
    ("client_prefix", "1 while the prefix waits for its key"),
    ("client_key_table", "the key table in use"),
    ("client_readonly", "1 if this client only looks on"),
    ("client_name", "this client's operator"),
    ("client_tty", "this client's terminal"),
    ("client_width", "columns of this client"),
    ("client_height", "rows of this client"),
    ("client_following", "whom this client follows"),
    ("attention_count", "how many windows of all sessions want attention"),
    ("operators", "names of all who are attached"),
    ("operator_count", "how many are attached"),
    ("host", "name of the machine (#H)"),
    ("host_short", "its name up to the first dot (#h)"),
    ("user", "name of the user"),
    ("prefix", "the prefix key"),
    ("version", "baton's release"),
];

const SHORT: [(char, &str); 9] = [
    ('S', "session_name"),
    ('W', "window_name"),
    ('I', "window_index"),
    ('F', "window_flags"),
    ('P', "pane_index"),
    ('D', "pane_id"),
    ('T', "pane_title"),
    ('H', "host"),
    ('h', "host_short"),
];

/// Expands a format to text; styles are left out.
#[must_use]
pub fn expand(text: &str, lookup: &dyn Lookup) -> String {
    render(text, Style::NONE, lookup).into_iter().map(|span| span.text).collect()
}

/// Expands a format to pieces with styles; `base` is what `#[default]` means. Of a format that is wrong the good part is shown.
#[must_use]
pub fn render(text: &str, base: Style, lookup: &dyn Lookup) -> Vec<Span> {
    let mut parser = Parser { chars: text.chars().collect(), at: 0, problem: None };
    let nodes = parser.nodes(0, &[]);
    let mut out = Output { spans: Vec::new(), base, style: base, range: None, left: LENGTH_MAX };
    out.nodes(&nodes, lookup);
    out.spans
}

/// Whether a format is right.
///
/// # Errors
/// The first [`Problem`].
pub fn check(text: &str) -> Result<(), Problem> {
    let mut parser = Parser { chars: text.chars().collect(), at: 0, problem: None };
    let _ = parser.nodes(0, &[]);
    parser.problem.map_or(Ok(()), Err)
}

/// How often the text of a format can change by time alone, in seconds: 1, 60, 3600 or 86400; none if no time is in it.
#[must_use]
pub fn period_s(text: &str) -> Option<u32> {
    fn of(nodes: &[Node]) -> Option<u32> {
        nodes
            .iter()
            .filter_map(|node| match node {
                Node::Time('S' | 'T') => Some(1),
                Node::Time('M' | 'R') => Some(60),
                Node::Time('H' | 'I' | 'k' | 'l' | 'p') => Some(3600),
                Node::Time(_) => Some(86_400),
                Node::If(condition, then, otherwise) => [of(condition), of(then), of(otherwise)].into_iter().flatten().min(),
                Node::Compare(_, a, b) => [of(a), of(b)].into_iter().flatten().min(),
                Node::Not(a) | Node::Cut(_, a) | Node::Pad(_, a) | Node::Base(a) | Node::Folder(a) => of(a),
                Node::Text(_) | Node::Variable(_) | Node::Style(_) | Node::Reset | Node::Range(_) => None,
            })
            .min()
    }
    of(&Parser { chars: text.chars().collect(), at: 0, problem: None }.nodes(0, &[]))
}

enum Node {
    Text(String),
    Variable(String),
    Time(char),
    Style(Style),
    Reset,
    Range(Option<String>),
    If(Vec<Node>, Vec<Node>, Vec<Node>),
    Compare(Operator, Vec<Node>, Vec<Node>),
    Not(Vec<Node>),
    Cut(i32, Vec<Node>),
    Pad(i32, Vec<Node>),
    Base(Vec<Node>),
    Folder(Vec<Node>),
}

#[derive(Clone, Copy)]
enum Operator {
    Equal,
    Unequal,
    And,
    Or,
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    problem: Option<Problem>,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let fits = text.chars().enumerate().all(|(ahead, c)| self.chars.get(self.at + ahead) == Some(&c));
        if fits {
            self.at += text.chars().count();
        }
        fits
    }

    /// Keeps the first problem.
    fn problem(&mut self, column: usize, message: impl Into<String>, suggestion: Option<String>) {
        self.problem.get_or_insert(Problem { message: message.into(), column, suggestion });
    }

    /// Reads up to one of `ends` (which is left) or the end of the text.
    fn nodes(&mut self, depth: usize, ends: &[char]) -> Vec<Node> {
        let mut nodes = Vec::new();
        let mut text = String::new();
        while let Some(c) = self.peek().filter(|c| !ends.contains(c)) {
            let start = self.at;
            self.at += 1;
            let node = match (c, self.peek()) {
                ('#', Some('{')) => {
                    self.at += 1;
                    self.braces(depth, start)
                }
                ('#', Some('[')) => {
                    self.at += 1;
                    self.style(start)
                }
                ('#', Some(next @ ('#' | ',' | '}'))) => {
                    self.at += 1;
                    text.push(next);
                    continue;
                }
                ('#', Some(letter)) if SHORT.iter().any(|(short, _)| *short == letter) => {
                    self.at += 1;
                    SHORT.iter().find(|(short, _)| *short == letter).map(|(_, name)| Node::Variable((*name).to_owned()))
                }
                ('%', Some('%')) => {
                    self.at += 1;
                    text.push('%');
                    continue;
                }
                ('%', Some(letter)) if TIMES.contains(letter) => {
                    self.at += 1;
                    Some(Node::Time(letter))
                }
                _ => {
                    text.push(c);
                    continue;
                }
            };
            if !text.is_empty() {
                nodes.push(Node::Text(std::mem::take(&mut text)));
            }
            nodes.extend(node);
        }
        if !text.is_empty() {
            nodes.push(Node::Text(text));
        }
        nodes
    }

    /// Behind `#[`.
    fn style(&mut self, start: usize) -> Option<Node> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some(']') => break,
                Some(c) => text.push(c),
                None => {
                    self.problem(start, "`#[` is not closed", None);
                    return None;
                }
            }
        }
        if text == "default" {
            return Some(Node::Reset);
        }
        if text == "norange" {
            return Some(Node::Range(None));
        }
        if let Some(range) = text.strip_prefix("range=") {
            return Some(Node::Range(Some(range.to_owned())));
        }
        match Style::parse(&text) {
            Ok(style) => Some(Node::Style(style)),
            Err(bad) => {
                self.problem(start, bad.to_string(), bad.similar());
                None
            }
        }
    }

    /// Behind `#{`.
    fn braces(&mut self, depth: usize, start: usize) -> Option<Node> {
        if depth >= DEPTH_MAX {
            self.problem(start, format!("more than {DEPTH_MAX} braces inside each other"), None);
            // Nothing behind this is read; the rest would be taken apart at every depth anew.
            self.at = self.chars.len();
            return None;
        }
        let depth = depth + 1;
        let node = if self.eat("?") {
            let condition = self.operand(depth, &[',', '}']);
            let then = self.branch(depth);
            let otherwise = self.branch(depth);
            Some(Node::If(condition, then, otherwise))
        } else if let Some(operator) = self.operator() {
            let a = self.nodes(depth, &[',', '}']);
            if !self.eat(",") {
                self.problem(start, "two values parted by a comma are expected", None);
            }
            Some(Node::Compare(operator, a, self.nodes(depth, &['}'])))
        } else if self.eat("!:") {
            Some(Node::Not(self.operand(depth, &['}'])))
        } else if self.eat("b:") {
            Some(Node::Base(self.operand(depth, &['}'])))
        } else if self.eat("d:") {
            Some(Node::Folder(self.operand(depth, &['}'])))
        } else if let Some((kind, number)) = self.width() {
            let inner = self.operand(depth, &['}']);
            Some(if kind == '=' { Node::Cut(number, inner) } else { Node::Pad(number, inner) })
        } else {
            self.variable(&['}'])
        };
        if !self.eat("}") {
            self.problem(start, "`#{` is not closed", None);
            self.at = self.chars.len();
        }
        node
    }

    fn operator(&mut self) -> Option<Operator> {
        [("==:", Operator::Equal), ("!=:", Operator::Unequal), ("&&:", Operator::And), ("||:", Operator::Or)]
            .into_iter()
            .find(|(text, _)| self.eat(text))
            .map(|(_, operator)| operator)
    }

    /// `=10:` or `p-10:`.
    fn width(&mut self) -> Option<(char, i32)> {
        let kind = self.peek().filter(|c| matches!(c, '=' | 'p'))?;
        let rest: String = self.chars.get(self.at + 1..)?.iter().take(6).collect();
        let (digits, _) = rest.split_once(':')?;
        let number = digits.parse().ok()?;
        self.at += 2 + digits.chars().count();
        Some((kind, number))
    }

    /// A variable's name, or a format if there is a `#` in it.
    fn operand(&mut self, depth: usize, ends: &[char]) -> Vec<Node> {
        let mut look = self.at;
        while let Some(c) = self.chars.get(look).filter(|c| !ends.contains(c)) {
            if !(c.is_ascii_alphanumeric() || *c == '_') {
                return self.nodes(depth, ends);
            }
            look += 1;
        }
        self.variable(ends).into_iter().collect()
    }

    fn variable(&mut self, ends: &[char]) -> Option<Node> {
        let start = self.at;
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|c| !ends.contains(c)) {
            name.push(c);
            self.at += 1;
        }
        if !VARIABLES.iter().any(|(known, _)| *known == name) {
            let suggestion =
                crate::command::spec::similar(&name, VARIABLES.iter().map(|(known, _)| *known)).first().map(|name| (*name).to_owned());
            let cut: String = name.chars().take(40).collect();
            self.problem(start, format!("`{cut}` is no variable"), suggestion);
        }
        Some(Node::Variable(name))
    }

    /// Behind a comma, or nothing.
    fn branch(&mut self, depth: usize) -> Vec<Node> {
        if self.eat(",") { self.nodes(depth, &[',', '}']) } else { Vec::new() }
    }
}

const TIMES: &str = "HMSIkldeabAByYmpRTFD";

struct Output {
    spans: Vec<Span>,
    base: Style,
    style: Style,
    range: Option<String>,
    left: usize,
}

impl Output {
    fn push(&mut self, text: &str) {
        let mut clean = String::new();
        for c in text.chars().filter(|c| !c.is_control()) {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            clean.push(c);
        }
        if clean.is_empty() {
            return;
        }
        match self.spans.last_mut().filter(|last| last.style == self.style && last.range == self.range) {
            Some(last) => last.text.push_str(&clean),
            None => self.spans.push(Span { text: clean, style: self.style, range: self.range.clone() }),
        }
    }

    fn nodes(&mut self, nodes: &[Node], lookup: &dyn Lookup) {
        for node in nodes {
            match node {
                Node::Style(style) => self.style = style.over(self.style),
                Node::Reset => self.style = self.base,
                Node::Range(range) => self.range.clone_from(range),
                Node::If(condition, then, otherwise) => {
                    let branch = if is_true(&plain(condition, lookup)) { then } else { otherwise };
                    self.nodes(branch, lookup);
                }
                other => self.push(&value(other, lookup)),
            }
        }
    }
}

fn is_true(text: &str) -> bool {
    !text.is_empty() && text != "0"
}

fn plain(nodes: &[Node], lookup: &dyn Lookup) -> String {
    let mut out = Output { spans: Vec::new(), base: Style::NONE, style: Style::NONE, range: None, left: LENGTH_MAX };
    out.nodes(nodes, lookup);
    out.spans.into_iter().map(|span| span.text).collect()
}

fn value(node: &Node, lookup: &dyn Lookup) -> String {
    let bit = |on: bool| if on { "1" } else { "0" }.to_owned();
    match node {
        Node::Text(text) => text.clone(),
        Node::Variable(name) => lookup.get(name).map(Cow::into_owned).unwrap_or_default(),
        Node::Time(letter) => lookup.time().map(|time| time.format(*letter)).unwrap_or_default(),
        Node::Compare(operator, a, b) => {
            let (a, b) = (plain(a, lookup), plain(b, lookup));
            bit(match operator {
                Operator::Equal => a == b,
                Operator::Unequal => a != b,
                Operator::And => is_true(&a) && is_true(&b),
                Operator::Or => is_true(&a) || is_true(&b),
            })
        }
        Node::Not(a) => bit(!is_true(&plain(a, lookup))),
        Node::Cut(columns, a) => cut(&plain(a, lookup), *columns),
        Node::Pad(columns, a) => pad(plain(a, lookup), *columns),
        Node::Base(a) => {
            let path = plain(a, lookup);
            let trimmed = path.trim_end_matches('/');
            if trimmed.is_empty() { path } else { trimmed.rsplit('/').next().unwrap_or_default().to_owned() }
        }
        Node::Folder(a) => {
            let path = plain(a, lookup);
            path.trim_end_matches('/')
                .rsplit_once('/')
                .map_or_else(String::new, |(folder, _)| if folder.is_empty() { "/".to_owned() } else { folder.to_owned() })
        }
        Node::Style(_) | Node::Reset | Node::Range(_) | Node::If(..) => String::new(),
    }
}

fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The first columns of a text, or with a negative number the last.
fn cut(text: &str, wanted: i32) -> String {
    let limit = wanted.unsigned_abs() as usize;
    let mut used = 0;
    let mut fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= limit
    };
    if wanted >= 0 {
        text.chars().take_while(|c| fits(c)).collect()
    } else {
        let mut last: Vec<char> = text.chars().rev().take_while(|c| fits(c)).collect();
        last.reverse();
        last.into_iter().collect()
    }
}

fn pad(text: String, wanted: i32) -> String {
    let blanks = " ".repeat((wanted.unsigned_abs() as usize).min(LENGTH_MAX).saturating_sub(columns(&text)));
    if wanted >= 0 { text + &blanks } else { blanks + &text }
}

impl Time {
    fn format(self, letter: char) -> String {
        const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
        const MONTHS: [&str; 12] =
            ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
        let Self { year, month, day, hour, minute, second, .. } = self;
        let weekday = DAYS.get(usize::from(self.weekday)).copied().unwrap_or_default();
        let month_name = MONTHS.get(usize::from(month).wrapping_sub(1)).copied().unwrap_or_default();
        let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
        let short = |name: &str| name.chars().take(3).collect::<String>();
        match letter {
            'H' => format!("{hour:02}"),
            'k' => format!("{hour:2}"),
            'I' => format!("{hour12:02}"),
            'l' => format!("{hour12:2}"),
            'M' => format!("{minute:02}"),
            'S' => format!("{second:02}"),
            'p' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            'd' => format!("{day:02}"),
            'e' => format!("{day:2}"),
            'm' => format!("{month:02}"),
            'y' => format!("{:02}", year.rem_euclid(100)),
            'Y' => year.to_string(),
            'a' => short(weekday),
            'A' => weekday.to_owned(),
            'b' => short(month_name),
            'B' => month_name.to_owned(),
            'R' => format!("{hour:02}:{minute:02}"),
            'T' => format!("{hour:02}:{minute:02}:{second:02}"),
            'F' => format!("{year}-{month:02}-{day:02}"),
            'D' => format!("{month:02}/{day:02}/{:02}", year.rem_euclid(100)),
            _ => String::new(),
        }
    }
}
