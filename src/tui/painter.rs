//! Draws: chrome through ratatui when chrome changed, panes straight from their replicas.
//!
//! The cells of the outer terminal are shared out between two painters. ratatui's buffer has the chrome; cells that a pane shows are marked in it to be
//! passed over. What is passed over becomes [`Span`]s, row by row: "from this column on, so many cells of that row of that pane". A pane is then painted
//! by its damage, cut to its spans, and no widget is asked and no buffer compared: an echoed letter costs a cursor move and the letter.
//!
//! When the chrome is drawn anew, spans are computed anew, and a row whose spans are not what they were is painted whole: so what an overlay uncovers
//! comes back, a crop that moved is followed, and a wide character cut by an overlay's edge becomes a blank.

use ratatui::backend::Backend as _;
use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::Rect as Area;

use super::backend::{Depth, Output, ShownCursor, overlaid};
use super::model::Model;
use super::overlay::MarkKind;
use super::scene::{Placed, Scene, arrange};
use super::view;
use crate::geometry::{Point, Rect, Size};
use crate::ids::PaneId;
use crate::terminal::{Row, Style};

/// A stretch of an outer row that shows a pane's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    /// First outer column.
    at: u16,
    /// How many.
    cols: u16,
    /// The pane.
    pane: PaneId,
    /// Its row.
    row: u16,
    /// Its column at `at`.
    from: u16,
}

/// What the outer terminal shows, and how it is brought up to date.
pub struct Painter {
    out: Output,
    shown: Buffer,
    next: Buffer,
    spans: Vec<Vec<Span>>,
    scene: Scene,
}

impl Painter {
    /// For an outer terminal of `size` whose content is unknown.
    #[must_use]
    pub fn new(size: Size, depth: Depth) -> Self {
        let area = area(size.to_rect());
        Self {
            out: Output::new(size, depth),
            shown: Buffer::empty(area),
            next: Buffer::empty(area),
            spans: Vec::new(),
            scene: Scene::default(),
        }
    }

    /// Bytes that go out with the next frame and change nothing of the screen (bell, clipboard, title).
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.raw(bytes);
    }

    /// Makes a frame of all that changed since the last one; empty if nothing did. The model's damage and redraw marks are used up.
    pub fn draw(&mut self, model: &mut Model) -> Vec<u8> {
        let everything = model.redraw.everything || self.out.size() != model.size;
        if everything {
            self.out.resize(model.size);
            self.out.clear_all();
            let area = area(model.size.to_rect());
            self.shown.resize(area);
            self.shown.reset();
            self.next.resize(area);
            self.spans.clear();
        }
        let scene = arrange(model);
        let mut uncovered = vec![false; usize::from(model.size.rows)];
        if everything || model.redraw.chrome || scene != self.scene {
            self.draw_chrome(model, &scene, &mut uncovered);
        }
        model.redraw = super::model::Redraw::default();
        self.scene = scene;
        for index in 0..self.scene.panes.len() {
            if let Some(placed) = self.scene.panes.get(index).copied() {
                self.paint_pane(model, placed, &uncovered);
            }
        }
        let cursor = self.cursor(model);
        self.out.finish(cursor)
    }

    fn draw_chrome(&mut self, model: &mut Model, scene: &Scene, uncovered: &mut [bool]) {
        self.next.reset();
        for placed in &scene.panes {
            let cells = area(placed.outer).intersection(self.next.area);
            for row in cells.rows() {
                for cell in row.columns() {
                    self.next[(cell.x, cell.y)].set_diff_option(CellDiffOption::Skip);
                }
            }
        }
        view::draw(model, scene, &mut self.next);
        let Ok(()) = self.out.draw(self.shown.diff_iter(&self.next));
        std::mem::swap(&mut self.shown, &mut self.next);
        let spans = self.spans_of(scene);
        for (row, dirty) in uncovered.iter_mut().enumerate() {
            *dirty = self.spans.get(row) != spans.get(row);
        }
        self.spans = spans;
    }

    /// The cells that the chrome left to panes.
    fn spans_of(&self, scene: &Scene) -> Vec<Vec<Span>> {
        let mut rows = vec![Vec::new(); usize::from(self.shown.area.height)];
        for placed in &scene.panes {
            let cells = area(placed.outer).intersection(self.shown.area);
            for y in cells.top()..cells.bottom() {
                let Some(row) = rows.get_mut(usize::from(y)) else { continue };
                let mut open: Option<Span> = None;
                for x in cells.left()..cells.right() {
                    let free = self.shown.cell((x, y)).is_some_and(|cell| cell.diff_option == CellDiffOption::Skip);
                    match (&mut open, free) {
                        (Some(span), true) => span.cols += 1,
                        (None, true) => {
                            let inner = placed.inner(Point { col: x, row: y });
                            open = Some(Span { at: x, cols: 1, pane: placed.pane, row: inner.row, from: inner.col });
                        }
                        (Some(span), false) => {
                            row.push(*span);
                            open = None;
                        }
                        (None, false) => {}
                    }
                }
                row.extend(open);
            }
        }
        rows
    }

    fn paint_pane(&mut self, model: &mut Model, placed: Placed, uncovered: &[bool]) {
        let pane = placed.pane;
        let damage = match model.modes.get_mut(&pane) {
            Some(mode) => {
                // The screen underneath is painted whole when the mode ends.
                if let Some(replica) = model.replicas.get_mut(&pane) {
                    replica.damage.all();
                }
                mode.view().damage.take()
            }
            None => model.replicas.get_mut(&pane).map(|replica| replica.damage.take()).unwrap_or_default(),
        };
        let rows = placed.outer.row..placed.outer.bottom();
        let is_uncovered = |row: u16| uncovered.get(usize::from(row)).copied().unwrap_or(true);
        let mut whole = damage.is_whole();
        if damage.scroll() > 0 && !whole {
            if rows.clone().any(is_uncovered) || !self.can_scroll(model, placed) {
                whole = true;
            } else {
                self.out.scroll_up(placed.outer.row, placed.outer.bottom(), damage.scroll());
            }
        }
        let mut view = model.modes.get_mut(&pane).map(|mode| std::mem::take(mode.view()));
        for row in rows {
            let inner_row = row - placed.outer.row + placed.crop.row;
            let all = whole || is_uncovered(row);
            let Some((from, to)) = (if all { Some((0, u16::MAX)) } else { damage.of(inner_row) }) else { continue };
            let blank = Row::default();
            let content = match &view {
                Some(view) => view.rows.get(usize::from(inner_row)),
                None => model.replicas.get(&pane).and_then(|replica| replica.screen.rows.get(usize::from(inner_row))).map(|row| &row.row),
            };
            let content = content.unwrap_or(&blank);
            let theme = &model.settings.theme;
            let marked = match &view {
                Some(view) => view.marks.iter().filter(|mark| mark.row == inner_row).fold(None, |row: Option<Row>, mark| {
                    let style = match mark.kind {
                        MarkKind::Selection => theme.selection,
                        MarkKind::Match => theme.search,
                        MarkKind::CurrentMatch => theme.search_current,
                    };
                    Some(mark_row(row.as_ref().unwrap_or(content), mark.from, mark.to, style, placed.crop.col + placed.outer.cols))
                }),
                None => model
                    .selected(pane, inner_row)
                    .map(|(from, to)| mark_row(content, from, to, theme.selection, placed.crop.col + placed.outer.cols)),
            };
            let content = marked.as_ref().unwrap_or(content);
            for index in 0..self.spans.get(usize::from(row)).map_or(0, Vec::len) {
                let Some(span) = self.spans.get(usize::from(row)).and_then(|spans| spans.get(index)).copied() else { continue };
                if span.pane == pane && span.row == inner_row {
                    paint_span(&mut self.out, content, span, row, from, to);
                }
            }
        }
        if let (Some(mode), Some(view)) = (model.modes.get_mut(&pane), view.take()) {
            *mode.view() = view;
        }
    }

    /// Whether the outer terminal can move the pane's rows by itself: the pane has whole rows, all of them, and nothing lies over it.
    fn can_scroll(&self, model: &Model, placed: Placed) -> bool {
        let whole = |row: u16| {
            matches!(self.spans.get(usize::from(row)).map(Vec::as_slice), Some([span])
                if span.pane == placed.pane && span.at == 0 && span.cols == model.size.cols)
        };
        let replica = model.replicas.get(&placed.pane);
        replica.is_some_and(|replica| replica.screen.size.rows == placed.outer.rows)
            && placed.crop.row == 0
            && placed.outer.rows > 1
            && (placed.outer.row..placed.outer.bottom()).all(whole)
            && model.selected_any().is_none_or(|pane| pane != placed.pane)
    }

    /// Where the cursor is to be shown.
    fn cursor(&self, model: &mut Model) -> ShownCursor {
        let screen = model.size.to_rect();
        if let Some(layer) = model.overlays.iter().rev().find(|layer| !layer.overlay.is_transparent()) {
            let area = layer.overlay.area(screen, model).intersection(screen);
            return ShownCursor {
                at: area.and_then(|area| layer.overlay.cursor(area, model)).filter(|at| screen.contains(*at)),
                ..ShownCursor::default()
            };
        }
        let hidden = ShownCursor::default();
        let Some(placed) = model.focus().and_then(|pane| self.scene.placed(pane)).copied() else { return hidden };
        let (cell, shape) = match model.modes.get_mut(&placed.pane) {
            Some(mode) => match mode.view().cursor {
                Some(cell) => (cell, crate::terminal::CursorShape::Default),
                None => return hidden,
            },
            None => {
                let Some(replica) = model.replicas.get(&placed.pane) else { return hidden };
                let cursor = replica.screen.cursor;
                if !cursor.visible {
                    return hidden;
                }
                // While a wrap is pending the column is one too far.
                let col = cursor.at.col.min(replica.screen.size.cols.saturating_sub(1));
                (Point { col, ..cursor.at }, cursor.shape)
            }
        };
        let Some(at) = placed.outer_cell(cell) else { return hidden };
        let spans = self.spans.get(usize::from(at.row));
        let free = spans.is_some_and(|spans| spans.iter().any(|span| span.at <= at.col && at.col < span.at + span.cols));
        ShownCursor { at: free.then_some(at), shape }
    }
}

fn area(rect: Rect) -> Area {
    Area { x: rect.col, y: rect.row, width: rect.cols, height: rect.rows }
}

/// `row` with the columns `from..to` (cut at `cols`) in another style.
fn mark_row(row: &Row, from: u16, to: u16, style: ratatui::style::Style, cols: u16) -> Row {
    let to = to.min(cols);
    if from >= to {
        return row.clone();
    }
    let mut patch = row.slice_cols(from, to);
    patch.pad_to(to - from);
    for run in &mut patch.runs {
        run.style = overlaid(run.style, style);
    }
    let mut out = row.clone();
    out.splice_cols(from, to, &patch);
    out
}

/// Paints the columns `from..to` of a pane's row, as far as `span` shows them.
fn paint_span(out: &mut Output, row: &Row, span: Span, outer_row: u16, from: u16, to: u16) {
    let span_end = span.from.saturating_add(span.cols);
    let (from, to) = widened(row, from.max(span.from), to.min(span_end));
    let (from, to) = (from.max(span.from), to.min(span_end));
    if from >= to {
        return;
    }
    let outer = |col: u16| Point { col: span.at + (col - span.from), row: outer_row };
    let (mut col, mut byte) = (0u16, 0usize);
    let mut painted = from;
    for run in &row.runs {
        let (start, end) = (col, col.saturating_add(run.cols));
        let text = row.text.get(byte..byte + usize::from(run.len)).unwrap_or_default();
        byte += usize::from(run.len);
        col = end;
        if end <= from {
            continue;
        }
        if start >= to {
            break;
        }
        if start >= from && end <= to {
            out.move_to(outer(start));
            out.style(run.style);
            out.text(text, run.cols);
        } else {
            let part = Row { text: text.to_owned(), runs: vec![*run], wrapped: false }.slice_cols(from.saturating_sub(start), to - start);
            let mut at = start.max(from);
            let mut begin = 0;
            for piece in &part.runs {
                out.move_to(outer(at));
                out.style(piece.style);
                out.text(part.text.get(begin..begin + usize::from(piece.len)).unwrap_or_default(), piece.cols);
                begin += usize::from(piece.len);
                at = at.saturating_add(piece.cols);
            }
        }
        painted = end.min(to);
    }
    if painted < to {
        out.move_to(outer(painted));
        out.style(Style::default());
        out.blank(to - painted);
    }
}

/// `from..to` with a wide cell that an end would cut taken in whole.
fn widened(row: &Row, from: u16, to: u16) -> (u16, u16) {
    let (mut wide_from, mut wide_to) = (from, to);
    let mut col = 0u16;
    for run in &row.runs {
        let end = col.saturating_add(run.cols);
        let width = u16::from(run.cell_width()).max(1);
        if width > 1 {
            if col < from && from < end {
                wide_from = from - (from - col) % width;
            }
            if col < to && to < end {
                wide_to = to + (width - (to - col) % width) % width;
            }
        }
        col = end;
    }
    (wide_from, wide_to)
}

impl Model {
    /// The pane in which the mouse selects, if it does.
    #[must_use]
    pub fn selected_any(&self) -> Option<PaneId> {
        match self.drag {
            Some(super::model::Drag::Select(selection)) => Some(selection.pane),
            _ => None,
        }
    }
}

/// Bytes that put `text` into the outer terminal's clipboard (OSC 52).
#[must_use]
pub fn clipboard_bytes(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    let mut out = b"\x1b]52;c;".to_vec();
    out.extend_from_slice(base64::engine::general_purpose::STANDARD.encode(text).as_bytes());
    out.push(0x07);
    out
}

/// Bytes that make `text` the outer terminal's title (OSC 2).
#[must_use]
pub fn title_bytes(text: &str) -> Vec<u8> {
    let mut out = b"\x1b]2;".to_vec();
    out.extend(text.chars().filter(|c| !c.is_control()).take(256).collect::<String>().into_bytes());
    out.push(0x07);
    out
}
