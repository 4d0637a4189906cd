//! Events to changes of the model and effects: the client's one place where things happen.
//!
//! [`update`] takes one [`Event`] and gives [`Effect`]s for the loop to carry out, in order. It never waits, and asks nobody but the model. The steps of
//! a key: the topmost overlay; else the key tables (a table that waits, or the mode's, or `root`); else the pane's mode; else the pane itself, as
//! bytes that its program expects.
//!
//! The view is told to the server by comparison: whatever a step did to `model.view`, the server hears of it once, before the next request and at
//! the end of the step, so that "where I am" means the same on both sides.

use super::act;
use super::control::{Stamp, is_interrupt, news};
use super::input;
use super::model::{Asker, KeyState, Layer, Link, Model, Typed};
use super::mouse;
use super::overlay::{Action, Look};
use crate::config::SessionEnd;
use crate::geometry::Size;
use crate::ids::PaneId;
use crate::protocol::message::{
    ClientMessage, FrameAck, InputSource, Level, Made, Notice, Reply, ReplyMessage, Request, RequestMessage, Role, ServerMessage,
};
use crate::terminal::keys::{self, Key, Mouse, MouseAction};

/// A server that is back within so many milliseconds was not missed.
const LOST_SHOWN_MS: u64 = 300;

/// Longest time that what is typed waits for a command's outcome, in milliseconds.
const HOLD_MS: u64 = 1_000;
/// Keys and pastes that wait so, at most.
const HELD_MAX: usize = 256;

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A key.
    Key(Key),
    /// A paste, as the outer terminal gave it.
    Paste(String),
    /// The mouse, in cells of the outer terminal.
    Mouse(Mouse),
    /// The outer terminal got or lost the focus.
    Focus(bool),
    /// The server said something.
    Server(ServerMessage),
    /// The connection was lost and is being tried again.
    Lost,
    /// The outer terminal's size changed.
    Resized(Size),
    /// `model.now_ms` has reached [`Model::deadline_ms`]. Spurious ones do no harm.
    Deadline,
}

/// What the loop shall do.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send this.
    Send(ClientMessage),
    /// Number this, keep it until it is acknowledged, send it.
    Input {
        /// The pane.
        pane: PaneId,
        /// The bytes.
        bytes: Vec<u8>,
        /// What they came from.
        source: InputSource,
        /// The tenure that the user typed it in.
        stamp: Stamp,
    },
    /// Text for the outer terminal's clipboard.
    Clipboard(String),
    /// Ring the outer terminal's bell.
    Bell,
    /// Give the terminal back and stop, as C-z does to a program.
    Suspend,
    /// Read the configuration again and put it into the model.
    Reload,
    /// Switch mouse reporting of the outer terminal.
    Mouse(bool),
    /// Leave.
    Leave(Leave),
}

/// Why a client leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leave {
    /// It was detached.
    Detached,
    /// The session ended.
    SessionEnded,
    /// The server was ended on purpose.
    ServerExited,
    /// Another client took over the attachment.
    Replaced,
    /// The server refused.
    Refused(crate::protocol::message::Refusal),
}

/// One step: the model and the effects so far.
pub struct Turn<'a> {
    /// The model.
    pub model: &'a mut Model,
    effects: Vec<Effect>,
    /// Somebody did something by hand.
    by_hand: bool,
}

impl Turn<'_> {
    /// Adds an effect.
    pub fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Sends a message, after the view if that changed.
    pub fn send(&mut self, message: ClientMessage) {
        self.tell_view();
        self.effects.push(Effect::Send(message));
    }

    /// Sends input; what comes from the same source for the same pane at once becomes one piece.
    pub fn input(&mut self, pane: PaneId, bytes: Vec<u8>, source: InputSource) {
        if bytes.is_empty() {
            return;
        }
        if !self.model.may_type() {
            if source == InputSource::Key || source == InputSource::Paste {
                self.model.say(Level::Info, "this client is read-only");
            }
            return;
        }
        if !matches!(self.model.link, Link::Up) && matches!(source, InputSource::Mouse | InputSource::Focus) {
            return;
        }
        self.tell_view();
        let mut stamp = self.model.stamp(pane);
        if stamp.epoch.is_some() {
            if source == InputSource::Focus {
                stamp = Stamp::FREE;
            } else if source == InputSource::Key && is_interrupt(&bytes) {
                stamp = Stamp::AT_ONCE;
            }
        }
        if let Some(Effect::Input { pane: last_pane, bytes: last, source: last_source, stamp: last_stamp }) = self.effects.last_mut()
            && *last_pane == pane
            && *last_source == source
            && *last_stamp == stamp
            && stamp.joins()
        {
            last.extend_from_slice(&bytes);
            return;
        }
        self.effects.push(Effect::Input { pane, bytes, source, stamp });
    }

    /// Who asks with a command whose outcome is looked at. What is typed from now on is meant for that place, as with tmux, and waits for it a moment.
    pub fn command(&mut self) -> Asker {
        if matches!(self.model.link, Link::Up) {
            self.model.hold_until_ms = Some(self.model.now_ms.saturating_add(HOLD_MS));
        }
        Asker::Command(self.model.choices)
    }

    /// Asks the server.
    pub fn request(&mut self, asker: Asker, request: Request) {
        let id = self.model.next_request;
        self.model.next_request += 1;
        // Answers that never come (a server that died) must not pile up.
        if self.model.asked.len() >= 256 {
            self.model.asked.pop_first();
        }
        self.model.asked.insert(id, asker);
        self.send(ClientMessage::Request(RequestMessage { id, request }));
    }

    /// Sizes follow the hand. Input says so itself, and where nobody else looks there is nothing to follow.
    fn tell_hand(&mut self) {
        let model = &*self.model;
        let Some(window) = model.view.as_ref().map(|view| view.window) else { return };
        let mut others = model.roster.iter().flat_map(|operator| &operator.attachments);
        if self.by_hand
            && matches!(model.link, Link::Up)
            && model.may_type()
            && !self.effects.iter().any(|effect| matches!(effect, Effect::Input { .. }))
            && others.any(|other| Some(other.id) != model.attachment && other.window == Some(window) && other.role != Role::Observer)
        {
            self.effects.push(Effect::Send(ClientMessage::Active));
        }
    }

    fn tell_view(&mut self) {
        if !matches!(self.model.link, Link::Up) || self.model.view == self.model.view_sent {
            return;
        }
        if let Some(view) = &self.model.view {
            self.effects.push(Effect::Send(ClientMessage::View(view.clone())));
            self.model.view_sent = Some(view.clone());
        }
    }
}

/// Carries out one event.
#[must_use]
pub fn update(model: &mut Model, event: Event) -> Vec<Effect> {
    update_all(model, [event])
}

/// Carries out several events, so that what was typed at once becomes one piece of input.
#[must_use]
pub fn update_all(model: &mut Model, events: impl IntoIterator<Item = Event>) -> Vec<Effect> {
    let mut turn = Turn { model, effects: Vec::new(), by_hand: false };
    for event in events {
        step(&mut turn, event);
    }
    want_previews(turn.model);
    turn.tell_view();
    turn.tell_hand();
    turn.effects
}

fn step(turn: &mut Turn<'_>, event: Event) {
    match event {
        Event::Key(key) if is_held(turn.model) => turn.model.held.push_back(Typed::Key(key)),
        Event::Paste(text) if is_held(turn.model) => turn.model.held.push_back(Typed::Paste(text)),
        Event::Key(key) => typed(turn, Typed::Key(key)),
        Event::Paste(text) => typed(turn, Typed::Paste(text)),
        Event::Mouse(mouse) => by_hand(turn, !matches!(mouse.action, MouseAction::Move), |turn| mouse::mouse(turn, mouse)),
        Event::Focus(focused) => focus(turn, focused),
        Event::Server(message) => server(turn, message),
        Event::Lost => lost(turn),
        Event::Resized(size) => resized(turn, size),
        Event::Deadline => deadline(turn),
    }
    release(turn);
}

/// Whether what is typed now waits for a command's outcome. When too much waits it is typed where the focus is.
fn is_held(model: &Model) -> bool {
    model.hold_until_ms.is_some() && model.held.len() < HELD_MAX
}

/// Types what waited, if what it waited for has come, or will not.
fn release(turn: &mut Turn<'_>) {
    loop {
        let model = &mut *turn.model;
        if model.hold_until_ms.is_none() && model.held.is_empty() {
            return;
        }
        let is_under_way = model.awaited.is_some() || model.asked.values().any(|asker| matches!(asker, Asker::Command(_)));
        let is_due = model.hold_until_ms.is_none_or(|until| until <= model.now_ms);
        if is_under_way && !is_due && matches!(model.link, Link::Up) && model.held.len() < HELD_MAX {
            return;
        }
        model.hold_until_ms = None;
        let Some(next) = model.held.pop_front() else { return };
        typed(turn, next);
    }
}

fn typed(turn: &mut Turn<'_>, what: Typed) {
    by_hand(turn, true, |turn| match what {
        Typed::Key(key) => input::key(turn, key),
        Typed::Paste(text) => input::paste(turn, &text),
    });
}

/// Something done by hand: if it goes elsewhere, that is a choice that what was asked for before does not undo.
fn by_hand(turn: &mut Turn<'_>, is_act: bool, call: impl FnOnce(&mut Turn<'_>)) {
    let place = |model: &Model| model.view.as_ref().map(|view| (view.session, view.window, view.focus, view.zoom));
    let before = place(turn.model);
    call(turn);
    turn.by_hand |= is_act;
    if place(turn.model) != before {
        turn.model.choices += 1;
        turn.model.awaited = None;
    }
}

/// The topmost overlays' previews become part of the view.
fn want_previews(model: &mut Model) {
    let mut also: Vec<PaneId> = model.overlays.iter().rev().flat_map(|layer| layer.overlay.previews()).collect();
    also.truncate(4);
    if let Some(view) = &mut model.view
        && view.also != also
    {
        view.also = also;
    }
}

fn focus(turn: &mut Turn<'_>, focused: bool) {
    turn.model.focused = focused;
    turn.model.redraw.chrome = true;
    if let Some(pane) = turn.model.focus()
        && let Some(bytes) = keys::encode_focus(focused, turn.model.modes_of(pane))
    {
        turn.input(pane, bytes.to_vec(), InputSource::Focus);
    }
}

fn resized(turn: &mut Turn<'_>, size: Size) {
    let size = size.at_least_one();
    turn.model.size = size;
    turn.model.drag = None;
    turn.model.redraw.everything = true;
    if matches!(turn.model.link, Link::Up) {
        let viewport = turn.model.viewport();
        turn.send(ClientMessage::Viewport(viewport));
    }
}

fn lost(turn: &mut Turn<'_>) {
    if !matches!(turn.model.link, Link::Lost { .. }) {
        turn.model.link = Link::Lost { since_ms: turn.model.now_ms };
        turn.model.lost_shown = false;
        turn.model.complete = false;
        turn.model.asked.clear();
        turn.model.awaited = None;
        turn.model.silent = false;
        turn.model.drag = None;
    }
}

impl Model {
    /// When [`Event::Deadline`] is wanted next, on the clock of `now_ms`.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        let message = self.message.as_ref().and_then(|message| message.until_ms);
        let overlays = self.overlays.iter().filter_map(|layer| layer.overlay.deadline_ms());
        let modes = self.modes.values().filter_map(|mode| mode.deadline_ms());
        let banner = match self.link {
            Link::Lost { since_ms } if !self.lost_shown => Some(since_ms.saturating_add(LOST_SHOWN_MS)),
            _ => None,
        };
        let held = self.hold_until_ms.filter(|_| !self.held.is_empty());
        overlays
            .chain(modes)
            .chain(message)
            .chain(self.keys.until_ms)
            .chain(self.keys.hint_at_ms)
            .chain(banner)
            .chain(held)
            .chain(self.desk.tick_ms)
            .min()
    }
}

fn deadline(turn: &mut Turn<'_>) {
    let now = turn.model.now_ms;
    let due = |at: Option<u64>| at.is_some_and(|at| at <= now);
    if due(turn.model.message.as_ref().and_then(|message| message.until_ms)) {
        turn.model.message = None;
        turn.model.redraw.chrome = true;
    }
    if let Link::Lost { since_ms } = turn.model.link
        && due(Some(since_ms.saturating_add(LOST_SHOWN_MS)))
        && !turn.model.lost_shown
    {
        turn.model.lost_shown = true;
        turn.model.redraw.chrome = true;
    }
    if due(turn.model.desk.tick_ms) {
        turn.model.desk.tick_ms = None;
        turn.model.redraw.chrome = true;
    }
    if due(turn.model.keys.until_ms) {
        turn.model.keys = KeyState::default();
        turn.model.redraw.chrome = true;
    }
    if due(turn.model.keys.hint_at_ms) {
        turn.model.keys.hint_at_ms = None;
        turn.model.keys.hinted = true;
        turn.model.redraw.chrome = true;
    }
    let layers: Vec<u64> = turn.model.overlays.iter().filter(|layer| due(layer.overlay.deadline_ms())).map(|layer| layer.id).collect();
    for id in layers {
        with_overlay(turn, id, |layer, model| layer.overlay.tick(model));
    }
    let panes: Vec<PaneId> = turn.model.modes.iter().filter(|(_, mode)| due(mode.deadline_ms())).map(|(pane, _)| *pane).collect();
    for pane in panes {
        with_mode(turn, pane, |mode, model| mode.refresh(pane, model));
    }
}

/// Calls an overlay with the model and carries out what it wants.
pub fn with_overlay(turn: &mut Turn<'_>, id: u64, call: impl FnOnce(&mut Layer, &Model) -> Vec<Action>) {
    // The layer is out of the model while it is called: it may not see itself.
    let Some(index) = turn.model.overlays.iter().position(|layer| layer.id == id) else { return };
    let mut layer = turn.model.overlays.remove(index);
    let actions = call(&mut layer, turn.model);
    let index = index.min(turn.model.overlays.len());
    turn.model.overlays.insert(index, layer);
    turn.model.redraw.chrome = true;
    for action in actions {
        if matches!(action, Action::Close) {
            turn.model.overlays.retain(|layer| layer.id != id);
        } else {
            act(turn, action, Asker::Overlay(id));
        }
    }
}

/// Calls a pane's mode with the model and carries out what it wants.
pub fn with_mode(turn: &mut Turn<'_>, pane: PaneId, call: impl FnOnce(&mut dyn super::overlay::PaneMode, &Model) -> Vec<Action>) {
    let Some(mut mode) = turn.model.modes.remove(&pane) else { return };
    let note = mode.view().note.clone();
    let actions = call(mode.as_mut(), turn.model);
    if mode.view().note != note {
        turn.model.redraw.chrome = true;
    }
    turn.model.modes.insert(pane, mode);
    for action in actions {
        if matches!(action, Action::Close) {
            leave_mode(turn.model, pane);
        } else {
            act(turn, action, Asker::Mode(pane));
        }
    }
}

/// Ends a pane's mode: it shows its screen again.
pub fn leave_mode(model: &mut Model, pane: PaneId) {
    if model.modes.remove(&pane).is_some() {
        if let Some(replica) = model.replicas.get_mut(&pane) {
            replica.damage.all();
        }
        model.redraw.chrome = true;
    }
}

/// Carries out one action.
pub fn act(turn: &mut Turn<'_>, action: Action, asker: Asker) {
    match action {
        Action::Close => {}
        Action::Open(overlay) => {
            let id = turn.model.next_layer;
            turn.model.next_layer += 1;
            turn.model.overlays.push(Layer { id, overlay });
            turn.model.redraw.chrome = true;
        }
        Action::Enter(pane, mode) => {
            turn.model.modes.insert(pane, mode);
            turn.model.redraw.chrome = true;
            with_mode(turn, pane, |mode, model| {
                mode.view().damage.all();
                mode.refresh(pane, model)
            });
        }
        Action::Run(command) => act::run(turn, &command),
        Action::Ask(request) => turn.request(asker, request),
        // Nothing is made by these that one would wait for to look at.
        Action::Request(request @ (Request::Control { .. } | Request::Approve { .. })) => turn.request(Asker::Nobody, request),
        Action::Request(request) => {
            let asker = turn.command();
            turn.request(asker, request);
        }
        Action::Look(look) => {
            look_at(turn.model, look);
        }
        Action::Copy(text) => copy(turn, text),
        Action::Paste(pane, text) => {
            let bytes = keys::paste(&text, turn.model.modes_of(pane));
            turn.input(pane, bytes, InputSource::Paste);
        }
        Action::Input(pane, bytes, source) => turn.input(pane, bytes, source),
        Action::Remember(text) => turn.model.remember(text),
        Action::Say(level, text) => turn.model.say(level, text),
        Action::Redraw => turn.model.redraw.chrome = true,
    }
}

/// Looks elsewhere; false if there is no such place.
pub fn look_at(model: &mut Model, look: Look) -> bool {
    match look {
        Look::Session(session) => model.look_at_session(session),
        Look::Window(window) => model.session_with(window).is_some_and(|session| model.look_at_window(session, window)),
        Look::WindowIn(session, window) => model.look_at_window(session, window),
        Look::Pane(pane) => model.look_at_pane(pane),
    }
}

/// Copied text goes to the outer terminal and to the server's paste buffers.
pub fn copy(turn: &mut Turn<'_>, text: String) {
    if text.is_empty() {
        return;
    }
    if turn.model.settings.config.clipboard.copy {
        turn.effect(Effect::Clipboard(text.clone()));
    }
    turn.request(Asker::Nobody, Request::SetBuffer { name: None, text });
}

fn server(turn: &mut Turn<'_>, message: ServerMessage) {
    let model = &mut *turn.model;
    match message {
        ServerMessage::Welcome(welcome) => model.operator = Some(welcome.operator),
        ServerMessage::Error(refusal) => turn.effect(Effect::Leave(Leave::Refused(refusal))),
        ServerMessage::Attached(attached) => {
            // What comes now is everything there is; what was known before is told anew.
            model.sessions.clear();
            model.windows.clear();
            model.panes.clear();
            model.controls.clear();
            model.complete = false;
            model.attachment = Some(attached.attachment);
            model.role = attached.role;
            model.view_sent = Some(attached.view.clone());
            model.move_view(attached.view);
            model.link = Link::Up;
            model.lost_shown = false;
            model.nobody_listens = false;
            model.redraw.chrome = true;
        }
        ServerMessage::Session(info) => {
            model.sessions.insert(info.id, info);
        }
        ServerMessage::SessionGone(id) => {
            model.sessions.remove(&id);
        }
        ServerMessage::Window(info) => {
            model.windows.insert(info.id, info);
        }
        ServerMessage::WindowGone(id) => {
            model.windows.remove(&id);
        }
        ServerMessage::Pane(info) => {
            model.panes.insert(info.id, info);
        }
        ServerMessage::PaneGone(id) => {
            model.panes.remove(&id);
            model.controls.remove(&id);
        }
        ServerMessage::Control(info) => {
            let news = if model.complete { news::change(model, model.control(info.pane), &info) } else { None };
            if let Some(text) = news {
                model.say(Level::Info, text);
            }
            if model.control(info.pane).is_none_or(|old| old.epoch != info.epoch) {
                model.desk.asking = model.desk.asking.filter(|pane| *pane != info.pane);
            }
            model.controls.insert(info.pane, *info);
            model.redraw.chrome = true;
        }
        ServerMessage::Roster(roster) => {
            model.roster = roster;
            model.redraw.chrome = true;
            act::follow(turn);
        }
        ServerMessage::ModelEnd => model_end(turn),
        ServerMessage::Frame(frame) => {
            let pane = frame.pane;
            if !model.take_frame(&frame) {
                model.replicas.remove(&pane);
                turn.effect(Effect::Send(ClientMessage::FrameAck(FrameAck { pane, version: 0 })));
            } else if model.modes.contains_key(&pane) {
                with_mode(turn, pane, |mode, model| mode.refresh(pane, model));
            }
        }
        ServerMessage::InputAck(ack) => {
            news::acknowledged(model, &ack);
        }
        ServerMessage::Reply(ReplyMessage { id, reply }) => replied(turn, id, &reply),
        ServerMessage::Notice(notice) => noticed(turn, notice),
        ServerMessage::Detached(detached) => {
            if let Some(session) = detached.session {
                model.session_name = session;
            }
            turn.effect(Effect::Leave(match detached.reason.as_str() {
                "session_ended" => Leave::SessionEnded,
                "server_exited" => Leave::ServerExited,
                "replaced" => Leave::Replaced,
                _ => Leave::Detached,
            }));
        }
        ServerMessage::List(_) | ServerMessage::Ok | ServerMessage::Pong(_) => {}
    }
}

fn model_end(turn: &mut Turn<'_>) {
    let model = &mut *turn.model;
    model.complete = true;
    model.redraw.chrome = true;
    if let Some(made) = model.awaited.clone()
        && look_at_made(model, &made)
    {
        model.awaited = None;
    }
    let goes_on = model.settings.config.general.session_end == SessionEnd::Switch;
    if !(model.mend_view() || goes_on && model.look_at_any_session()) {
        // The server lets the clients of a session go when it ends; if the word is still on its way, its reason is this one anyway.
        turn.effect(Effect::Leave(Leave::SessionEnded));
        return;
    }
    model.forget_gone();
}

/// Looks at what a request made, if the model has it already.
fn look_at_made(model: &mut Model, made: &Made) -> bool {
    if let Some(pane) = made.pane {
        return model.look_at_pane(pane);
    }
    if let Some(window) = made.window {
        return look_at(model, Look::Window(window));
    }
    made.session.is_some_and(|session| model.look_at_session(session))
}

fn replied(turn: &mut Turn<'_>, id: u64, reply: &Reply) {
    let Some(asker) = turn.model.asked.remove(&id) else { return };
    match asker {
        Asker::Overlay(layer) => with_overlay(turn, layer, |layer, model| layer.overlay.reply(reply, model)),
        Asker::Mode(pane) => with_mode(turn, pane, |mode, model| mode.reply(reply, pane, model)),
        Asker::Paste(pane) => match reply {
            Reply::Text(text) => {
                let bytes = keys::paste(text, turn.model.modes_of(pane));
                turn.input(pane, bytes, InputSource::Paste);
            }
            other => complain(turn.model, other),
        },
        Asker::Command(choices) => match reply {
            // Whoever chose another place since stays there.
            Reply::Done(_) if choices != turn.model.choices => {}
            Reply::Done(made) => {
                if !look_at_made(turn.model, made) {
                    turn.model.awaited = Some(made.clone());
                }
            }
            other => complain(turn.model, other),
        },
        Asker::Show | Asker::Nobody => complain(turn.model, reply),
    }
    if let Some(overlay) = (asker == Asker::Show).then(|| act::shown(reply)).flatten() {
        act(turn, Action::Open(overlay), Asker::Nobody);
    }
}

fn complain(model: &mut Model, reply: &Reply) {
    if let Reply::Refused(refusal) = reply {
        model.say(Level::Warning, refused(refusal));
    }
}

fn refused(refusal: &crate::protocol::message::Refusal) -> String {
    match &refusal.hint {
        Some(hint) => format!("{}: {hint}", refusal.message),
        None => refusal.message.clone(),
    }
}

fn noticed(turn: &mut Turn<'_>, notice: Notice) {
    match notice {
        Notice::Message(level, text) => turn.model.say(level, text),
        Notice::Bell(_) => {
            if turn.model.settings.config.general.bell {
                turn.effect(Effect::Bell);
            }
        }
        Notice::Clipboard(_, text) => turn.effect(Effect::Clipboard(text)),
        Notice::ConfigChanged => turn.effect(Effect::Reload),
        Notice::Look(view) => {
            // It was meant for what was looked at then; a person who went elsewhere meanwhile stays there.
            let model = &mut *turn.model;
            if model.view.as_ref().is_some_and(|now| now.window == view.window)
                && model.windows.get(&view.window).is_some_and(|window| window.places.iter().any(|place| place.pane == view.focus))
            {
                model.move_view(view);
            }
        }
        Notice::Attention(pane, title, body) => {
            let sep = if title.is_empty() || body.is_empty() { "" } else { ": " };
            turn.model.say(Level::Info, format!("{pane} {title}{sep}{body}"));
        }
    }
}
