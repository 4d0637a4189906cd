//! A pane's viewers and what they are sent: the newest state, never a backlog.
//!
//! A viewer has the version it was last sent, and is *ready* while fewer than [`WINDOW`] frames wait for its acknowledgement. Two instead of one let it
//! put off the acknowledgement of a lone frame until it has something else to say, which saves both sides a wake-up for each key. When the screen
//! moves on:
//!
//! ```text
//!   nobody ready          nothing is refreshed, diffed or encoded; each viewer's signals say "wake me with the acknowledgement"
//!   somebody ready,
//!     quiet for 8 ms      refresh the screen, one diff for each version that the ready ones have, the same bytes for all who have the same
//!     else                due at 8 ms after the last frames, unless a key went to the pane just now
//! ```
//!
//! The pace is the pane's, not the viewer's: that way viewers come to have the same versions, and twenty of them cost one diff. A viewer's first frame
//! is no step in it: it shows what was there anyway, and the prompt of a new shell, which comes a moment later, is not to wait for it.
//!
//! A state that takes more than [`SCREEN_PART_BYTES`] (hundreds of columns and rows in which every cell has a style of its own) is sent in parts, some rows
//! each; together they count as one frame, and the first acknowledgement of its version as that of all: they come in order or not at all.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::inbox::ViewerSignals;
use crate::ids::{AttachmentId, PaneId};
use crate::protocol::frame::encode;
use crate::protocol::limits::SCREEN_PART_BYTES;
use crate::protocol::message::{Frame, ServerMessage};
use crate::server::outbox::Outbox;
use crate::terminal::{Screen, diff};

/// Frames of a pane that a viewer may have unacknowledged.
pub(super) const WINDOW: usize = 2;
/// Least time between two frames of a pane under load.
pub(super) const PACE: Duration = Duration::from_millis(8);

/// One who looks at the pane.
struct Viewer {
    id: AttachmentId,
    outbox: Arc<Outbox>,
    signals: Arc<ViewerSignals>,
    /// What it has, once it acknowledges; `None`: nothing that a diff could start from.
    has: Option<State>,
    /// The versions it was sent and has not acknowledged, at most [`WINDOW`].
    outstanding: VecDeque<u64>,
}

/// What a frame says: if this is the same, there is nothing to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    version: u64,
    history: (u64, u64),
}

impl Viewer {
    /// It has nothing, and nothing that it may still acknowledge counts.
    fn begin_anew(&mut self) {
        self.has = None;
        self.outstanding.clear();
        self.signals.forget();
    }

    /// Whether it may be sent another frame. If not, its next acknowledgement wakes the worker.
    fn takes_more(&mut self) -> bool {
        while self.outstanding.front().is_some_and(|version| self.signals.has(*version)) {
            self.outstanding.pop_front();
        }
        match self.outstanding.front() {
            Some(version) if self.outstanding.len() >= WINDOW => {
                let acknowledged = self.signals.wait_for(*version);
                if acknowledged {
                    self.outstanding.pop_front();
                }
                acknowledged
            }
            _ => true,
        }
    }
}

/// Who looks at a pane, and when they were last sent something.
#[derive(Default)]
pub(super) struct Viewers {
    list: Vec<Viewer>,
    /// Something may have changed since the screen was last refreshed for somebody.
    dirty: bool,
    /// What that refresh gave.
    newest: Option<State>,
    last_at: Option<Instant>,
    due: Option<Instant>,
    encoded: Encoded,
}

/// The frame that was encoded last, in one message or several.
#[derive(Default)]
struct Encoded {
    of: Option<(u64, State)>,
    bytes: Vec<u8>,
    /// How often a frame was made, for the tests.
    #[cfg(test)]
    made: usize,
}

/// A buffer for frames beyond this is given back: a full frame of a large screen is rare.
const KEPT_BYTES: usize = 32 * 1024;

impl Viewers {
    /// Adds a viewer, or begins anew with one.
    pub(super) fn watch(&mut self, id: AttachmentId, outbox: Arc<Outbox>, signals: Arc<ViewerSignals>) {
        self.unwatch(id);
        self.list.push(Viewer { id, outbox, signals, has: None, outstanding: VecDeque::with_capacity(WINDOW) });
    }

    /// Removes a viewer.
    pub(super) fn unwatch(&mut self, id: AttachmentId) {
        self.list.retain(|viewer| viewer.id != id);
    }

    /// A viewer lost what it had; it is sent everything at once.
    pub(super) fn resync(&mut self, id: AttachmentId) {
        if let Some(viewer) = self.list.iter_mut().find(|viewer| viewer.id == id) {
            viewer.begin_anew();
        }
    }

    /// Another engine took over, whose versions are its own: nobody has anything that a diff could start from.
    pub(super) fn forget_versions(&mut self) {
        self.list.iter_mut().for_each(Viewer::begin_anew);
        self.encoded.of = None;
        self.newest = None;
        self.dirty = true;
    }

    /// The pane changed.
    pub(super) fn touch(&mut self) {
        self.dirty = true;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// When [`Viewers::send`] is to be called again although nothing happens.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Nothing is to be sent for now.
    pub(super) fn not_due(&mut self) {
        self.due = None;
    }

    /// Sends what is to be sent now. `screen` is called if anybody gets something; `history` is the range of lines. `at_once`: do not hold back.
    pub(super) fn send<'s>(
        &mut self,
        pane: PaneId,
        now: Instant,
        at_once: bool,
        history: (u64, u64),
        screen: impl FnOnce() -> &'s Screen,
    ) -> usize {
        self.due = None;
        let (mut ready, mut new) = (false, false);
        for viewer in &mut self.list {
            // Only who is behind waits for an acknowledgement: the others' must wake nobody.
            let behind = self.dirty || viewer.has.is_none() || viewer.has != self.newest;
            if behind && viewer.takes_more() {
                ready = true;
                // Those who have nothing are not kept waiting by the pace of the others.
                new |= viewer.has.is_none();
            }
        }
        if !ready {
            return 0;
        }
        if !at_once
            && !new
            && let Some(next) = self.last_at.map(|last| last + PACE)
            && now < next
        {
            self.due = Some(next);
            return 0;
        }
        let screen = screen();
        if screen.version == 0 {
            // On the wire that means "nothing", and that is what such a screen shows: no byte has changed it yet.
            return 0;
        }
        let state = State { version: screen.version, history };
        self.newest = Some(state);
        self.dirty = false;
        let (mut sent, mut changes) = (0, 0);
        for viewer in &mut self.list {
            if viewer.outstanding.len() >= WINDOW || viewer.has == Some(state) {
                continue;
            }
            let base = viewer.has.map_or(0, |has| has.version);
            let frame = self.encoded.get(pane, base, state, screen);
            viewer.signals.sending();
            viewer.outbox.send_screen(frame);
            changes += usize::from(viewer.has.is_some());
            viewer.has = Some(state);
            viewer.outstanding.push_back(state.version);
            sent += 1;
        }
        if changes > 0 {
            self.last_at = Some(now);
        }
        sent
    }
}

impl Encoded {
    /// The frame that leads from `base` to `state`, encoded unless it is the one encoded last.
    fn get(&mut self, pane: PaneId, base: u64, state: State, screen: &Screen) -> &[u8] {
        if self.of != Some((base, state)) {
            #[cfg(test)]
            {
                self.made += 1;
            }
            self.bytes.clear();
            if self.bytes.capacity() > KEPT_BYTES {
                self.bytes = Vec::new();
            }
            let changes = diff::diff(screen, base);
            let mut diff = Vec::new();
            changes.encode(&mut diff);
            let mut append = |base, diff| {
                let (history_first, history_end) = state.history;
                let frame = Frame { pane, base, version: state.version, diff, history_first, history_end };
                if let Err(error) = encode(&ServerMessage::Frame(frame), &mut self.bytes) {
                    // The sides of a screen and the bytes of a cell are bounded, so a row is always far below the limit.
                    tracing::error!(%error, %pane, "a part of a screen is too large to be sent");
                    debug_assert!(false, "{error}");
                }
            };
            let first = if changes.full.is_some() { 0 } else { base };
            if diff.len() <= SCREEN_PART_BYTES {
                append(first, diff);
            } else {
                drop(diff);
                for (index, part) in changes.split(SCREEN_PART_BYTES).into_iter().enumerate() {
                    let mut diff = Vec::new();
                    part.encode(&mut diff);
                    append(if index == 0 { first } else { part.base }, diff);
                }
            }
            self.of = Some((base, state));
        }
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::geometry::Size;
    use crate::protocol::frame::Decoder;
    use crate::protocol::limits::{CLIENT_SCREENS_MAX_BYTES, SCREEN_CELLS_MAX, SCREEN_SIDE_MAX, SERVER_FRAME_MAX_BYTES};
    use crate::terminal::Row;
    use crate::terminal::row::{Attrs, Color, Run, Shape, Style, Underline};

    const PANE: PaneId = PaneId(1);

    struct Client {
        id: AttachmentId,
        socket: UnixStream,
        decoder: Decoder,
        signals: Arc<ViewerSignals>,
        screen: Screen,
    }

    impl Client {
        fn watch(viewers: &mut Viewers, id: u64) -> Self {
            let (ours, socket) = UnixStream::pair().expect("socket pair");
            socket.set_nonblocking(true).expect("nonblocking");
            let (id, signals) = (AttachmentId(id), Arc::new(ViewerSignals::default()));
            viewers.watch(id, Outbox::new(ours.into()), signals.clone());
            Self { id, socket, decoder: Decoder::new(), signals, screen: Screen::new(Size::new(1, 1)) }
        }

        /// Frames that are there, applied; and the newest version.
        fn read(&mut self) -> Vec<Frame> {
            let mut buffer = [0; 65536];
            while let Ok(len @ 1..) = self.socket.read(&mut buffer) {
                self.decoder.push(&buffer[..len]);
            }
            let mut frames = Vec::new();
            while let Some(ServerMessage::Frame(frame)) = self.decoder.next().expect("frames") {
                let diff = diff::Diff::decode(&mut &frame.diff[..]).expect("a diff");
                diff::apply(&mut self.screen, &diff).expect("the base it has");
                frames.push(frame);
            }
            frames
        }

        fn ack(&mut self, version: u64) -> bool {
            self.signals.ack(version)
        }
    }

    /// A screen that says `text`, one version on.
    fn say(screen: &mut Screen, viewers: &mut Viewers, text: &str) {
        let version = screen.version + 1;
        screen.put_row(0, Row::narrow(text), version);
        screen.version = version;
        viewers.touch();
    }

    fn send(viewers: &mut Viewers, screen: &Screen, now: Instant, at_once: bool) -> usize {
        viewers.send(PANE, now, at_once, (0, 0), || screen)
    }

    #[test]
    fn the_first_change_goes_at_once_and_the_next_after_the_pace() {
        let (mut viewers, mut screen, start) = (Viewers::default(), Screen::new(Size::new(20, 2)), Instant::now());
        let mut client = Client::watch(&mut viewers, 1);
        say(&mut screen, &mut viewers, "zero");
        assert_eq!(send(&mut viewers, &screen, start, false), 1, "what was there");
        say(&mut screen, &mut viewers, "one");
        assert_eq!(send(&mut viewers, &screen, start, false), 1, "the first change");
        assert_eq!(client.read().len(), 2);
        assert!(!client.ack(2));

        let early = start + Duration::from_millis(3);
        say(&mut screen, &mut viewers, "two");
        assert_eq!(send(&mut viewers, &screen, early, false), 0);
        assert_eq!(viewers.due(), Some(start + PACE));
        say(&mut screen, &mut viewers, "three");
        assert_eq!(send(&mut viewers, &screen, start + PACE, false), 1);
        assert_eq!(viewers.due(), None);
        let frames = client.read();
        assert_eq!((frames[0].base, frames[0].version), (2, 4));
        assert!(client.screen.looks_like(&screen));

        // A key went there.
        assert!(!client.ack(4));
        say(&mut screen, &mut viewers, "four");
        assert_eq!(send(&mut viewers, &screen, start + PACE, true), 1);
    }

    #[test]
    fn nothing_is_refreshed_for_who_has_not_acknowledged() {
        let (mut viewers, mut screen, start) = (Viewers::default(), Screen::new(Size::new(20, 2)), Instant::now());
        let mut client = Client::watch(&mut viewers, 1);
        say(&mut screen, &mut viewers, "one");
        send(&mut viewers, &screen, start, false);
        say(&mut screen, &mut viewers, "two");
        assert_eq!(send(&mut viewers, &screen, start + PACE, false), 1, "one more without an acknowledgement");
        for _ in 0..100 {
            say(&mut screen, &mut viewers, "more");
            assert_eq!(viewers.send(PANE, start + PACE * 10, true, (0, 0), || unreachable!("nobody is ready")), 0);
        }
        assert_eq!(client.read().len(), WINDOW);
        assert!(client.ack(1), "the worker waits for it");
        assert_eq!(send(&mut viewers, &screen, start + PACE * 10, false), 1);
        assert_eq!(client.read().len(), 1);
        assert!(client.screen.looks_like(&screen));
        assert!(!client.ack(screen.version), "nothing newer, nobody is woken");
        assert_eq!(viewers.send(PANE, start + PACE * 20, false, (0, 0), || unreachable!("nothing changed")), 0);
    }

    #[test]
    fn twenty_viewers_cost_one_frame() {
        let (mut viewers, mut screen, start) = (Viewers::default(), Screen::new(Size::new(20, 2)), Instant::now());
        let mut clients: Vec<Client> = (0..20).map(|id| Client::watch(&mut viewers, id)).collect();
        for round in 1..=5u32 {
            say(&mut screen, &mut viewers, &round.to_string());
            assert_eq!(send(&mut viewers, &screen, start + PACE * round, false), 20);
            assert_eq!(viewers.encoded.made, round as usize);
            for client in &mut clients {
                assert_eq!(client.read().len(), 1);
                assert!(client.screen.looks_like(&screen));
                client.ack(u64::from(round));
            }
        }
        // One that comes later gets all of it, at once, and leaves the others alone.
        let mut late = Client::watch(&mut viewers, 99);
        assert_eq!(send(&mut viewers, &screen, start + PACE * 5, false), 1);
        assert_eq!(late.read()[0].base, 0);
        assert!(late.screen.looks_like(&screen));
    }

    #[test]
    fn a_resync_and_another_engine_give_everything_anew() {
        let (mut viewers, mut screen, start) = (Viewers::default(), Screen::new(Size::new(20, 2)), Instant::now());
        let mut client = Client::watch(&mut viewers, 1);
        say(&mut screen, &mut viewers, "one");
        send(&mut viewers, &screen, start, false);
        viewers.resync(client.id);
        assert_eq!(send(&mut viewers, &screen, start, false), 1);
        assert_eq!(client.read().iter().map(|frame| frame.base).collect::<Vec<_>>(), [0, 0]);

        let mut other = Screen::new(Size::new(5, 1));
        viewers.forget_versions();
        say(&mut other, &mut viewers, "raw");
        assert_eq!(send(&mut viewers, &other, start + PACE, false), 1);
        assert_eq!(client.read()[0].base, 0);
        assert!(client.screen.looks_like(&other));
    }

    #[test]
    fn history_that_changed_is_told_without_a_change_of_the_screen() {
        let (mut viewers, mut screen, start) = (Viewers::default(), Screen::new(Size::new(20, 2)), Instant::now());
        let mut client = Client::watch(&mut viewers, 1);
        say(&mut screen, &mut viewers, "one");
        send(&mut viewers, &screen, start, false);
        client.read();
        client.ack(1);
        viewers.touch();
        assert_eq!(viewers.send(PANE, start + PACE, false, (7, 9), || &screen), 1);
        let frame = &client.read()[0];
        assert_eq!((frame.base, frame.version, frame.history_first, frame.history_end), (1, 1, 7, 9));
    }

    /// The worst that a screen can be: each cell has all the bytes that a cell can have, and a style that no neighbour has. `cols` a cell.
    fn worst(size: Size, cols: u8, version: u64) -> Screen {
        let mut screen = Screen::new(size);
        screen.version = version;
        for row in 0..size.rows {
            let mut worst = Row::default();
            for cell in 0..size.cols / u16::from(cols) {
                let shade = |n: u16| Color::Rgb((cell >> 8) as u8, cell as u8, (row + n) as u8);
                let before = worst.text.len();
                worst.text.push(if cols == 2 { '界' } else { 'é' });
                while worst.text.len() - before < 21 {
                    worst.text.push('\u{301}');
                }
                let style =
                    Style { fg: shade(0), bg: shade(1), underline_color: shade(2), underline: Underline::Curly, attrs: Attrs::BOLD };
                let len = (worst.text.len() - before) as u16;
                worst.runs.push(Run { len, cols: cols.into(), shape: Shape::Cluster(cols), style, link: 0 });
            }
            screen.put_row(row.into(), worst, version);
        }
        screen
    }

    /// Draws until all frames are there.
    fn read_all(client: &mut Client, outbox: &Outbox) -> Vec<Frame> {
        let mut frames = Vec::new();
        loop {
            let idle = outbox.flush().expect("the client is there");
            let more = client.read();
            if idle && more.is_empty() && client.decoder.pending() == 0 {
                return frames;
            }
            frames.extend(more);
        }
    }

    #[test]
    fn a_large_screen_in_which_every_cell_is_styled_arrives_in_parts() {
        let (mut viewers, start) = (Viewers::default(), Instant::now());
        let mut client = Client::watch(&mut viewers, 1);
        let outbox = viewers.list[0].outbox.clone();
        for (round, cols) in [1u8, 2].into_iter().enumerate() {
            let mut screen = worst(Size::new(1000, 200), cols, 10 * (round as u64 + 1));
            viewers.forget_versions();
            assert_eq!(send(&mut viewers, &screen, start, true), 1);
            let frames = read_all(&mut client, &outbox);
            assert!(client.screen.looks_like(&screen), "of {} frames", frames.len());
            assert!(
                frames.len() > 1 && frames.iter().all(|frame| frame.diff.len() <= SCREEN_PART_BYTES && frame.version == screen.version)
            );
            assert!(!client.ack(screen.version), "nothing newer");
            // A change of all of it is a diff, in parts too; the next letter is one.
            let version = screen.version + 1;
            for row in 0..200 {
                let mut changed = worst(Size::new(1000, 1), cols, 1).rows[0].row.clone();
                changed.runs.reverse();
                screen.put_row(row, changed, version);
            }
            screen.version = version;
            viewers.touch();
            assert_eq!(send(&mut viewers, &screen, start, true), 1);
            assert_eq!(read_all(&mut client, &outbox)[0].base, version - 1);
            assert!(client.screen.looks_like(&screen));
            client.ack(version);
            say(&mut screen, &mut viewers, "x");
            assert_eq!(send(&mut viewers, &screen, start, true), 1);
            assert_eq!(read_all(&mut client, &outbox).len(), 1);
            assert!(client.screen.looks_like(&screen));
        }
    }

    #[test]
    fn the_largest_screen_fits_what_may_wait_for_a_client() {
        let size = Size::new(SCREEN_SIDE_MAX, u16::try_from(SCREEN_CELLS_MAX / u32::from(SCREEN_SIDE_MAX)).expect("few"));
        let mut bytes = Vec::new();
        diff::diff(&worst(size, 1, 1), 0).encode(&mut bytes);
        assert!((35_000_000..37_000_000).contains(&bytes.len()), "what the limits say is not so: {} bytes", bytes.len());
        assert!(bytes.len() < CLIENT_SCREENS_MAX_BYTES / 3 * 2);
        let row = bytes.len() / usize::from(size.rows);
        assert!(row + SCREEN_PART_BYTES < SERVER_FRAME_MAX_BYTES, "a row takes {row} bytes");
        assert!(diff::Diff::decode(&mut &bytes[..]).is_ok(), "clients refuse it");
    }
}
