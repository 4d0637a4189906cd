//! Scrollback: an append-only store of logical lines in memory that can outlive this process.
//!
//! Rows that leave a screen are appended; a row behind a `wrapped` one continues its line. Lines have numbers that never change: they count from
//! the pane's birth, go on after [`History::clear`], and the oldest ones simply stop existing. What is kept is bounded by the memory it was
//! given ([`Segments`]) and by a number of lines; the oldest segment goes as a whole.
//!
//! ```text
//! segment = 64 KiB     header: magic, sequence number, number of the first line that begins here, bytes used (once full)
//!                      record: varint (body length << 3 | continuation << 2 | plain << 1 | wrapped), body as in `codec`
//! sequence numbers     .. 7 | 8 9 10 11 | 12 ..      live: 8..=11; number n lies in slot n mod count
//! commit block         96 bytes: the live range, bytes used in its last segment, line numbers, stream offset, checksum
//! ```
//!
//! **Killed at any moment.** Records are written behind what is committed, and [`History::commit`] publishes them with the offset in the output
//! stream up to which the history has seen it; whoever opens the memory next finds exactly the state of the last commit, and a replay of the
//! stream drops rows that came from bytes before that offset. A slot that the committed state refers to is only overwritten after a commit
//! block that no longer does; that block differs from the last one in its first line alone.
//!
//! The memory is trusted to be private, not to be right: opening checks every record's frame, reading checks every record's content.

use super::codec::{decode_body, encode_with, take_varint};
use super::row::Row;
use std::collections::VecDeque;
use std::ops::Range;

/// Size of a segment.
pub const SEGMENT_BYTES: usize = 64 * 1024;
/// Size of a commit block.
pub const COMMIT_BYTES: usize = 96;
/// A logical line is ended when its records reach so many bytes.
pub const LINE_MAX_BYTES: usize = 16 * 1024;
/// Most matches that one [`History::search`] returns.
pub const MATCHES_MAX: usize = 1024;

const MAGIC: [u8; 4] = *b"bHs1";
const HEADER_BYTES: usize = 24;
const WRAPPED: u64 = 1;
const PLAIN: u64 = 2;
const CONTINUATION: u64 = 4;
/// Every so manyeth line of a segment has its offset in the index.
const INDEX_STEP: u32 = 32;

/// Memory for a history: equal segments and one commit block.
pub trait Segments {
    /// Number of segments; does not change.
    fn count(&self) -> usize;
    /// Segment `i < count`, [`SEGMENT_BYTES`] long; may be shorter or empty before its first [`Segments::write`].
    fn read(&self, i: usize) -> &[u8];
    /// Segment `i < count`, [`SEGMENT_BYTES`] long.
    fn write(&mut self, i: usize) -> &mut [u8];
    /// The content of segment `i` is no longer needed: its memory may be given back.
    fn release(&mut self, i: usize);
    /// Replaces the commit block, atomically as seen by whoever reads it after this process was killed at any moment.
    fn commit(&mut self, block: &[u8; COMMIT_BYTES]);
    /// The commit block last written, if any.
    fn committed(&self) -> Option<[u8; COMMIT_BYTES]>;
}

/// Segments in this process's own memory.
#[derive(Debug, Clone, Default)]
pub struct VecSegments {
    slots: Vec<Vec<u8>>,
    block: Option<[u8; COMMIT_BYTES]>,
}

impl VecSegments {
    /// `count` segments, none of which takes memory yet.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { slots: vec![Vec::new(); count], block: None }
    }

    /// Bytes taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.slots.iter().map(Vec::capacity).sum()
    }
}

impl Segments for VecSegments {
    fn count(&self) -> usize {
        self.slots.len()
    }

    fn read(&self, i: usize) -> &[u8] {
        self.slots.get(i).map_or(&[], Vec::as_slice)
    }

    fn write(&mut self, i: usize) -> &mut [u8] {
        match self.slots.get_mut(i) {
            Some(slot) => {
                if slot.is_empty() {
                    *slot = vec![0; SEGMENT_BYTES];
                }
                slot
            }
            None => &mut [],
        }
    }

    fn release(&mut self, i: usize) {
        if let Some(slot) = self.slots.get_mut(i) {
            *slot = Vec::new();
        }
    }

    fn commit(&mut self, block: &[u8; COMMIT_BYTES]) {
        self.block = Some(*block);
    }

    fn committed(&self) -> Option<[u8; COMMIT_BYTES]> {
        self.block
    }
}

/// What is remembered about a live segment.
#[derive(Debug, Clone, Default)]
struct Segment {
    /// Number of the first line that begins in it (of the next line to begin, if none does).
    first_line: u64,
    /// Lines that begin in it.
    lines: u32,
    /// Bytes used, header included.
    used: usize,
    /// Offsets of its lines 0, 32, 64, ...
    index: Vec<u16>,
}

/// The commit block's content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Block {
    first_seq: u64,
    /// Live segments; 0: none.
    count: u64,
    /// Bytes used in the last one.
    used: u64,
    first_line: u64,
    end_line: u64,
    stream_offset: u64,
    /// Bytes of the last line's records if that line is open, else 0.
    open_bytes: u64,
}

impl Block {
    fn encode(self) -> [u8; COMMIT_BYTES] {
        let fields = [self.first_seq, self.count, self.used, self.first_line, self.end_line, self.stream_offset, self.open_bytes, 0, 0, 0];
        let mut block = [0; COMMIT_BYTES];
        let numbers = std::iter::once(u64::from_le_bytes(*b"batonhi1")).chain(fields);
        for (place, number) in block.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        let (content, check) = block.split_at_mut(COMMIT_BYTES - 8);
        check[..4].copy_from_slice(&crc32fast::hash(content).to_le_bytes());
        block
    }

    fn decode(block: &[u8; COMMIT_BYTES]) -> Option<Self> {
        let mut numbers = block.chunks_exact(8).filter_map(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?)));
        let magic = numbers.next()?;
        let mut next = || numbers.next();
        let this = Self {
            first_seq: next()?,
            count: next()?,
            used: next()?,
            first_line: next()?,
            end_line: next()?,
            stream_offset: next()?,
            open_bytes: next()?,
        };
        (magic == u64::from_le_bytes(*b"batonhi1") && this.encode() == *block).then_some(this)
    }
}

/// One record's head and body, as they lie in a segment.
#[derive(Debug, Clone, Copy)]
struct Record<'a> {
    head: u64,
    body: &'a [u8],
    /// Offset of the record behind it.
    end: usize,
}

impl Record<'_> {
    const fn continues(&self) -> bool {
        self.head & CONTINUATION != 0
    }

    /// The row; a damaged one is empty.
    fn row(&self) -> Row {
        let mut row = decode_body(self.body, self.head & PLAIN != 0).unwrap_or_default();
        row.wrapped = self.head & WRAPPED != 0;
        row
    }
}

/// The record at `offset` of a segment of which `used` bytes are used.
fn record_at(segment: &[u8], offset: usize, used: usize) -> Option<Record<'_>> {
    let mut input = segment.get(offset..used)?;
    let head = take_varint(&mut input).ok()?;
    let body = input.get(..usize::try_from(head >> 3).ok()?)?;
    let end = used - (input.len() - body.len());
    Some(Record { head, body, end })
}

/// Which way to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards newer lines.
    Forward,
    /// Towards older lines.
    Backward,
}

/// A place where a pattern matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The line.
    pub line: u64,
    /// Bytes of its text.
    pub bytes: Range<usize>,
    /// Columns of the whole cells that these bytes are in, as if the line were never wrapped.
    pub cols: Range<u16>,
}

/// What one bounded step of a search gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchStep {
    /// Matches in the order of the search; within a line always from left to right.
    pub matches: Vec<Match>,
    /// The line to go on with, or `None` at the end of history.
    pub next: Option<u64>,
}

/// The store; see the module.
#[derive(Debug)]
pub struct History<S: Segments> {
    segments: S,
    /// The live segments, oldest first, and the first one's sequence number.
    live: VecDeque<Segment>,
    first_seq: u64,
    end_line: u64,
    /// The last row was `wrapped`: bytes of its line's records so far.
    open: Option<usize>,
    committed: Block,
    lines_max: u64,
    damaged: bool,
    scratch: Vec<u8>,
}

impl<S: Segments> History<S> {
    /// Takes up the state last committed to `segments`, or begins anew. `lines_max` (at least 1) is the number of lines to keep at least, memory
    /// permitting: the oldest segment goes when the others have that many.
    ///
    /// If the memory holds garbage, the history is empty and says so ([`History::damaged`]).
    pub fn open(segments: S, lines_max: u64) -> Self {
        let mut this = Self {
            segments,
            live: VecDeque::new(),
            first_seq: 0,
            end_line: 0,
            open: None,
            committed: Block::default(),
            lines_max: lines_max.max(1),
            damaged: false,
            scratch: Vec::new(),
        };
        let Some(bytes) = this.segments.committed() else { return this };
        let Some(block) = Block::decode(&bytes) else {
            this.damaged = true;
            return this;
        };
        this.first_seq = block.first_seq;
        this.end_line = block.end_line;
        if this.load(block).is_some() {
            this.committed = block;
            this.open = (block.open_bytes > 0).then(|| usize::try_from(block.open_bytes).unwrap_or(LINE_MAX_BYTES));
        } else {
            // Numbers go on, so that nobody's marks point to other lines; the stream is to be replayed from as early as it can be.
            this.live.clear();
            this.first_seq = block.first_seq.saturating_add(block.count);
            this.damaged = true;
        }
        this
    }

    /// Reads and checks the live segments of `block`.
    fn load(&mut self, block: Block) -> Option<()> {
        let slots = self.segments.count() as u64;
        if block.count > slots || block.first_seq.checked_add(slots.checked_mul(2)?).is_none() {
            return None;
        }
        let mut line = block.first_line;
        for seq in block.first_seq..block.first_seq + block.count {
            let bytes = self.segments.read(usize::try_from(seq % slots).ok()?);
            let header = Header::decode(bytes)?;
            let last = seq + 1 == block.first_seq + block.count;
            let used = usize::try_from(if last { block.used } else { u64::from(header.used) }).ok()?;
            if header.seq != seq || header.first_line != line || used < HEADER_BYTES || used > bytes.len().min(SEGMENT_BYTES) {
                return None;
            }
            let mut segment = Segment { first_line: line, used: HEADER_BYTES, ..Segment::default() };
            while segment.used < used {
                let record = record_at(bytes, segment.used, used)?;
                segment.note(&record);
            }
            line = line.checked_add(u64::from(segment.lines))?;
            self.live.push_back(segment);
        }
        (line == block.end_line && line.checked_add(1 << 40).is_some()).then_some(())
    }

    /// The memory was not what a history writes, so what it held is lost.
    #[must_use]
    pub const fn damaged(&self) -> bool {
        self.damaged
    }

    /// The oldest line there is, or [`History::end`] if there is none.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.live.front().map_or(self.end_line, |segment| segment.first_line)
    }

    /// One past the newest line.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end_line
    }

    /// The number of lines.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.end_line - self.first()
    }

    /// Whether there is no line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The newest line goes on in the next row appended.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Up to where in the output stream the committed history goes. Rows that a replay scrolls off by bytes before it are here already.
    #[must_use]
    pub const fn stream_offset(&self) -> u64 {
        self.committed.stream_offset
    }

    /// The memory, for whoever needs to know about it.
    #[must_use]
    pub const fn segments(&self) -> &S {
        &self.segments
    }

    /// The memory, for whoever keeps other things in it. What [`Segments`] gives out is the history's own.
    pub const fn segments_mut(&mut self) -> &mut S {
        &mut self.segments
    }

    /// Bytes of records and headers held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.live.iter().map(|segment| segment.used).sum()
    }

    /// Adds a row at the end. It continues the newest line if the row before it was `wrapped` and that line is not [`LINE_MAX_BYTES`] long yet.
    /// What does not fit in half a segment (rows of tens of thousands of columns) is cut off.
    pub fn append(&mut self, row: &Row) {
        let mut record = std::mem::take(&mut self.scratch);
        record.clear();
        let continues = self.open.filter(|bytes| *bytes < LINE_MAX_BYTES && !self.live.is_empty());
        let head = |len: u64, plain: bool| {
            (len << 3)
                | if continues.is_some() { CONTINUATION } else { 0 }
                | if plain { PLAIN } else { 0 }
                | if row.wrapped { WRAPPED } else { 0 }
        };
        encode_with(row, &mut record, head);
        let mut cols = row.cols();
        while record.len() > SEGMENT_BYTES / 2 {
            cols /= 2;
            record.clear();
            encode_with(&row.slice_cols(0, cols), &mut record, head);
        }
        if self.write_record(&record, continues.is_some()) {
            self.open = row.wrapped.then(|| continues.unwrap_or(0) + record.len());
        }
        self.scratch = record;
        while self.live.get(1).is_some_and(|second| self.end_line - second.first_line >= self.lines_max) {
            self.drop_oldest();
        }
    }

    fn write_record(&mut self, record: &[u8], continues: bool) -> bool {
        if self.live.back().is_none_or(|last| last.used + record.len() > SEGMENT_BYTES) && !self.begin_segment() {
            // No memory at all: lines are counted, and gone at once.
            self.end_line += u64::from(!continues);
            return false;
        }
        let slot = self.slot(self.first_seq + self.live.len() as u64 - 1);
        let Some(last) = self.live.back_mut() else { return false };
        let Some(place) = self.segments.write(slot).get_mut(last.used..last.used + record.len()) else { return false };
        place.copy_from_slice(record);
        if !continues {
            last.note_line();
            self.end_line += 1;
        }
        last.used += record.len();
        true
    }

    /// Seals the last segment and begins the next, in the slot that is longest out of use.
    fn begin_segment(&mut self) -> bool {
        let slots = self.segments.count();
        if slots == 0 {
            return false;
        }
        while self.live.len() >= slots {
            self.drop_oldest();
        }
        let seq = self.first_seq + self.live.len() as u64;
        if let Some(last) = self.live.back() {
            let header = Header { seq: seq - 1, first_line: last.first_line, used: u32::try_from(last.used).unwrap_or(0) };
            let slot = self.slot(seq - 1);
            header.write(self.segments.write(slot));
        }
        self.forget_committed_before(seq.saturating_sub(slots as u64).saturating_add(1));
        let slot = self.slot(seq);
        Header { seq, first_line: self.end_line, used: 0 }.write(self.segments.write(slot));
        self.live.push_back(Segment { first_line: self.end_line, used: HEADER_BYTES, ..Segment::default() });
        true
    }

    fn drop_oldest(&mut self) {
        if self.live.pop_front().is_some() {
            self.first_seq += 1;
        }
    }

    /// Makes the committed state one that does not refer to segments before `seq`, whose slots are about to be reused.
    fn forget_committed_before(&mut self, seq: u64) {
        let gone = seq.saturating_sub(self.committed.first_seq).min(self.committed.count);
        if gone == 0 {
            return;
        }
        self.committed.first_seq += gone;
        self.committed.count -= gone;
        let first = self.committed.first_seq;
        let header = if self.committed.count == 0 { None } else { Header::decode(self.segments.read(self.slot(first))) };
        self.committed.first_line = header.map_or(self.committed.end_line, |header| header.first_line);
        if self.committed.count == 0 {
            self.committed.open_bytes = 0;
        }
        self.segments.commit(&self.committed.encode());
    }

    fn slot(&self, seq: u64) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "less than the number of slots")]
        {
            (seq % (self.segments.count() as u64).max(1)) as usize
        }
    }

    /// Publishes everything appended (and cleared) so far as one step; `stream_offset` is the position in the output stream behind the last byte
    /// that has been interpreted.
    pub fn commit(&mut self, stream_offset: u64) {
        let before = self.committed;
        self.committed = Block {
            first_seq: self.first_seq,
            count: self.live.len() as u64,
            used: self.live.back().map_or(0, |last| last.used as u64),
            first_line: self.first(),
            end_line: self.end_line,
            stream_offset,
            open_bytes: self.open.unwrap_or(0) as u64,
        };
        if self.committed == before {
            return;
        }
        self.segments.commit(&self.committed.encode());
        // What neither this state refers to nor anything has reused since.
        let slots = self.segments.count() as u64;
        let reused = (self.first_seq + self.live.len() as u64).saturating_sub(slots);
        for seq in before.first_seq.max(reused)..self.first_seq {
            let slot = self.slot(seq);
            self.segments.release(slot);
        }
    }

    /// Forgets all lines; numbers go on. Becomes lasting with the next [`History::commit`].
    pub fn clear(&mut self) {
        self.first_seq += self.live.len() as u64;
        self.live.clear();
        self.open = None;
    }

    /// Line `n`, with `wrapped` set only if it is still open; `None` if it does not exist (any more).
    #[must_use]
    pub fn line(&self, n: u64) -> Option<Row> {
        let mut walk = self.walk(n)?;
        self.take_line(&mut walk)
    }

    /// Lines from `from` on (or from the oldest one there is), at most `count`, and no more once their texts have `max_bytes` bytes; at least one
    /// if there is any.
    #[must_use]
    pub fn lines(&self, from: u64, count: usize, max_bytes: usize) -> Vec<(u64, Row)> {
        let mut out = Vec::new();
        let mut n = from.max(self.first());
        let Some(mut walk) = self.walk(n) else { return out };
        let mut bytes = 0usize;
        while out.len() < count && (bytes < max_bytes || out.is_empty()) {
            let Some(row) = self.take_line(&mut walk) else { break };
            bytes += row.text.len();
            out.push((n, row));
            n += 1;
        }
        out
    }

    /// Finds `pattern` in the lines from `from` on in `direction`, looking at no more than `max_lines` (at least 1) and returning no more than
    /// about [`MATCHES_MAX`] matches. Go on with `next`. Empty matches are left out.
    #[must_use]
    pub fn search(&self, pattern: &regex::Regex, from: u64, direction: Direction, max_lines: usize) -> SearchStep {
        let mut step = SearchStep::default();
        if self.is_empty() {
            return step;
        }
        let (first, last) = (self.first(), self.end_line - 1);
        let mut n = match direction {
            Direction::Forward if from > last => return step,
            Direction::Backward if from < first => return step,
            _ => from.clamp(first, last),
        };
        let mut text = String::new();
        for _ in 0..max_lines.max(1) {
            self.read_text(n, &mut text);
            if pattern.is_match(&text) {
                let row = self.line(n).unwrap_or_default();
                for found in pattern.find_iter(&text).filter(|found| !found.is_empty()) {
                    step.matches.push(Match { line: n, bytes: found.range(), cols: cols_of(&row, found.range()) });
                }
            }
            let next = match direction {
                Direction::Forward => Some(n + 1).filter(|next| *next <= last),
                Direction::Backward => n.checked_sub(1).filter(|next| *next >= first),
            };
            step.next = next;
            let Some(next) = next else { break };
            if step.matches.len() >= MATCHES_MAX {
                break;
            }
            n = next;
        }
        step
    }

    /// Where line `n` begins: index of its segment, offset.
    fn walk(&self, n: u64) -> Option<(usize, usize)> {
        if n >= self.end_line {
            return None;
        }
        let index = self.live.partition_point(|segment| segment.first_line <= n).checked_sub(1)?;
        let segment = self.live.get(index)?;
        let nth = n - segment.first_line;
        let step = u64::from(INDEX_STEP);
        let mut offset = usize::from(*segment.index.get(usize::try_from(nth / step).ok()?)?);
        let bytes = self.bytes_of(index);
        let mut left = nth % step;
        loop {
            let record = record_at(bytes, offset, segment.used)?;
            if !record.continues() {
                if left == 0 {
                    return Some((index, offset));
                }
                left -= 1;
            }
            offset = record.end;
        }
    }

    fn bytes_of(&self, index: usize) -> &[u8] {
        self.segments.read(self.slot(self.first_seq + index as u64))
    }

    /// Calls `each` with the records of the line that begins at `walk`, and moves there behind it; false at the end.
    fn each_record(&self, walk: &mut (usize, usize), mut each: impl FnMut(&Record<'_>)) -> bool {
        let mut begun = false;
        while let Some(segment) = self.live.get(walk.0) {
            let Some(record) = record_at(self.bytes_of(walk.0), walk.1, segment.used) else {
                *walk = (walk.0 + 1, HEADER_BYTES);
                continue;
            };
            if record.continues() != begun {
                return begun;
            }
            begun = true;
            each(&record);
            walk.1 = record.end;
        }
        begun
    }

    fn take_line(&self, walk: &mut (usize, usize)) -> Option<Row> {
        let mut line: Option<Row> = None;
        let begun = self.each_record(walk, |record| match &mut line {
            None => line = Some(record.row()),
            Some(line) => line.append(&record.row()),
        });
        // A line that was ended for its length is not open, though its last row was wrapped.
        if walk.0 < self.live.len()
            && record_at(self.bytes_of(walk.0), walk.1, self.live.get(walk.0)?.used).is_some()
            && let Some(line) = &mut line
        {
            line.wrapped = false;
        }
        line.filter(|_| begun)
    }

    /// The text of line `n` alone.
    fn read_text(&self, n: u64, text: &mut String) {
        text.clear();
        let Some(mut walk) = self.walk(n) else { return };
        self.each_record(&mut walk, |record| {
            if record.head & PLAIN == 0 {
                text.push_str(&record.row().text);
            } else {
                text.push_str(std::str::from_utf8(record.body).unwrap_or_default());
            }
        });
    }
}

/// The columns of the cells that have a byte in `bytes`.
fn cols_of(row: &Row, bytes: Range<usize>) -> Range<u16> {
    let from = row.col_of_byte(bytes.start);
    let last = row.col_of_byte(bytes.end.saturating_sub(1));
    let width = row.cells().find(|cell| cell.col == last).map_or(1, |cell| cell.width);
    from..last.saturating_add(u16::from(width))
}

impl Segment {
    /// Counts a line that begins at the end of what is used.
    fn note_line(&mut self) {
        if self.lines.is_multiple_of(INDEX_STEP) {
            self.index.push(u16::try_from(self.used).unwrap_or(u16::MAX));
        }
        self.lines += 1;
    }

    /// Counts a record that lies at the end of what is used.
    fn note(&mut self, record: &Record<'_>) {
        if !record.continues() {
            self.note_line();
        }
        self.used = record.end;
    }
}

/// The head of a segment.
#[derive(Debug, Clone, Copy)]
struct Header {
    seq: u64,
    first_line: u64,
    used: u32,
}

impl Header {
    fn decode(segment: &[u8]) -> Option<Self> {
        let head = segment.get(..HEADER_BYTES)?;
        if head.get(..4)? != MAGIC {
            return None;
        }
        let used = u32::from_le_bytes(head.get(4..8)?.try_into().ok()?);
        let seq = u64::from_le_bytes(head.get(8..16)?.try_into().ok()?);
        let first_line = u64::from_le_bytes(head.get(16..24)?.try_into().ok()?);
        Some(Self { seq, first_line, used })
    }

    fn write(self, segment: &mut [u8]) {
        if let Some(head) = segment.get_mut(..HEADER_BYTES) {
            let (magic, rest) = head.split_at_mut(4);
            magic.copy_from_slice(&MAGIC);
            let (used, rest) = rest.split_at_mut(4);
            used.copy_from_slice(&self.used.to_le_bytes());
            let (seq, first_line) = rest.split_at_mut(8);
            seq.copy_from_slice(&self.seq.to_le_bytes());
            first_line.copy_from_slice(&self.first_line.to_le_bytes());
        }
    }
}
