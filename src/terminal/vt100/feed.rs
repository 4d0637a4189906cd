//! Sequences as the tokenizer has them: which the crate gets, which are rewritten for it, which are answered or handled here.

use super::grid::{Terminal, Watch};
use super::{Core, OUT_MAX_BYTES, TITLES_MAX};
use crate::terminal::effect::{Effects, Reply};
use crate::terminal::reply;
use crate::terminal::rewrite::{clean, clipboard, directory, line_drawing, sgr};
use crate::terminal::scan::{Csi, Sink};
use crate::terminal::screen::Screen;
use std::fmt::Write as _;

/// One call of [`crate::terminal::Engine::feed`].
pub(super) struct Feed<'a> {
    pub(super) terminal: &'a mut Terminal,
    pub(super) effects: &'a mut Effects,
}

impl Feed<'_> {
    pub(super) fn work_off(&mut self) {
        self.terminal.work_off(self.effects);
    }

    fn pass(&mut self, bytes: &[u8]) {
        match &mut self.terminal.core {
            Core::Grid(_) => {
                self.terminal.out.extend_from_slice(bytes);
                if self.terminal.out.len() >= OUT_MAX_BYTES {
                    self.work_off();
                }
            }
            // Of what is passed on, plain text alone is for the raw view.
            Core::Raw(raw) if !bytes.contains(&0x1b) => {
                self.effects.bell |= bytes.contains(&0x07);
                raw.text(bytes, &mut self.effects.scrolled);
            }
            Core::Raw(_) => {}
        }
    }

    /// Passes text on, without the variation selectors that would make a cell too wide for its row: all of the crate's known panics come of
    /// its making room for those.
    fn characters(&mut self, text: &[u8]) {
        const WIDER: &[u8] = "\u{fe0f}".as_bytes();
        let mut rest = text;
        while let Some(at) = memchr::memmem::find(rest, WIDER) {
            self.pass(rest.get(..at).unwrap_or_default());
            self.work_off();
            let fits = match &self.terminal.core {
                Core::Grid(parser) => parser.screen().cursor_position().1 < self.terminal.size.cols,
                Core::Raw(_) => false,
            };
            if fits {
                self.pass(WIDER);
            }
            rest = rest.get(at + WIDER.len()..).unwrap_or_default();
        }
        if !rest.is_empty() {
            self.pass(rest);
        }
    }

    fn pass_csi(&mut self, csi: Csi<'_>) {
        if matches!(self.terminal.core, Core::Grid(_)) {
            self.terminal.out.extend_from_slice(b"\x1b[");
            self.terminal.out.extend_from_slice(csi.body);
            self.terminal.out.push(csi.last);
        }
    }

    fn pass_counted(&mut self, count: u16, last: char) {
        self.pass(format!("\x1b[{count}{last}").as_bytes());
    }

    fn reply(&mut self, at: u64, bytes: impl Into<String>) {
        let bytes = bytes.into().into_bytes();
        if !bytes.is_empty() {
            self.effects.replies.push(Reply { seq: at.saturating_add(1), bytes });
        }
    }

    /// The screen's state but not its rows, as it is at this point of the stream.
    fn now(&mut self) -> &Screen {
        self.work_off();
        // A client's version must not pass by a change that only a query has seen.
        if self.terminal.refresh_state() {
            self.terminal.screen.version += 1;
        }
        &self.terminal.screen
    }

    fn private_modes(&mut self, csi: Csi<'_>) {
        let set = csi.last == b'h';
        for mode in csi.params() {
            let Some(mode) = crate::terminal::scan::number(mode) else { continue };
            match mode {
                47 | 1047 | 1049 => self.switch_screen(mode, set),
                1048 => self.pass(if set { b"\x1b7" } else { b"\x1b8" }),
                1004 => self.terminal.focus_events = set,
                1 | 6 | 9 | 25 | 1000 | 1002 | 1003 | 1005 | 1006 | 2004 => {
                    if mode == 6 {
                        self.terminal.origin = set;
                    }
                    self.pass(format!("\x1b[?{mode}{}", char::from(csi.last)).as_bytes());
                }
                _ => self.effects.unknown += 1,
            }
        }
    }

    fn switch_screen(&mut self, mode: u16, set: bool) {
        self.work_off();
        self.terminal.revive();
        let alternate = matches!(&self.terminal.core, Core::Grid(parser) if parser.screen().alternate_screen());
        if alternate == set && mode != 1049 {
            return;
        }
        self.terminal.forget_scrollback();
        self.pass(match (mode, set) {
            (1049, true) if alternate => b"\x1b[2J",
            (1049, true) => b"\x1b[?1049h",
            (1049, false) if !alternate => b"\x1b8",
            (1049, false) => b"\x1b[?1049l",
            (1047, false) => b"\x1b[2J\x1b[?47l",
            (_, true) => b"\x1b[?47h",
            (_, false) => b"\x1b[?47l",
        });
    }

    fn window(&mut self, csi: Csi<'_>, at: u64) {
        match csi.number(0) {
            Some(22) if self.terminal.titles.len() < TITLES_MAX => self.terminal.titles.push(self.terminal.title.clone()),
            Some(23) => {
                if let Some(title) = self.terminal.titles.pop() {
                    self.set_title(title);
                }
            }
            Some(operation) => {
                let reply = reply::window(operation, self.terminal.size, &self.terminal.look);
                self.reply(at, reply.unwrap_or_default());
            }
            None => {}
        }
    }

    fn set_title(&mut self, title: String) {
        self.terminal.title.clone_from(&title);
        self.effects.title = Some(title);
    }

    fn soft_reset(&mut self) {
        self.terminal.origin = false;
        self.terminal.charsets = [false; 2];
        self.terminal.shifted = false;
        self.pass(b"\x1b7\x1b[?6l\x1b[r\x1b8\x1b[?6l\x1b[m\x1b[?25h\x1b[?1l\x1b>");
    }
}

impl Sink for Feed<'_> {
    fn text(&mut self, bytes: &[u8]) {
        // A character that an escape cut off is not shown (the crate has no way to), and must not be completed by what comes behind the escape.
        let (mut rest, _) = bytes.split_at(bytes.len() - crate::terminal::scan::partial_char(bytes));
        while !rest.is_empty() {
            let end = memchr::memchr2(0x0e, 0x0f, rest).unwrap_or(rest.len());
            let (text, shift) = rest.split_at(end);
            if self.terminal.charsets[usize::from(self.terminal.shifted)] {
                self.characters(&line_drawing(text));
            } else if !text.is_empty() {
                self.characters(text);
            }
            if let Some(shift) = shift.first() {
                self.terminal.shifted = *shift == 0x0e;
            }
            rest = shift.get(1..).unwrap_or_default();
        }
    }

    fn control(&mut self, byte: u8) {
        self.text(&[byte]);
    }

    fn escape(&mut self, intermediates: &[u8], last: u8, at: u64) {
        match (intermediates, last) {
            ([], b'7' | b'8' | b'=' | b'>' | b'M') => self.pass(&[0x1b, last]),
            ([], b'D') => self.pass(b"\n"),
            ([], b'E') => self.pass(b"\r\n"),
            ([], b'Z') => self.reply(at, reply::PRIMARY_ATTRIBUTES),
            ([], b'c') => {
                self.work_off();
                self.terminal.revive();
                self.terminal.focus_events = false;
                self.terminal.origin = false;
                self.terminal.charsets = [false; 2];
                self.terminal.shifted = false;
                self.pass(b"\x1bc");
            }
            ([b'('], set) => self.terminal.charsets[0] = set == b'0',
            ([b')'], set) => self.terminal.charsets[1] = set == b'0',
            ([], b'\\') => {}
            _ => self.effects.unknown += 1,
        }
    }

    fn csi(&mut self, csi: Csi<'_>, at: u64) {
        match (csi.private(), csi.intermediates(), csi.last) {
            (None, [], b'm') => sgr(csi, |bytes| self.pass(bytes)),
            (None, [], b'b') => self.pass_counted(csi.count(0, 1).min(self.terminal.size.cols), 'b'),
            (None, [], b'J') if csi.number(0) == Some(3) => {
                self.work_off();
                self.effects.scrolled.clear();
                self.effects.clear_history = true;
                if let Core::Grid(parser) = &mut self.terminal.core {
                    parser.callbacks_mut().continued = false;
                }
            }
            (None | Some(b'?'), [], b'J' | b'K')
            | (None, [], b'@' | b'A'..=b'H' | b'L' | b'M' | b'P' | b'X' | b'`' | b'd' | b'f' | b'r')
            | (None, b" ", b'q') => self.pass_csi(csi),
            (None, [], b'T') if csi.params().count() == 1 => self.pass_csi(csi),
            (None, [], b'S') => {
                // Eight bytes can scroll a whole screen: the blank rows that come of doing so again and again are not kept.
                self.work_off();
                self.watch(|watch| watch.drop_blank = true);
                self.pass_csi(csi);
                self.work_off();
                self.watch(|watch| watch.drop_blank = false);
            }
            (None, [], b'a') => self.pass_counted(csi.count(0, 1), 'C'),
            (None, [], b'e') => self.pass_counted(csi.count(0, 1), 'B'),
            (None, [], b'I') => {
                let tabs = csi.count(0, 1).min(self.terminal.size.cols / 8 + 1);
                self.pass(&vec![b'\t'; usize::from(tabs)]);
            }
            (None, [], b'Z') => {
                let col = self.now().cursor.at.col.min(self.terminal.size.cols);
                let stops = csi.count(0, 1).saturating_sub(1).saturating_mul(8);
                self.pass_counted((col.saturating_sub(1) / 8 * 8).saturating_sub(stops) + 1, 'G');
            }
            (None, [], b's') if csi.body.is_empty() => self.pass(b"\x1b7"),
            (None, [], b'u') => self.pass(b"\x1b8"),
            (None, [], b't') => self.window(csi, at),
            (None, b"!", b'p') => self.soft_reset(),
            (Some(b'?'), [], b'h' | b'l') => self.private_modes(csi),
            (None, [], b'c') if csi.count(0, 0) == 0 => self.reply(at, reply::PRIMARY_ATTRIBUTES),
            (Some(b'>'), [], b'c') if csi.count(0, 0) == 0 => self.reply(at, reply::SECONDARY_ATTRIBUTES),
            (Some(b'='), [], b'c') if csi.count(0, 0) == 0 => self.reply(at, reply::TERTIARY_ATTRIBUTES),
            (Some(b'>'), [], b'q') if csi.count(0, 0) == 0 => self.reply(at, reply::version()),
            (Some(b'?'), [], b'u') => self.reply(at, reply::KITTY_KEYBOARD),
            (None, [], b'n') if csi.number(0) == Some(5) => self.reply(at, reply::STATUS_OK),
            (None | Some(b'?'), [], b'n') if csi.number(0) == Some(6) => {
                let size = self.terminal.size;
                let position = reply::cursor_position(self.now().cursor.at, size, csi.private().is_some());
                self.reply(at, position);
            }
            (Some(b'?'), [], b'n') if csi.number(0) == Some(996) => self.reply(at, reply::color_scheme(&self.terminal.look)),
            (None, b"$", b'p') => self.reply(at, reply::ansi_mode(csi.count(0, 0))),
            (Some(b'?'), b"$", b'p') => {
                let origin = self.terminal.origin;
                let state = reply::private_mode(csi.count(0, 0), self.now(), origin);
                self.reply(at, state);
            }
            _ => self.effects.unknown += 1,
        }
    }

    fn osc(&mut self, body: &[u8], bell: bool, at: u64) {
        let (number, value) = body.iter().position(|byte| *byte == b';').map_or((body, &[][..]), |end| (&body[..end], &body[end + 1..]));
        match number {
            b"0" | b"2" => self.set_title(clean(value)),
            b"1" | b"133" => {}
            b"4" | b"10" | b"11" | b"12" => {
                let answer = reply::colors(body, bell, &self.terminal.look);
                self.reply(at, answer);
            }
            b"7" => self.effects.cwd = directory(value).or(self.effects.cwd.take()),
            b"52" => self.effects.clipboard = clipboard(value).or(self.effects.clipboard.take()),
            // `9;4;...` is progress, `9;9;...` a directory: numbers are not notifications.
            b"9" if !matches!(value, [b'0'..=b'9', b';', ..]) && !value.is_empty() => {
                self.effects.notification = Some((String::new(), clean(value)));
            }
            b"777" => {
                let mut parts = value.splitn(3, |byte| *byte == b';');
                if let (Some(b"notify"), Some(title), body) = (parts.next(), parts.next(), parts.next()) {
                    self.effects.notification = Some((clean(title), clean(body.unwrap_or_default())));
                }
            }
            _ => self.effects.unknown += 1,
        }
    }

    fn dcs(&mut self, body: &[u8], at: u64) {
        if let Some(setting) = body.strip_prefix(b"$q") {
            let screen = self.now();
            let answer = match setting {
                b" q" => reply::cursor_style(screen.cursor.shape),
                b"m" => reply::attributes(&self.pen()),
                _ => reply::SETTING_UNKNOWN.to_owned(),
            };
            self.reply(at, answer);
        } else if body.starts_with(b"+q") {
            self.reply(at, reply::CAPABILITY_UNKNOWN);
        } else {
            self.effects.unknown += 1;
        }
    }

    fn ignored(&mut self) {
        self.effects.unknown += 1;
    }
}

impl Feed<'_> {
    fn watch(&mut self, act: impl FnOnce(&mut Watch)) {
        if let Core::Grid(parser) = &mut self.terminal.core {
            act(parser.callbacks_mut());
        }
    }

    /// The attributes of what is written next, as SGR parameters.
    fn pen(&self) -> String {
        let mut out = String::from("0");
        let Core::Grid(parser) = &self.terminal.core else { return out };
        let screen = parser.screen();
        for (on, parameter) in
            [(screen.bold(), ";1"), (screen.dim(), ";2"), (screen.italic(), ";3"), (screen.underline(), ";4"), (screen.inverse(), ";7")]
        {
            if on {
                out.push_str(parameter);
            }
        }
        for (color, base) in [(screen.fgcolor(), 38), (screen.bgcolor(), 48)] {
            // Writing to a String does not fail.
            let _ = match color {
                ::vt100::Color::Default => Ok(()),
                ::vt100::Color::Idx(index) => write!(out, ";{base};5;{index}"),
                ::vt100::Color::Rgb(r, g, b) => write!(out, ";{base};2;{r};{g};{b}"),
            };
        }
        out
    }
}
