//! Everything the client knows: the server's model, the screens of the panes it looks at, and what is its own.
//!
//! Three parts:
//!
//! - **The replica of the server's model** (`sessions`, `windows`, `panes`, `roster`), kept by the messages of those names. A `ModelEnd` says that what
//!   came before belongs together; between two of them ids may dangle, and nothing here assumes otherwise.
//! - **The replicas of screens** ([`Replica`]), one for each pane whose frames come: a [`Screen`] brought up to date by diffs, and the [`Damage`] that
//!   has not been painted yet.
//! - **This client's own**: the [`View`] (session, window, focus, zoom), where it has been ([`Trail`]), what each pane shows instead of its screen
//!   (`modes`), overlays, message line, the state of the key tables. The server is told the view and nothing else.
//!
//! The model is data and questions about it. [`super::update`] changes it, [`super::scene`] says where things stand on the outer terminal, `view/`
//! draws. It is pure: the time is `now_ms`, a monotone clock that the loop sets before each event.

use std::collections::{BTreeMap, VecDeque};

use super::control::cards::Desk;
use super::damage::Damage;
use super::overlay::{Overlay, PaneMode};
use super::settings::Settings;
use crate::config::Time;
use crate::geometry::{Point, Rect, Size};
use crate::ids::{AttachmentId, OperatorId, PaneId, SessionId, WindowId};
use crate::protocol::message::{ControlInfo, Frame, Level, Made, OperatorInfo, PaneInfo, PanePlace, Role, SessionInfo, View, WindowInfo};
use crate::terminal::diff::{self, Diff};
use crate::terminal::keys::Key;
use crate::terminal::{Modes, Screen};

/// A pane's screen as this client has it.
#[derive(Debug)]
pub struct Replica {
    /// The screen.
    pub screen: Screen,
    /// What of it is not painted yet.
    pub damage: Damage,
    /// Oldest line in history.
    pub history_first: u64,
    /// One past the newest line in history.
    pub history_end: u64,
    /// Version to be acknowledged once it is painted.
    pub unacked: Option<u64>,
    /// How many frames that acknowledges.
    pub unacked_frames: u32,
}

impl Replica {
    fn new() -> Self {
        Self {
            screen: Screen::new(Size::new(1, 1)),
            damage: Damage::everything(),
            history_first: 0,
            history_end: 0,
            unacked: None,
            unacked_frames: 0,
        }
    }

    /// Takes a frame up. False: it does not fit what is here, and everything must be asked for anew.
    fn take(&mut self, frame: &Frame) -> bool {
        let Ok(diff) = Diff::decode(&mut frame.diff.as_slice()) else { return false };
        if diff.base != frame.base || diff.version != frame.version {
            return false;
        }
        let height = self.screen.size.rows;
        if diff::apply(&mut self.screen, &diff).is_err() {
            return false;
        }
        if diff.full.is_some() {
            self.damage.all();
        } else {
            self.damage.scrolled(diff.scroll, height);
            for patch in &diff.rows {
                let (from, to) = patch.cols.unwrap_or((0, u16::MAX));
                self.damage.cols(patch.index, from, to);
            }
        }
        self.history_first = frame.history_first;
        self.history_end = frame.history_end;
        self.unacked = Some(frame.version);
        self.unacked_frames += 1;
        true
    }
}

/// Where this client has been; all newest first and without the present one.
#[derive(Debug, Default)]
pub struct Trail {
    /// Sessions.
    pub sessions: Vec<SessionId>,
    /// Windows of each session.
    pub windows: BTreeMap<SessionId, Vec<WindowId>>,
    /// Panes of each window.
    pub panes: BTreeMap<WindowId, Vec<PaneId>>,
    /// The pane that had the focus when the window was left.
    pub focus: BTreeMap<WindowId, PaneId>,
    /// The pane that was zoomed when the window was left.
    pub zoom: BTreeMap<WindowId, PaneId>,
    /// The window that was looked at when the session was left.
    pub window: BTreeMap<SessionId, WindowId>,
}

/// A line in place of the status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageLine {
    /// How much it matters.
    pub level: Level,
    /// The text.
    pub text: String,
    /// When it goes away, on the clock of [`Model::now_ms`]; none: with the next key.
    pub until_ms: Option<u64>,
    /// The pane into which something was typed that it is about. Such a line does not go with the next key, which will most likely be the next to be
    /// refused for the same reason.
    pub about: Option<PaneId>,
}

/// Where the keys are: in no table but the pane's own, or in one that waits for a second key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyState {
    /// The table that the next key is looked up in; none: the mode's or `root`.
    pub table: Option<String>,
    /// It is waited in until then; none: for ever.
    pub until_ms: Option<u64>,
    /// It is kept for keys that may be repeated; others are as usual.
    pub repeating: bool,
    /// When it is time to show which keys may follow; none: never, or they are shown.
    pub hint_at_ms: Option<u64>,
    /// Which keys may follow is shown.
    pub hinted: bool,
}

impl KeyState {
    /// A table that waits for a key from now on, and shows after a while which may come.
    #[must_use]
    pub fn waiting(table: String, now_ms: u64, until_ms: Option<u64>, hint_ms: u32) -> Self {
        let hint_at_ms = (hint_ms > 0).then(|| now_ms.saturating_add(u64::from(hint_ms)));
        Self { table: Some(table), until_ms, hint_at_ms, ..Self::default() }
    }
}

/// What was typed while something was made that it may be meant for.
#[derive(Debug)]
pub enum Typed {
    /// A key.
    Key(Key),
    /// A paste.
    Paste(String),
}

/// How the connection stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Link {
    /// Connected, no answer to the hello yet.
    #[default]
    Greeting,
    /// Attached.
    Up,
    /// Lost since this time of the model's clock; being tried again.
    Lost {
        /// Since when.
        since_ms: u64,
    },
}

/// An overlay with its number, by which replies find it.
pub struct Layer {
    /// Never used twice.
    pub id: u64,
    /// The overlay.
    pub overlay: Box<dyn Overlay>,
}

/// What the drawing must do beyond the panes' damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Redraw {
    /// Something outside the panes' content changed: status, dividers, overlays, places.
    pub chrome: bool,
    /// The outer terminal's content is unknown: clear it and draw everything.
    pub everything: bool,
}

/// A drag that this client carries out itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drag {
    /// A divider of the window is being moved; the point where it was last put, in cells of the window.
    Divider(Point),
    /// Text is being selected in a pane, from this cell of its screen to the other.
    Select(Selection),
}

/// A selection made with the mouse on a pane's live screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// The pane.
    pub pane: PaneId,
    /// Where it began.
    pub from: Point,
    /// Where it is now.
    pub to: Point,
    /// What it grows by.
    pub unit: SelectUnit,
}

/// What a selection grows by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelectUnit {
    /// Cells (drag).
    Cell,
    /// Words (double click).
    Word,
    /// Lines (triple click).
    Line,
}

/// The last press of the mouse, to tell double and triple clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Click {
    /// Where.
    pub at: Point,
    /// When.
    pub at_ms: u64,
    /// How many at that place, one after the other.
    pub count: u8,
}

/// The whole of it.
pub struct Model {
    /// The present, milliseconds on a monotone clock that begins with the client.
    pub now_ms: u64,
    /// The present in milliseconds since the Unix epoch, for how long is left of what ends by itself; set by the loop before each event.
    pub unix_ms: u64,
    /// The present for people, set by the loop when a clock is shown, to the minute.
    pub clock: Option<Time>,
    /// Name of this machine, for the status line.
    pub host: String,
    /// Name of the user.
    pub user: String,
    /// The outer terminal's device.
    pub tty: String,
    /// Size of the outer terminal.
    pub size: Size,
    /// Whether the outer terminal can show line drawing characters (a UTF-8 locale).
    pub unicode: bool,
    /// Configuration in the shape in which the client needs it.
    pub settings: Settings,

    /// Sessions.
    pub sessions: BTreeMap<SessionId, SessionInfo>,
    /// Windows.
    pub windows: BTreeMap<WindowId, WindowInfo>,
    /// Panes.
    pub panes: BTreeMap<PaneId, PaneInfo>,
    /// Who has control of which pane; a pane that is not here is free.
    pub controls: BTreeMap<PaneId, ControlInfo>,
    /// What is remembered of the cards that are made of `controls`.
    pub desk: Desk,
    /// Everybody who is attached.
    pub roster: Vec<OperatorInfo>,
    /// A `ModelEnd` has come since the connection was made.
    pub complete: bool,

    /// The operator this client speaks for.
    pub operator: Option<OperatorId>,
    /// This attachment, once attached.
    pub attachment: Option<AttachmentId>,
    /// What it may do.
    pub role: Role,
    /// What this client looks at, once attached.
    pub view: Option<View>,
    /// The view that the server knows.
    pub view_sent: Option<View>,
    /// Made by a request of this client and to be looked at as soon as the model has it.
    pub awaited: Option<Made>,
    /// Grows with every choice of the user where to look: what was asked for before it no longer decides.
    pub choices: u64,
    /// What was typed while a command is under way whose outcome will be looked at, and waits to be typed there.
    pub held: VecDeque<Typed>,
    /// Until when that is waited for, on the clock of `now_ms`; none: nothing is under way.
    pub hold_until_ms: Option<u64>,
    /// Where this client has been.
    pub trail: Trail,
    /// How the connection stands.
    pub link: Link,
    /// The loss of the connection has lasted long enough to be said.
    pub lost_shown: bool,
    /// While the connection is lost: not even the keeper listens any more.
    pub nobody_listens: bool,
    /// The server is connected and does not answer.
    pub silent: bool,
    /// Name of the session, kept for the last word when it is gone.
    pub session_name: String,

    /// Screens of the panes that are looked at.
    pub replicas: BTreeMap<PaneId, Replica>,
    /// Panes that show something else than their screen (copy mode).
    pub modes: BTreeMap<PaneId, Box<dyn PaneMode>>,
    /// Overlays, the topmost last.
    pub overlays: Vec<Layer>,
    /// The message line.
    pub message: Option<MessageLine>,
    /// Past messages with their times, oldest first, a bounded list.
    pub messages: Vec<(u64, Level, String)>,
    /// Answers given at prompts, oldest first, a bounded list.
    pub prompt_history: Vec<String>,
    /// The key tables' state.
    pub keys: KeyState,
    /// Whether the outer terminal has the focus.
    pub focused: bool,
    /// Where the viewport was panned to by hand, if it was: the window's cell at its top left.
    pub pan: Option<Point>,
    /// A drag under way.
    pub drag: Option<Drag>,
    /// The last press.
    pub click: Click,
    /// The pane marked with `m`.
    pub marked: Option<PaneId>,
    /// The operator whose view this client's goes along with.
    pub following: Option<OperatorId>,
    /// This client's environment, given to sessions that it makes.
    pub environment: Vec<(String, String)>,

    /// What must be drawn besides damage.
    pub redraw: Redraw,
    /// The number for the next overlay.
    pub next_layer: u64,
    /// The number for the next request.
    pub next_request: u64,
    /// Who waits for which reply.
    pub asked: BTreeMap<u64, Asker>,
}

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// An overlay, by its number.
    Overlay(u64),
    /// The mode of a pane.
    Mode(PaneId),
    /// A command, given when [`Model::choices`] was so many: what it made is looked at unless the user chose since; a refusal is shown.
    Command(u64),
    /// A paste of the buffer that comes, into this pane.
    Paste(PaneId),
    /// The user: the reply is shown.
    Show,
    /// Nobody: a refusal is shown.
    Nobody,
}

/// Messages remembered for `show-messages`.
const MESSAGES_MAX: usize = 200;
/// Answers remembered for prompts.
const PROMPT_HISTORY_MAX: usize = 100;
/// Places remembered in each list of a [`Trail`].
const TRAIL_MAX: usize = 32;

impl Model {
    /// A client that knows nothing yet.
    #[must_use]
    pub fn new(size: Size, settings: Settings) -> Self {
        Self {
            now_ms: 0,
            unix_ms: 0,
            clock: None,
            host: String::new(),
            user: String::new(),
            tty: String::new(),
            size: size.at_least_one(),
            unicode: true,
            settings,
            sessions: BTreeMap::new(),
            windows: BTreeMap::new(),
            panes: BTreeMap::new(),
            controls: BTreeMap::new(),
            desk: Desk::default(),
            roster: Vec::new(),
            complete: false,
            operator: None,
            attachment: None,
            role: Role::Participant,
            view: None,
            view_sent: None,
            awaited: None,
            choices: 0,
            held: VecDeque::new(),
            hold_until_ms: None,
            trail: Trail::default(),
            link: Link::default(),
            lost_shown: false,
            nobody_listens: false,
            silent: false,
            session_name: String::new(),
            replicas: BTreeMap::new(),
            modes: BTreeMap::new(),
            overlays: Vec::new(),
            message: None,
            messages: Vec::new(),
            prompt_history: Vec::new(),
            keys: KeyState::default(),
            focused: true,
            pan: None,
            drag: None,
            click: Click::default(),
            marked: None,
            following: None,
            environment: Vec::new(),
            redraw: Redraw { chrome: true, everything: true },
            next_layer: 1,
            next_request: 1,
            asked: BTreeMap::new(),
        }
    }

    /// Keeps an answer for the prompts to come, once, as the newest.
    pub fn remember(&mut self, text: String) {
        self.prompt_history.retain(|known| *known != text);
        if self.prompt_history.len() >= PROMPT_HISTORY_MAX {
            self.prompt_history.remove(0);
        }
        self.prompt_history.push(text);
    }

    /// The session looked at.
    #[must_use]
    pub fn session(&self) -> Option<&SessionInfo> {
        self.sessions.get(&self.view.as_ref()?.session)
    }

    /// The window looked at.
    #[must_use]
    pub fn window(&self) -> Option<&WindowInfo> {
        self.windows.get(&self.view.as_ref()?.window)
    }

    /// The pane that gets the keys.
    #[must_use]
    pub fn focus(&self) -> Option<PaneId> {
        self.view.as_ref().map(|view| view.focus)
    }

    /// What is known of the pane that gets the keys.
    #[must_use]
    pub fn focused_pane(&self) -> Option<&PaneInfo> {
        self.panes.get(&self.focus()?)
    }

    /// The pane that fills the window, if one does.
    #[must_use]
    pub fn zoom(&self) -> Option<PaneId> {
        self.view.as_ref()?.zoom
    }

    /// The modes of a pane's program; defaults if its screen is not here.
    #[must_use]
    pub fn modes_of(&self, pane: PaneId) -> Modes {
        self.replicas.get(&pane).map(|replica| replica.screen.modes).unwrap_or_default()
    }

    /// The outer terminal without the status line: what a window may fill.
    #[must_use]
    pub fn viewport(&self) -> Size {
        let status = u16::from(self.settings.status && self.size.rows > 1);
        Size::new(self.size.cols, self.size.rows - status).at_least_one()
    }

    /// The panes that are drawn, with their places in the window: all of it, or the zoomed one.
    #[must_use]
    pub fn places(&self) -> Vec<PanePlace> {
        let (Some(view), Some(window)) = (&self.view, self.window()) else { return Vec::new() };
        match view.zoom {
            Some(pane) if window.places.iter().any(|place| place.pane == pane) => {
                vec![PanePlace { pane, rect: window.size.to_rect() }]
            }
            _ => window.places.clone(),
        }
    }

    /// A pane's place in the window looked at, the zoomed one's being all of it.
    #[must_use]
    pub fn place(&self, pane: PaneId) -> Option<Rect> {
        self.places().into_iter().find(|place| place.pane == pane).map(|place| place.rect)
    }

    /// Whether the focused pane belongs to a window in which the client may type.
    #[must_use]
    pub const fn may_type(&self) -> bool {
        !matches!(self.role, Role::Observer)
    }

    /// The window with this number in the session looked at.
    #[must_use]
    pub fn window_at(&self, index: u32) -> Option<WindowId> {
        self.session()?.links.iter().find(|link| link.index == index).map(|link| link.window)
    }

    /// The operators whose attachments have the focus in `pane`, this client's own attachment left out, by name.
    #[must_use]
    pub fn present(&self, pane: PaneId) -> Vec<&OperatorInfo> {
        let here = |operator: &&OperatorInfo| {
            operator.attachments.iter().any(|attachment| attachment.focus == Some(pane) && Some(attachment.id) != self.attachment)
        };
        self.roster.iter().filter(here).collect()
    }

    /// Shows a line in place of the status line.
    pub fn say(&mut self, level: Level, text: impl Into<String>) {
        let text: String = text.into().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if self.messages.len() == MESSAGES_MAX {
            self.messages.remove(0);
        }
        self.messages.push((self.now_ms, level, text.clone()));
        let time = u64::from(self.settings.config.times.message_ms);
        let until_ms = (time > 0).then(|| self.now_ms.saturating_add(time));
        self.message = Some(MessageLine { level, text, until_ms, about: None });
        self.redraw.chrome = true;
    }

    /// Takes up a frame; false if everything must be asked for anew.
    pub(super) fn take_frame(&mut self, frame: &Frame) -> bool {
        self.replicas.entry(frame.pane).or_insert_with(Replica::new).take(frame)
    }

    /// Looks at a session: its window last looked at.
    pub fn look_at_session(&mut self, session: SessionId) -> bool {
        let Some(info) = self.sessions.get(&session) else { return false };
        let linked = |window: &WindowId| info.links.iter().any(|link| link.window == *window) && self.windows.contains_key(window);
        let window = self
            .trail
            .window
            .get(&session)
            .copied()
            .filter(&linked)
            .or(Some(info.current).filter(&linked))
            .or_else(|| info.links.iter().map(|link| link.window).find(&linked));
        window.is_some_and(|window| self.look_at_window(session, window))
    }

    /// Looks at the session that was looked at last and still is, else at the one used last; false if there is none.
    pub(super) fn look_at_any_session(&mut self) -> bool {
        let seen = self.trail.sessions.iter().copied().find(|session| self.sessions.contains_key(session));
        let used = || self.sessions.values().max_by_key(|session| (session.activity_ms, session.id)).map(|session| session.id);
        seen.or_else(used).is_some_and(|session| self.look_at_session(session))
    }

    /// Looks at a window of a session: its pane last focused.
    pub fn look_at_window(&mut self, session: SessionId, window: WindowId) -> bool {
        let Some(info) = self.windows.get(&window) else { return false };
        let there = |pane: &PaneId| info.places.iter().any(|place| place.pane == *pane);
        let focus = self
            .trail
            .focus
            .get(&window)
            .copied()
            .filter(&there)
            .or(Some(info.active).filter(&there))
            .or_else(|| info.places.first().map(|place| place.pane));
        let Some(focus) = focus else { return false };
        let zoom = self.trail.zoom.get(&window).copied().filter(&there);
        self.move_view(View { session, window, focus, zoom, also: Vec::new() });
        true
    }

    /// Looks at a pane, in its window. A zoomed window is unzoomed if the pane is another one.
    pub fn look_at_pane(&mut self, pane: PaneId) -> bool {
        let Some(window) = self.window_of(pane) else { return false };
        let Some(session) = self.session_with(window) else { return false };
        let same = self.view.as_ref().is_some_and(|view| view.window == window);
        let zoom = if same { self.zoom() } else { self.trail.zoom.get(&window).copied() };
        self.move_view(View { session, window, focus: pane, zoom: zoom.filter(|zoomed| *zoomed == pane), also: Vec::new() });
        true
    }

    /// The window that has the pane in its layout.
    #[must_use]
    pub fn window_of(&self, pane: PaneId) -> Option<WindowId> {
        let has = |id: &WindowId| self.windows.get(id).is_some_and(|window| window.places.iter().any(|place| place.pane == pane));
        let named = self.panes.get(&pane).map(|info| info.window).filter(has);
        named.or_else(|| self.windows.keys().copied().find(has))
    }

    /// The session looked at if the window is linked there, else the first that has it.
    #[must_use]
    pub fn session_with(&self, window: WindowId) -> Option<SessionId> {
        let has = |session: &&SessionInfo| session.links.iter().any(|link| link.window == window);
        self.session().filter(|session| has(session)).or_else(|| self.sessions.values().find(has)).map(|session| session.id)
    }

    /// Makes `next` the view and remembers where the client was.
    pub(super) fn move_view(&mut self, mut next: View) {
        if let Some(old) = &self.view {
            next.also.clone_from(&old.also);
            if *old == next {
                return;
            }
            if old.session != next.session {
                visit(&mut self.trail.sessions, Some(old.session), next.session);
            }
            if old.window != next.window {
                self.pan = None;
                self.drag = None;
                if old.session == next.session {
                    visit(self.trail.windows.entry(old.session).or_default(), Some(old.window), next.window);
                }
            } else if old.focus != next.focus {
                visit(self.trail.panes.entry(old.window).or_default(), Some(old.focus), next.focus);
            }
        }
        self.trail.focus.insert(next.window, next.focus);
        match next.zoom {
            Some(zoom) => self.trail.zoom.insert(next.window, zoom),
            None => self.trail.zoom.remove(&next.window),
        };
        self.trail.window.insert(next.session, next.window);
        self.view = Some(next);
        self.redraw.chrome = true;
    }

    /// Puts the view right after things came or went: what it names exists afterwards, as far as anything does. False: the session is gone.
    pub(super) fn mend_view(&mut self) -> bool {
        let Some(view) = self.view.clone() else { return true };
        let Some(session) = self.sessions.get(&view.session) else { return false };
        self.session_name.clone_from(&session.name);
        let linked = |window: &WindowId| session.links.iter().any(|link| link.window == *window) && self.windows.contains_key(window);
        if !linked(&view.window) {
            let trail = self.trail.windows.get(&view.session).into_iter().flatten();
            let Some(window) = trail.chain(&session.last).chain([&session.current]).copied().find(&linked) else {
                let any = session.links.iter().map(|link| link.window).find(&linked);
                return any.is_some_and(|window| self.look_at_window(view.session, window));
            };
            return self.look_at_window(view.session, window);
        }
        let Some(window) = self.windows.get(&view.window) else { return true };
        let there = |pane: &PaneId| window.places.iter().any(|place| place.pane == *pane);
        let zoom = view.zoom.filter(&there);
        if there(&view.focus) {
            if zoom != view.zoom {
                self.move_view(View { zoom, ..view });
            }
            return true;
        }
        let trail = self.trail.panes.get(&view.window).into_iter().flatten();
        let next = trail.chain([&window.active]).chain(&window.last).copied().find(&there);
        if let Some(focus) = next.or_else(|| window.places.first().map(|place| place.pane)) {
            self.move_view(View { focus, zoom: zoom.filter(|zoomed| *zoomed == focus), ..view });
        }
        true
    }

    /// Forgets what belongs to panes, windows and sessions that are gone.
    pub(super) fn forget_gone(&mut self) {
        let (panes, windows, sessions) = (&self.panes, &self.windows, &self.sessions);
        self.replicas.retain(|pane, _| panes.contains_key(pane));
        self.modes.retain(|pane, _| panes.contains_key(pane));
        self.marked = self.marked.filter(|pane| panes.contains_key(pane));
        let trail = &mut self.trail;
        trail.sessions.retain(|session| sessions.contains_key(session));
        trail.windows.retain(|session, _| sessions.contains_key(session));
        trail.window.retain(|session, _| sessions.contains_key(session));
        trail.panes.retain(|window, _| windows.contains_key(window));
        trail.focus.retain(|window, pane| windows.contains_key(window) && panes.contains_key(pane));
        trail.zoom.retain(|window, pane| windows.contains_key(window) && panes.contains_key(pane));
        for list in trail.windows.values_mut() {
            list.retain(|window| windows.contains_key(window));
        }
        for list in trail.panes.values_mut() {
            list.retain(|pane| panes.contains_key(pane));
        }
    }
}

/// Puts `left` at the front of a list of visited places that does not hold `present`.
fn visit<T: Copy + PartialEq>(list: &mut Vec<T>, left: Option<T>, present: T) {
    list.retain(|place| *place != present && Some(*place) != left);
    if let Some(left) = left {
        list.insert(0, left);
    }
    list.truncate(TRAIL_MAX);
}
