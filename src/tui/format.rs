//! Format texts: `#S`, `#{window_name}`, `#{?window_zoomed_flag,Z,}`, `%H:%M` become what they stand for, as in tmux.
//!
//! Only names are looked up: there are no jobs (`#(..)`), nothing is run. Unknown names give nothing, as in tmux. What programs chose (titles) is put in
//! as it is, with control characters made blanks, and is not expanded again. Style marks (`#[..]`) are taken out: see [`super::view::status`].

use super::model::{Clock, Model};
use crate::protocol::message::{PaneInfo, SessionInfo, WindowInfo};

/// What a format text is about.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Everything.
    pub model: &'a Model,
    /// The session.
    pub session: Option<&'a SessionInfo>,
    /// The window and its number.
    pub window: Option<(u32, &'a WindowInfo)>,
    /// The pane.
    pub pane: Option<&'a PaneInfo>,
}

impl<'a> Context<'a> {
    /// What the client looks at.
    #[must_use]
    pub fn here(model: &'a Model) -> Self {
        let session = model.session();
        let window = model.window().map(|window| {
            let link = session.and_then(|session| session.links.iter().find(|link| link.window == window.id));
            (link.map_or(0, |link| link.index), window)
        });
        Self { model, session, window, pane: model.focused_pane() }
    }
}

/// Deepest nesting of `#{?..}` that is looked into.
const DEPTH_MAX: u8 = 16;

/// Expands `text` for what the client looks at.
#[must_use]
pub fn expand(model: &Model, text: &str) -> String {
    expand_in(Context::here(model), text)
}

/// Expands `text` for `context`.
#[must_use]
pub fn expand_in(context: Context<'_>, text: &str) -> String {
    let mut out = String::new();
    expand_into(context, text, &mut out, DEPTH_MAX);
    out.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn expand_into(context: Context<'_>, text: &str, out: &mut String, depth: u8) {
    let mut rest = text;
    while let Some(at) = rest.find(['#', '%']) {
        let (plain, marked) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = marked.chars();
        let mark = chars.next();
        let Some(next) = chars.next() else {
            out.push_str(marked);
            return;
        };
        rest = chars.as_str();
        match (mark, next) {
            (Some('#'), '{') => {
                let Some((inside, behind)) = braced(rest) else { return };
                rest = behind;
                if depth > 0 {
                    variable(context, inside, out, depth - 1);
                }
            }
            (Some('#'), '[') => rest = rest.split_once(']').map_or("", |(_, behind)| behind),
            (Some('#'), '#') => out.push('#'),
            (Some('#'), letter) => match long_name(letter) {
                Some(name) => out.push_str(&value(context, name)),
                None => out.extend(['#', letter]),
            },
            (_, letter) => {
                if !time(&context.model.clock, letter, out) {
                    out.extend(['%', letter]);
                }
            }
        }
    }
    out.push_str(rest);
}

/// What stands up to the brace that closes the one before `text`, and what follows.
fn braced(text: &str) -> Option<(&str, &str)> {
    let mut open = 1u32;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some((&text[..at], &text[at + 1..]));
        }
    }
    None
}

fn variable(context: Context<'_>, inside: &str, out: &mut String, depth: u8) {
    let Some(condition) = inside.strip_prefix('?') else {
        // `#{=20:pane_title}` is cut to so many characters.
        if let Some((length, name)) = inside.strip_prefix('=').and_then(|rest| rest.split_once(':')) {
            if let Ok(length) = length.parse::<usize>() {
                out.extend(value(context, name).chars().take(length));
                return;
            }
        }
        out.push_str(&value(context, inside));
        return;
    };
    let mut parts = commas(condition);
    let name = parts.next().unwrap_or_default();
    let mut tested = String::new();
    if name.contains("#{") {
        expand_into(context, name, &mut tested, depth);
    } else {
        tested = value(context, name);
    }
    let holds = !tested.is_empty() && tested != "0";
    let (yes, no) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    expand_into(context, if holds { yes } else { no }, out, depth);
}

/// Splits at commas that are not inside braces.
fn commas(text: &str) -> impl Iterator<Item = &str> {
    let mut open = 0u32;
    text.split(move |c| {
        match c {
            '{' => open += 1,
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
        c == ',' && open == 0
    })
}

const fn long_name(letter: char) -> Option<&'static str> {
    Some(match letter {
        'S' => "session_name",
        'I' => "window_index",
        'W' => "window_name",
        'F' => "window_flags",
        'P' => "pane_index",
        'D' => "pane_id",
        'T' => "pane_title",
        'H' => "host",
        'h' => "host_short",
        _ => return None,
    })
}

fn value(context: Context<'_>, name: &str) -> String {
    let model = context.model;
    let flag = |holds: bool| if holds { "1".to_owned() } else { "0".to_owned() };
    let session = |get: &dyn Fn(&SessionInfo) -> String| context.session.map(get).unwrap_or_default();
    let window = |get: &dyn Fn(&WindowInfo) -> String| context.window.map(|(_, window)| get(window)).unwrap_or_default();
    let pane = |get: &dyn Fn(&PaneInfo) -> String| context.pane.map(get).unwrap_or_default();
    match name {
        "session_name" => session(&|session| session.name.clone()),
        "session_id" => session(&|session| session.id.to_string()),
        "session_windows" => session(&|session| session.links.len().to_string()),
        "session_attached" => session(&|session| session.attached.to_string()),
        "window_index" => context.window.map(|(index, _)| index.to_string()).unwrap_or_default(),
        "window_name" => window(&|window| window.name.clone()),
        "window_id" => window(&|window| window.id.to_string()),
        "window_flags" | "window_raw_flags" => window(&|window| flags(model, window)),
        "window_panes" => window(&|window| window.places.len().to_string()),
        "window_width" => window(&|window| window.size.cols.to_string()),
        "window_height" => window(&|window| window.size.rows.to_string()),
        "window_layout" => window(&|window| window.layout.clone()),
        "window_zoomed_flag" => window(&|window| flag(is_zoomed(model, window))),
        "window_bell_flag" => window(&|window| flag(window.bell)),
        "window_activity_flag" => window(&|window| flag(window.activity)),
        "window_active" => window(&|window| flag(model.view.as_ref().is_some_and(|view| view.window == window.id))),
        "pane_index" => context
            .pane
            .and_then(|pane| model.windows.get(&pane.window)?.places.iter().position(|place| place.pane == pane.id))
            .map(|index| index.to_string())
            .unwrap_or_default(),
        "pane_id" => pane(&|pane| pane.id.to_string()),
        "pane_title" => pane(&|pane| pane.title.clone()),
        "pane_current_command" | "pane_command" => pane(&|pane| pane.command.clone()),
        "pane_current_path" | "pane_cwd" => pane(&|pane| pane.cwd.clone()),
        "pane_width" => pane(&|pane| pane.size.cols.to_string()),
        "pane_height" => pane(&|pane| pane.size.rows.to_string()),
        "pane_pid" => pane(&|pane| pane.pid.to_string()),
        "pane_dead" => pane(&|pane| flag(pane.dead)),
        "pane_dead_status" => pane(&|pane| pane.exit_code.map(|code| code.to_string()).unwrap_or_default()),
        "history_size" => pane(&|pane| pane.history_lines.to_string()),
        "pane_in_mode" => pane(&|pane| flag(model.modes.contains_key(&pane.id))),
        "pane_marked" => pane(&|pane| flag(model.marked == Some(pane.id))),
        "host" => model.host.clone(),
        "host_short" => model.host.split('.').next().unwrap_or_default().to_owned(),
        "client_prefix" => flag(model.keys.table.is_some()),
        "client_key_table" => model.keys.table.clone().unwrap_or_else(|| "root".to_owned()),
        "client_width" => model.size.cols.to_string(),
        "client_height" => model.size.rows.to_string(),
        "client_readonly" => flag(!model.may_type()),
        "operators" => model.roster.len().to_string(),
        _ => String::new(),
    }
}

fn is_zoomed(model: &Model, window: &WindowInfo) -> bool {
    match &model.view {
        Some(view) if view.window == window.id => view.zoom.is_some(),
        _ => model.trail.zoom.contains_key(&window.id),
    }
}

/// tmux's flags of a window, as this client sees them: `*` looked at, `-` looked at before, `!` bell, `#` activity, `M` marked, `Z` zoomed.
#[must_use]
pub fn flags(model: &Model, window: &WindowInfo) -> String {
    let mut out = String::new();
    let here = model.view.as_ref().is_some_and(|view| view.window == window.id);
    let last = model.view.as_ref().and_then(|view| model.trail.windows.get(&view.session)?.first().copied()) == Some(window.id);
    for (flag, holds) in [
        ('#', window.activity && !here),
        ('!', window.bell && !here),
        ('*', here),
        ('-', last && !here),
        ('M', model.marked.is_some_and(|pane| window.places.iter().any(|place| place.pane == pane))),
        ('Z', is_zoomed(model, window)),
    ] {
        if holds {
            out.push(flag);
        }
    }
    out
}

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// strftime's conversions, to the minute.
fn time(clock: &Clock, letter: char, out: &mut String) -> bool {
    let month = MONTHS.get(usize::from(clock.month.max(1)) - 1).copied().unwrap_or_default();
    let day = DAYS.get(usize::from(clock.weekday)).copied().unwrap_or_default();
    let text = match letter {
        'H' => format!("{:02}", clock.hour),
        'I' => format!("{:02}", (clock.hour + 11) % 12 + 1),
        'M' => format!("{:02}", clock.minute),
        'p' => if clock.hour < 12 { "AM" } else { "PM" }.to_owned(),
        'R' => format!("{:02}:{:02}", clock.hour, clock.minute),
        'd' => format!("{:02}", clock.day),
        'e' => format!("{:2}", clock.day),
        'm' => format!("{:02}", clock.month),
        'b' | 'h' => month.chars().take(3).collect(),
        'B' => month.to_owned(),
        'a' => day.chars().take(3).collect(),
        'A' => day.to_owned(),
        'y' => format!("{:02}", clock.year.rem_euclid(100)),
        'Y' => clock.year.to_string(),
        'F' => format!("{}-{:02}-{:02}", clock.year, clock.month, clock.day),
        '%' => "%".to_owned(),
        _ => return false,
    };
    out.push_str(&text);
    true
}
