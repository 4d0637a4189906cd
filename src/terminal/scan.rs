//! The escape tokenizer: cuts a program's output into text and whole control sequences, wherever the pieces that it arrives in were cut.
//!
//! It stands in front of an engine so that queries are numbered by where they began, strings are capped however long they are, costly counts can
//! be clamped, and the engine behind never sees half a character or half a sequence. The states are those of Paul Williams' parser for DEC
//! terminals (vt100.net/emu/dec_ansi_parser) for 7-bit codes and UTF-8, with xterm's rules where it is silent: OSC may end in BEL, CAN and SUB
//! cancel, an ESC inside a string that does not become ST cancels the string and begins a sequence of its own.
//!
//! ```text
//! "ab\e[1;31mé"   text "ab"   csi "1;31" m   text "é"
//! "\e]0;hi\x07"   osc "0;hi"
//! ```

/// Longest parameter and intermediate bytes of a control sequence; longer ones are ignored to their end.
const CSI_MAX_BYTES: usize = 256;
/// Longest OSC other than clipboard writes, and longest DCS (security.md O7).
const STRING_MAX_BYTES: usize = 4096;
/// Longest OSC 52: 1 MiB of data as base64, and some bytes before it.
const CLIPBOARD_MAX_BYTES: usize = super::effect::CLIPBOARD_MAX_BYTES / 3 * 4 + 64;

/// A control sequence: `ESC [ body last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Csi<'a> {
    /// Parameters and intermediates as they came.
    pub body: &'a [u8],
    /// The final byte.
    pub last: u8,
}

impl<'a> Csi<'a> {
    /// `<`, `=`, `>` or `?` before the parameters.
    pub fn private(&self) -> Option<u8> {
        self.body.first().copied().filter(|byte| (b'<'..=b'?').contains(byte))
    }

    /// The bytes between parameters and final byte.
    pub fn intermediates(&self) -> &'a [u8] {
        let start = self.body.iter().position(|byte| (0x20..=0x2f).contains(byte)).unwrap_or(self.body.len());
        self.body.get(start..).unwrap_or_default()
    }

    /// The parameters as bytes, subparameters included; at least one, which may be empty.
    pub fn params(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let end = self.body.len() - self.intermediates().len();
        let start = usize::from(self.private().is_some()).min(end);
        self.body.get(start..end).unwrap_or_default().split(|byte| *byte == b';')
    }

    /// Parameter `index` as a number, saturating; `None` if it is missing or empty.
    pub fn number(&self, index: usize) -> Option<u16> {
        self.params().nth(index).and_then(number)
    }

    /// Parameter `index`, where missing, empty and 0 are all `default`.
    pub fn count(&self, index: usize, default: u16) -> u16 {
        self.number(index).filter(|number| *number > 0).unwrap_or(default)
    }
}

/// A parameter's number (of its first subparameter), saturating at `u16::MAX`; `None` if it is empty or none.
pub(super) fn number(param: &[u8]) -> Option<u16> {
    let digits = param.split(|byte| *byte == b':').next().unwrap_or_default();
    if digits.is_empty() {
        return None;
    }
    digits
        .iter()
        .try_fold(0u16, |sum, digit| digit.is_ascii_digit().then(|| sum.saturating_mul(10).saturating_add(u16::from(digit - b'0'))))
}

/// What the tokenizer finds, in order. `at` is the position of the sequence's ESC in the stream.
pub(super) trait Sink {
    /// Characters and C0 controls of the ground state; never ends inside a UTF-8 character that the stream completes.
    fn text(&mut self, bytes: &[u8]);
    /// A C0 control inside a sequence, to be executed before it.
    fn control(&mut self, byte: u8);
    /// `ESC intermediates last`.
    fn escape(&mut self, intermediates: &[u8], last: u8, at: u64);
    /// `ESC [ ...`.
    fn csi(&mut self, csi: Csi<'_>, at: u64);
    /// `ESC ] body`, ended by BEL (`bell`) or ST.
    fn osc(&mut self, body: &[u8], bell: bool, at: u64);
    /// `ESC P body ST`.
    fn dcs(&mut self, body: &[u8], at: u64);
    /// A string that was too long, cancelled, or is of a kind that nobody knows (SOS, PM, APC).
    fn ignored(&mut self);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Ground,
    Escape,
    Csi,
    CsiIgnore,
    Osc,
    Dcs,
    /// SOS, PM, APC and screen's `ESC k` title: skipped to ST.
    Skip,
    /// Behind an ESC inside one of the strings, which is the one named.
    OscEscape,
    DcsEscape,
    SkipEscape,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    state: State,
    /// Body of the sequence so far, or in the ground state the first bytes of a character.
    body: Vec<u8>,
    /// The body grew beyond its cap.
    overflow: bool,
    /// Where the sequence's ESC stood, and a later one that may end its string.
    escape_at: u64,
    inner_at: u64,
}

impl Scanner {
    /// Takes the next `bytes` of the stream, whose first is at position `at`.
    pub fn feed(&mut self, bytes: &[u8], at: u64, sink: &mut impl Sink) {
        let mut i = 0;
        while let Some(rest) = bytes.get(i..).filter(|rest| !rest.is_empty()) {
            let here = at.saturating_add(i as u64);
            i += match self.state {
                State::Ground => self.ground(rest, here, sink),
                State::Csi => self.csi(rest, here, sink),
                State::Osc | State::Dcs | State::Skip => self.string(rest, here, sink),
                _ => {
                    self.byte(rest[0], here, sink);
                    1
                }
            };
        }
    }

    fn ground(&mut self, rest: &[u8], here: u64, sink: &mut impl Sink) -> usize {
        if !self.body.is_empty() {
            return self.finish_char(rest, here, sink);
        }
        let end = memchr::memchr(0x1b, rest).unwrap_or(rest.len());
        let (mut text, escape) = rest.split_at(end);
        if escape.is_empty() {
            let partial = partial_char(text);
            let (whole, held) = text.split_at(text.len() - partial);
            self.body.extend_from_slice(held);
            text = whole;
        } else {
            self.begin_escape(here.saturating_add(end as u64));
        }
        if !text.is_empty() {
            sink.text(text);
        }
        end + usize::from(!escape.is_empty())
    }

    /// Completes a character that began in an earlier piece, or gives up on it.
    fn finish_char(&mut self, rest: &[u8], here: u64, sink: &mut impl Sink) -> usize {
        let Some(next) = rest.first().copied() else { return 0 };
        if (0x80..0xc0).contains(&next) {
            self.body.push(next);
            if partial_char(&self.body) == self.body.len() {
                return 1;
            }
            // Whole now, or not UTF-8. In the latter case it is all the same where it is cut: invalid bytes stand for themselves.
            let body = std::mem::take(&mut self.body);
            sink.text(&body);
            self.reuse(body);
            return 1;
        }
        let body = std::mem::take(&mut self.body);
        sink.text(&body);
        self.reuse(body);
        if next == 0x1b {
            self.begin_escape(here);
            return 1;
        }
        0
    }

    fn reuse(&mut self, mut body: Vec<u8>) {
        body.clear();
        // A clipboard's megabyte is not kept.
        if body.capacity() <= STRING_MAX_BYTES {
            self.body = body;
        }
    }

    fn begin_escape(&mut self, at: u64) {
        self.enter(State::Escape);
        self.escape_at = at;
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.overflow = false;
        let body = std::mem::take(&mut self.body);
        self.reuse(body);
    }

    /// The bulk of control sequences: those that lie in one piece and have nothing odd in them.
    fn csi(&mut self, rest: &[u8], here: u64, sink: &mut impl Sink) -> usize {
        let end = rest.iter().position(|byte| !(0x20..=0x3f).contains(byte));
        match end.and_then(|end| Some((end, *rest.get(end)?))) {
            Some((end, last)) if (0x40..=0x7e).contains(&last) && self.body.is_empty() && end <= CSI_MAX_BYTES => {
                self.state = State::Ground;
                sink.csi(Csi { body: rest.get(..end).unwrap_or_default(), last }, self.escape_at);
                end + 1
            }
            _ => {
                self.byte(rest[0], here, sink);
                1
            }
        }
    }

    /// The inside of a string up to a byte that may end it.
    fn string(&mut self, rest: &[u8], here: u64, sink: &mut impl Sink) -> usize {
        // BEL ends only OSC, and is content elsewhere; content is kept without C0 controls.
        let end = rest.iter().position(|byte| *byte < 0x20 || *byte == 0x7f).unwrap_or(rest.len());
        if end == 0 {
            self.byte(rest[0], here, sink);
            return 1;
        }
        if self.state != State::Skip && !self.overflow {
            let content = rest.get(..end).unwrap_or_default();
            let room = self.string_cap(content).saturating_sub(self.body.len());
            self.overflow = content.len() > room;
            if self.overflow {
                self.body = Vec::new();
            } else {
                self.body.extend_from_slice(content);
            }
        }
        end
    }

    /// The cap of the current string, of which `next` is the next content.
    fn string_cap(&self, next: &[u8]) -> usize {
        let mut start = self.body.iter().chain(next);
        let clipboard = self.state == State::Osc && b"52;".iter().all(|byte| start.next() == Some(byte));
        if clipboard { CLIPBOARD_MAX_BYTES } else { STRING_MAX_BYTES }
    }

    fn byte(&mut self, byte: u8, here: u64, sink: &mut impl Sink) {
        match (self.state, byte) {
            // CAN and SUB cancel whatever there is.
            (_, 0x18 | 0x1a) => {
                if !matches!(self.state, State::Ground | State::Escape) {
                    sink.ignored();
                }
                self.enter(State::Ground);
            }
            (State::Osc, 0x1b) => self.inner_escape(State::OscEscape, here),
            (State::Dcs, 0x1b) => self.inner_escape(State::DcsEscape, here),
            (State::Skip, 0x1b) => self.inner_escape(State::SkipEscape, here),
            (State::OscEscape, b'\\') => self.end_osc(false, sink),
            (State::DcsEscape, b'\\') => {
                let body = std::mem::take(&mut self.body);
                self.state = State::Ground;
                if self.overflow {
                    sink.ignored()
                } else {
                    sink.dcs(&body, self.escape_at)
                }
                self.reuse(body);
            }
            (State::SkipEscape, b'\\') => {
                sink.ignored();
                self.enter(State::Ground);
            }
            (State::OscEscape | State::DcsEscape | State::SkipEscape, _) => {
                sink.ignored();
                self.begin_escape(self.inner_at);
                // The byte belongs to the sequence that the inner ESC began.
                self.byte(byte, here, sink);
            }
            (State::Osc, 0x07) => self.end_osc(true, sink),
            (State::Osc | State::Dcs | State::Skip, _) => {}
            (_, 0x1b) => self.begin_escape(here),
            (_, 0x00..=0x1f) => sink.control(byte),
            (State::Escape, b'[') if self.body.is_empty() => self.enter(State::Csi),
            (State::Escape, b']') if self.body.is_empty() => self.enter(State::Osc),
            (State::Escape, b'P') if self.body.is_empty() => self.enter(State::Dcs),
            (State::Escape, b'X' | b'^' | b'_' | b'k') if self.body.is_empty() => self.enter(State::Skip),
            (State::Escape, 0x20..=0x2f) if self.body.len() < 4 => self.body.push(byte),
            (State::Escape, 0x30..=0x7e) => {
                let body = std::mem::take(&mut self.body);
                self.state = State::Ground;
                sink.escape(&body, byte, self.escape_at);
                self.reuse(body);
            }
            (State::Csi, 0x20..=0x3f) => {
                if self.body.len() < CSI_MAX_BYTES {
                    self.body.push(byte);
                } else {
                    self.enter(State::CsiIgnore);
                }
            }
            (State::Csi, 0x40..=0x7e) => {
                let body = std::mem::take(&mut self.body);
                self.state = State::Ground;
                sink.csi(Csi { body: &body, last: byte }, self.escape_at);
                self.reuse(body);
            }
            (State::CsiIgnore, 0x40..=0x7e) => {
                sink.ignored();
                self.enter(State::Ground);
            }
            // DEL and 8-bit bytes inside sequences are nothing.
            _ => {}
        }
    }

    fn inner_escape(&mut self, state: State, here: u64) {
        self.state = state;
        self.inner_at = here;
    }

    fn end_osc(&mut self, bell: bool, sink: &mut impl Sink) {
        let body = std::mem::take(&mut self.body);
        self.state = State::Ground;
        if self.overflow {
            sink.ignored()
        } else {
            sink.osc(&body, bell, self.escape_at)
        }
        self.reuse(body);
    }
}

/// How many bytes at the end of `text` are the beginning of a UTF-8 character that more bytes could complete: 0..=3.
pub(super) fn partial_char(text: &[u8]) -> usize {
    let start = text.len().saturating_sub(3);
    let tail = text.get(start..).unwrap_or_default();
    for (index, byte) in tail.iter().enumerate().rev() {
        if *byte >= 0xc0 {
            let begun = tail.get(index..).unwrap_or_default();
            let incomplete = std::str::from_utf8(begun).is_err_and(|error| error.error_len().is_none() && error.valid_up_to() == 0);
            return if incomplete { begun.len() } else { 0 };
        }
        if *byte < 0x80 {
            return 0;
        }
    }
    0
}
