//! What can lie over the panes or take a pane's keys, and how it acts: the seam for every chooser, prompt, popup and mode.
//!
//! Two things can take keys before a pane does:
//!
//! - An [`Overlay`] is a rectangle above everything (a prompt, a chooser, a question). Overlays stack; the topmost gets all keys, pastes and mouse
//!   events. It draws itself with ratatui into the cells of its [`Overlay::area`], which are blank when it is called.
//! - A [`PaneMode`] replaces what one pane shows and takes (copy mode). It shows a [`ScrollView`]: rows, marks on them, a cursor. The pane runs
//!   on underneath. Each pane has at most one; it belongs to this client alone.
//!
//! Neither holds the model. Each is called with `&Model` and answers with [`Action`]s, which [`super::update`] carries out after the call; whatever it
//! asked the server with [`Action::Ask`] comes back through its `reply`. Both are pure: time arrives as `model.now_ms`, and who wants to be
//! called again at some time says so with `deadline_ms`.
//!
//! To add a widget: a file in `tui/view/`, a type that is an `Overlay`, and one arm in [`super::act`] that opens it.

use ratatui::buffer::Buffer;

use super::damage::Damage;
use super::model::Model;
use crate::command::{Command, CopyCommand};
use crate::geometry::{Point, Rect};
use crate::ids::{PaneId, SessionId, WindowId};
use crate::protocol::message::{InputSource, Level, Reply, Request};
use crate::terminal::Row;
use crate::terminal::keys::{Key, Mouse};

/// What an overlay, a mode or a command wants done.
pub enum Action {
    /// The overlay or mode that says this ends.
    Close,
    /// Another overlay opens on top.
    Open(Box<dyn Overlay>),
    /// The pane's mode begins; one that it has ends.
    Enter(PaneId, Box<dyn PaneMode>),
    /// A command is run.
    Run(Command),
    /// The server is asked; the answer goes to the asker's `reply` if it still exists.
    Ask(Request),
    /// The server is asked; a refusal is shown as a message, and what was made is looked at (a new window, a new pane).
    Request(Request),
    /// This client looks elsewhere.
    Look(Look),
    /// The text goes to the outer terminal's clipboard (OSC 52) and on top of the paste buffers.
    Copy(String),
    /// Text is pasted into a pane, cleaned and bracketed as its program wants.
    Paste(PaneId, String),
    /// Bytes go to a pane as they are.
    Input(PaneId, Vec<u8>, InputSource),
    /// An answer is remembered, for the prompts to come.
    Remember(String),
    /// A line in place of the status line for a while.
    Say(Level, String),
    /// Look has changed: draw again. (Any key, paste, mouse event or reply that an overlay gets is followed by a drawing anyway.)
    Redraw,
}

/// Where a client looks. What is not named follows from what is: a window brings its own last focus, a session its last window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// At a session.
    Session(SessionId),
    /// At a window, in the session now looked at if it is linked there, else in the first session that has it.
    Window(WindowId),
    /// At a window in a given session.
    WindowIn(SessionId, WindowId),
    /// At a pane.
    Pane(PaneId),
}

/// A rectangle above the panes that takes keys.
pub trait Overlay: Send {
    /// The cells it wants, inside `screen` (the whole outer terminal); what lies outside is cut off.
    fn area(&self, screen: Rect, model: &Model) -> Rect;

    /// Draws itself. The cells of `area` are blank; cells outside are not its own.
    fn draw(&mut self, area: ratatui::layout::Rect, buffer: &mut Buffer, model: &Model);

    /// Where the cursor is shown, in cells of the outer terminal; none: it is hidden.
    fn cursor(&self, area: Rect, model: &Model) -> Option<Point> {
        let _ = (area, model);
        None
    }

    /// A key was pressed.
    fn key(&mut self, key: Key, model: &Model) -> Vec<Action>;

    /// Text was pasted.
    fn paste(&mut self, text: &str, model: &Model) -> Vec<Action> {
        let _ = (text, model);
        Vec::new()
    }

    /// The mouse did something; `mouse.at` is a cell of the outer terminal and may lie outside `area`.
    fn mouse(&mut self, mouse: Mouse, area: Rect, model: &Model) -> Vec<Action> {
        let _ = (mouse, area, model);
        Vec::new()
    }

    /// The answer to an [`Action::Ask`].
    fn reply(&mut self, reply: &Reply, model: &Model) -> Vec<Action> {
        let _ = (reply, model);
        Vec::new()
    }

    /// When it wants [`Overlay::tick`], on the clock of `model.now_ms`.
    fn deadline_ms(&self) -> Option<u64> {
        None
    }

    /// The deadline has come.
    fn tick(&mut self, model: &Model) -> Vec<Action> {
        let _ = model;
        Vec::new()
    }

    /// Panes whose screens it shows though they are not in the window looked at (previews); at most 4. Their replicas are in
    /// `model.looks`, once they have come.
    fn previews(&self) -> Vec<PaneId> {
        Vec::new()
    }

    /// Whether what lies below shows through cells that it leaves blank.
    fn is_see_through(&self) -> bool {
        false
    }

    /// Whether keys go through it to what lies below (a hint that closes by itself). It gets them too.
    fn is_transparent(&self) -> bool {
        false
    }
}

/// How some columns of a shown row are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MarkKind {
    /// Selected text.
    Selection,
    /// A match of the search.
    Match,
    /// The match where the cursor is.
    CurrentMatch,
}

/// Columns `from..to` of the shown row `row` are marked. Later marks lie over earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Row of the view, 0 at the top.
    pub row: u16,
    /// First column.
    pub from: u16,
    /// One past the last column.
    pub to: u16,
    /// How.
    pub kind: MarkKind,
}

/// What a pane shows in place of its live screen.
#[derive(Debug, Clone, Default)]
pub struct ScrollView {
    /// The rows from the top; missing ones are blank.
    pub rows: Vec<Row>,
    /// Marks.
    pub marks: Vec<Mark>,
    /// The cursor's cell in the pane; none: hidden.
    pub cursor: Option<Point>,
    /// A note at the pane's top right corner, such as `[12/340]`; empty: none.
    pub note: String,
    /// Which rows must be painted; whoever changes the view adds to it (the note counts as part of row 0).
    pub damage: Damage,
}

/// What takes a pane's keys and replaces what it shows.
pub trait PaneMode: Send {
    /// The key table that is asked first, such as `copy-mode-vi`; what is not bound there comes to [`PaneMode::key`].
    fn table(&self) -> &str;

    /// What the pane shows now.
    fn view(&mut self) -> &mut ScrollView;

    /// A key that is not bound in its table.
    fn key(&mut self, key: Key, pane: PaneId, model: &Model) -> Vec<Action>;

    /// A command for copy mode: from its key table, or given at the prompt.
    fn command(&mut self, command: &CopyCommand, pane: PaneId, model: &Model) -> Vec<Action>;

    /// Text was pasted.
    fn paste(&mut self, text: &str, pane: PaneId, model: &Model) -> Vec<Action> {
        let _ = (text, pane, model);
        Vec::new()
    }

    /// The mouse; `mouse.at` is a cell of the pane.
    fn mouse(&mut self, mouse: Mouse, pane: PaneId, model: &Model) -> Vec<Action> {
        let _ = (mouse, pane, model);
        Vec::new()
    }

    /// The answer to an [`Action::Ask`].
    fn reply(&mut self, reply: &Reply, pane: PaneId, model: &Model) -> Vec<Action>;

    /// The pane's replica or size changed underneath. The model has the new one.
    fn refresh(&mut self, pane: PaneId, model: &Model) -> Vec<Action>;

    /// When it wants [`PaneMode::refresh`] again (scrolling while dragging), on the clock of `model.now_ms`.
    fn deadline_ms(&self) -> Option<u64> {
        None
    }
}
