//! What server and keeper say to each other: protocol v1, frozen.
//!
//! The keeper cannot be replaced while panes live, so its language never changes: numbers are only appended, fields never move, a payload may grow
//! at its end and trailing bytes are ignored. A type that the receiver does not know is answered `Err` and is never fatal.
//!
//! A message is one packet: a header of 32 bytes, little endian, then a payload of at most 64 KiB, and at most 8 descriptors beside it.
//!
//! ```text
//!   0      4       8        16     24     32
//!   | kind | flags | pane   | a    | b    | payload ...
//! ```
//!
//! The usual life of a link: the server says `Hello`, the keeper kills whoever served before and *waits for its death* (two readers of one master
//! would split the stream), then says `Welcome`, one `Pane` for each pane it holds (with master and memory), `Ready`. The server rebuilds itself and
//! says `Active`. From then on `Spawn`, `Input`, `Resize`, `Signal`, `Forget` go down; `Pane`, `Inack`, `Drained`, `Exited`, `Err` come up.
//!
//! **Input** is applied exactly once: its key is (pane, source) and a number that grows; what is not above the last one applied is dropped and
//! acknowledged again. `Inack` is said when the bytes are in the keeper's queue for that pane, or in the PTY. A full queue answers `Err` with
//! [`ERR_FULL`]; that number, and nothing later of the same source, must then be sent again, best after `Drained`. Where terminals can be spliced to, the
//! server types by itself, through a pipe that the keeper merely holds (`ring::InputPipe`), and `Input` is not said.
//!
//! This file is pure: bytes to values and back. Descriptors travel beside and are named here only by their order.

use crate::geometry::Size;
use crate::ids::PaneId;

/// Version of the protocol in this file.
pub const PROTOCOL: u64 = 1;
/// Bytes of the fixed header.
pub const HEADER_LEN: usize = 32;
/// Largest payload of a message, in bytes.
pub const PAYLOAD_MAX: usize = 64 * 1024;
/// Most descriptors beside one message.
pub const FDS_MAX: usize = 8;
/// Most input bytes that the keeper queues for one pane whose program does not read.
pub const INPUT_QUEUE_MAX: usize = 64 * 1024;
/// Lazy inputs of a source in a pane that are acknowledged together at the latest.
pub const LAZY_INPUTS_MAX: u32 = 16;
/// Most input sources remembered for one pane; the one that was silent longest is forgotten first.
pub const INPUT_SOURCES_MAX: usize = 64;
/// Longest name of a stored descriptor, in bytes.
pub const NAME_MAX: usize = 64;
/// `Err::code` of an input that found the pane's queue full. Not an errno.
pub const ERR_FULL: u64 = 0x1_0001;
/// `Err::code` of a message that the receiver does not know. Not an errno.
pub const ERR_UNKNOWN: u64 = 0x1_0002;
/// `Err::code` of a message that is broken or comes at the wrong moment. Not an errno.
pub const ERR_PROTOCOL: u64 = 0x1_0003;

/// Names in the descriptor store that the keeper itself looks at.
pub mod name {
    /// The listening socket for clients; bound by the keeper before anything else.
    pub const LISTENER: &str = "listener";
    /// The program that serves, open for reading: the last one that said `Active`.
    pub const SERVER_BINARY: &str = "server-binary";
    /// The note of what the server is about to parse, read by the keeper after a crash.
    pub const BLACKBOX: &str = "blackbox";
    /// The server's own state log.
    pub const STATE: &str = "state";
}

/// The numbers of the messages. Never reused.
pub mod kind {
    #![expect(missing_docs, reason = "each is the kind of the message of its name")]
    pub const HELLO: u32 = 1;
    pub const WELCOME: u32 = 2;
    pub const PANE: u32 = 3;
    pub const READY: u32 = 4;
    pub const SPAWN: u32 = 5;
    pub const ERR: u32 = 6;
    pub const INPUT: u32 = 7;
    pub const INACK: u32 = 8;
    pub const DRAINED: u32 = 9;
    pub const RESIZE: u32 = 10;
    pub const SIGNAL: u32 = 11;
    pub const EXITED: u32 = 12;
    pub const FORGET: u32 = 13;
    pub const PUT: u32 = 14;
    pub const TAKE: u32 = 15;
    pub const NAMED: u32 = 16;
    pub const DROP: u32 = 17;
    pub const QUIESCE: u32 = 18;
    pub const QUIESCED: u32 = 19;
    pub const ACTIVE: u32 = 20;
    pub const ABORT: u32 = 21;
    pub const ADOPT: u32 = 22;
    /// Reserved for an emergency upgrade of the keeper itself; answered `Err` today.
    pub const REEXEC: u32 = 23;
    pub const START_SERVER: u32 = 24;
    pub const PING: u32 = 25;
    pub const PONG: u32 = 26;
    pub const SHUTDOWN: u32 = 27;
    pub const PROBE: u32 = 28;
    pub const START: u32 = 29;
    pub const OK: u32 = 30;
    pub const OUTPUT: u32 = 31;
    pub const CONSUMED: u32 = 32;
}

const HELLO_KEEPER_READS: u32 = 1;
const INPUT_LAZY: u32 = 1;
const PANE_EXITED: u32 = 1;
const PANE_STATUS_KNOWN: u32 = 2;
const PANE_QUARANTINE: u32 = 4;
const SIGNAL_FOREGROUND: u32 = 1;
const SIGNAL_GROUP: u32 = 2;
const OK_RESTARTED: u32 = 1;

/// What a child used in its life, as the kernel counted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Time in user mode, in microseconds.
    pub user_us: u64,
    /// Time in the kernel, in microseconds.
    pub system_us: u64,
    /// Largest resident set, in KiB.
    pub rss_max_kib: u64,
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exit {
    /// The wait status as the kernel gives it (`WIFEXITED` and so on), or `None` when the keeper that was its parent died and nobody can know.
    pub status: Option<i32>,
    /// What it used; zero when unknown.
    pub usage: Usage,
}

impl Exit {
    /// The exit code, when it ended by itself.
    #[must_use]
    pub fn code(&self) -> Option<u8> {
        self.status.filter(|status| status & 0x7f == 0).map(|status| (status >> 8) as u8)
    }

    /// The number of the signal that ended it, if one did.
    #[must_use]
    pub fn signal(&self) -> Option<u8> {
        self.status.map(|status| (status & 0x7f) as u8).filter(|signal| *signal != 0 && *signal != 0x7f)
    }
}

/// What the keeper knows of one pane. Beside it travel the PTY master and the pane memory, in this order, then, if the pane has one, both ends of its
/// input pipe: the one that is read, the one that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneRecord {
    /// Which pane.
    pub pane: PaneId,
    /// The child's process id; also its session and first process group.
    pub pid: u32,
    /// When the child started, in the kernel's own unit (Linux: clock ticks since boot; macOS: microseconds since 1970); 0 if unknown. With the
    /// pid it names the process for ever.
    pub start_time: u64,
    /// How it ended, if it did. Kept until `Forget`.
    pub exit: Option<Exit>,
    /// The output offset at which two servers died in a row: the pane's output must not be parsed again up to its head.
    pub quarantine: Option<u64>,
    /// The last number applied of each input source.
    pub inputs: Vec<(u64, u64)>,
}

/// What is to be started in a new pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpawnRequest {
    /// Its name for ever. Must not be in use.
    pub pane: PaneId,
    /// First size of the terminal.
    pub size: Size,
    /// Program and arguments; empty: the login shell, from `SHELL` in `env`, else from the user database.
    pub argv: Vec<Vec<u8>>,
    /// The whole environment; nothing is inherited from the keeper.
    pub env: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where it starts; empty or missing folder: the home folder.
    pub cwd: Vec<u8>,
    /// Shape of the pane's memory.
    pub memory: MemoryShape,
    /// First content of the pane's meta slot, at most 4,072 bytes: what a server that attaches before the one that asked
    /// for this pane could note anything would want to know.
    pub meta: Vec<u8>,
}

/// The lengths that a pane's memory is created with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryShape {
    /// Length of the output ring in bytes: a power of two, 4 KiB..=64 MiB.
    pub ring_len: u32,
    /// Length of each of the two checkpoint slots in bytes, 0..=64 MiB; rounded up to whole pages.
    pub checkpoint_len: u32,
    /// Most bytes of history; rounded down to whole segments of 64 KiB.
    pub history_bytes: u64,
}

impl Default for MemoryShape {
    /// 256 KiB of ring, no checkpoints, 10 MiB of history.
    fn default() -> Self {
        Self { ring_len: 256 * 1024, checkpoint_len: 0, history_bytes: 10 * 1024 * 1024 }
    }
}

/// Whom a signal is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalTo {
    /// The pane's child alone.
    Child,
    /// The child's own process group.
    Group,
    /// The process group in the foreground of the terminal.
    Foreground,
}

/// One message. Directions: `s>k` from the server, `k>s` to it, `c>k` and `k>c` on the control socket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields are described at their variant")]
pub enum Message {
    /// s>k: a server wants to serve. It speaks protocols `min..=max`; `keeper_reads`: the attested read does not work here, the keeper shall read
    /// the masters. `build` is free text for reports.
    Hello { min: u64, max: u64, keeper_reads: bool, build: String },
    /// k>s: it is the only server now. `epoch` counts servers, `panes` follow, `caps` is 0 today; `pid` is the keeper's.
    Welcome { epoch: u64, panes: u64, caps: u32, pid: u64, build: String },
    /// k>s: one pane, with fds \[master, memory\] or \[master, memory, read end, write end\]: of the inventory after `Welcome`, or the answer to `Spawn`.
    /// Whether what is typed goes through that pipe is the server's to decide, at the pane's birth and for its whole life; then no `Input` is said.
    Pane(PaneRecord),
    /// k>s: the inventory is complete.
    Ready,
    /// s>k: open a pane. Answer: `Pane`, or `Err` with the errno of what failed.
    Spawn(SpawnRequest),
    /// Both: the message of kind `of` for `pane` failed. `code` is an errno or one of the `ERR_` values; `detail` is the number of a refused input.
    Err { of: u32, pane: PaneId, code: u64, detail: u64, text: String },
    /// s>k: type `bytes` into `pane`; `seq` grows within (pane, source).
    Input {
        pane: PaneId,
        source: u64,
        seq: u64,
        /// Nobody waits for the acknowledgement: it may come with that of a later input, every [`LAZY_INPUTS_MAX`] at the latest.
        lazy: bool,
        bytes: Vec<u8>,
    },
    /// k>s: that input is applied or queued; it need never be sent again.
    Inack { pane: PaneId, source: u64, seq: u64 },
    /// k>s: a queue that refused input is less than half full again.
    Drained { pane: PaneId },
    /// s>k: set the terminal's size. A server that holds the master may as well do it itself.
    Resize { pane: PaneId, size: Size },
    /// s>k: send a signal. Only the unreaped parent can do it without hitting a stranger who got the pid since.
    Signal { pane: PaneId, signal: i32, to: SignalTo },
    /// k>s: the child ended. Said once, and in every inventory until `Forget`.
    Exited { pane: PaneId, exit: Exit },
    /// s>k: give up the pane: its master and memory are closed, a living child is hung up by the kernel.
    Forget { pane: PaneId },
    /// s>k: keep the one fd beside this under `name`, in place of an earlier one.
    Put { name: String },
    /// s>k: give me that descriptor; answer `Named`, or `Err` ENOENT.
    Take { name: String },
    /// k>s: the descriptor beside this is `name`.
    Named { name: String },
    /// s>k: close that descriptor.
    Drop { name: String },
    /// k>s: a successor is ready: finish the chunk, checkpoint, stop reading, answer `Quiesced`. Two seconds.
    Quiesce,
    /// s>k: stopped; may be killed.
    Quiesced,
    /// s>k: state is rebuilt, clients are served. Within five seconds of `Welcome` when it came by an upgrade.
    Active,
    /// k>s: the successor failed: go on.
    Abort,
    /// s>k, before `Hello`, to a new keeper: the pane with fds \[master, memory\] or \[master, memory, process descriptor\], and after either of these
    /// both ends of its input pipe, if it has one: the number of descriptors says which.
    Adopt(PaneRecord),
    /// s>k: replace the server by the program whose fd is beside this; `path` is where it came from, for systems that cannot execute a descriptor.
    StartServer { path: Vec<u8> },
    /// k>s: still there? Answer `Pong` with the same nonce from the task that owns the state.
    Ping { nonce: u64 },
    /// s>k: yes.
    Pong { nonce: u64 },
    /// s>k or c>k: end everything: server, keeper, socket files; children are hung up.
    Shutdown,
    /// c>k: is the server alive? A server that does not answer in ten seconds is replaced. Answer `Ok`.
    Probe,
    /// c>k: see that a server runs. Answer `Ok` when one does.
    Start,
    /// k>c: a server runs with this pid; `restarted`: it had to be replaced for this question.
    Ok { server_pid: u64, restarted: bool },
    /// k>s, only where the keeper reads: the pane's ring now reaches `head`. Said again only after `Consumed`.
    Output { pane: PaneId, head: u64 },
    /// s>k: output up to `to` is parsed. Where the keeper reads it must be said after every `Output`, and for each pane after a replay; elsewhere it
    /// is said once to end a quarantine, with a `to` beyond its offset: the server has passed the bytes that killed the others.
    Consumed { pane: PaneId, to: u64 },
    /// A kind this build does not know. The keeper answers `Err`, the server ignores it.
    Unknown { kind: u32, pane: PaneId },
}

/// Bytes that are not a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Shorter than a header.
    #[error("{len} bytes are no message; a header has 32")]
    Short {
        /// Bytes that came.
        len: usize,
    },
    /// The payload is larger than [`PAYLOAD_MAX`].
    #[error("a payload of {len} bytes; the limit is 65536")]
    Long {
        /// Its length.
        len: usize,
    },
    /// The payload ends before its fields do, or a field is out of range.
    #[error("message {kind}: bad {field}")]
    Field {
        /// The message's kind.
        kind: u32,
        /// What was wrong.
        field: &'static str,
    },
}

/// A message that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The payload would be larger than [`PAYLOAD_MAX`].
    #[error("message {kind}: a payload of {len} bytes; the limit is 65536")]
    Long {
        /// The message's kind.
        kind: u32,
        /// The length it would have.
        len: usize,
    },
}

#[derive(Default)]
struct Head {
    kind: u32,
    flags: u32,
    pane: u64,
    a: u64,
    b: u64,
}

/// Appends payload fields.
#[derive(Default)]
struct Out(Vec<u8>);

impl Out {
    fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn bytes(&mut self, value: &[u8]) -> &mut Self {
        // A length above 4 GiB is cut here and refused by the limit of the payload, which such a field exceeds in any case.
        self.0.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.0.extend_from_slice(value);
        self
    }

    fn exit(&mut self, exit: &Exit) -> &mut Self {
        self.u64(u64::from(exit.status.unwrap_or(0).cast_unsigned()));
        self.u64(exit.usage.user_us).u64(exit.usage.system_us).u64(exit.usage.rss_max_kib)
    }
}

/// Reads payload fields.
struct In<'a> {
    kind: u32,
    rest: &'a [u8],
}

impl<'a> In<'a> {
    fn bad(&self, field: &'static str) -> DecodeError {
        DecodeError::Field { kind: self.kind, field }
    }

    fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(DecodeError::Field { kind: self.kind, field })?;
        self.rest = rest;
        Ok(taken)
    }

    fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        let mut raw = [0; 4];
        raw.copy_from_slice(self.take(4, field)?);
        Ok(u32::from_le_bytes(raw))
    }

    fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        let mut raw = [0; 8];
        raw.copy_from_slice(self.take(8, field)?);
        Ok(u64::from_le_bytes(raw))
    }

    fn bytes(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let len = self.u32(field)?;
        self.take(len as usize, field)
    }

    /// A count of items that take at least `each` bytes: bounded by what is there, before anything is allocated.
    fn count(&mut self, each: usize, field: &'static str) -> Result<usize, DecodeError> {
        let count = self.u32(field)? as usize;
        if count.saturating_mul(each) > self.rest.len() { Err(self.bad(field)) } else { Ok(count) }
    }

    fn exit(&mut self, known: bool) -> Result<Exit, DecodeError> {
        let status = self.u64("status")? as u32;
        let usage = Usage { user_us: self.u64("usage")?, system_us: self.u64("usage")?, rss_max_kib: self.u64("usage")? };
        Ok(Exit { status: known.then_some(status.cast_signed()), usage })
    }

    fn text(&mut self) -> String {
        String::from_utf8_lossy(std::mem::take(&mut self.rest)).into_owned()
    }

    fn name(&mut self) -> Result<String, DecodeError> {
        let name = self.text();
        if name.is_empty() || name.len() > NAME_MAX { Err(self.bad("name")) } else { Ok(name) }
    }
}

impl Message {
    /// The number of this message's kind.
    #[must_use]
    pub fn kind(&self) -> u32 {
        match self {
            Self::Hello { .. } => kind::HELLO,
            Self::Welcome { .. } => kind::WELCOME,
            Self::Pane(_) => kind::PANE,
            Self::Ready => kind::READY,
            Self::Spawn(_) => kind::SPAWN,
            Self::Err { .. } => kind::ERR,
            Self::Input { .. } => kind::INPUT,
            Self::Inack { .. } => kind::INACK,
            Self::Drained { .. } => kind::DRAINED,
            Self::Resize { .. } => kind::RESIZE,
            Self::Signal { .. } => kind::SIGNAL,
            Self::Exited { .. } => kind::EXITED,
            Self::Forget { .. } => kind::FORGET,
            Self::Put { .. } => kind::PUT,
            Self::Take { .. } => kind::TAKE,
            Self::Named { .. } => kind::NAMED,
            Self::Drop { .. } => kind::DROP,
            Self::Quiesce => kind::QUIESCE,
            Self::Quiesced => kind::QUIESCED,
            Self::Active => kind::ACTIVE,
            Self::Abort => kind::ABORT,
            Self::Adopt(_) => kind::ADOPT,
            Self::StartServer { .. } => kind::START_SERVER,
            Self::Ping { .. } => kind::PING,
            Self::Pong { .. } => kind::PONG,
            Self::Shutdown => kind::SHUTDOWN,
            Self::Probe => kind::PROBE,
            Self::Start => kind::START,
            Self::Ok { .. } => kind::OK,
            Self::Output { .. } => kind::OUTPUT,
            Self::Consumed { .. } => kind::CONSUMED,
            Self::Unknown { kind, .. } => *kind,
        }
    }

    /// The packet for this message.
    ///
    /// # Errors
    /// [`EncodeError::Long`] when its texts, input or environment are too large.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut head = Head { kind: self.kind(), ..Head::default() };
        let mut out = Out(vec![0; HEADER_LEN]);
        match self {
            Self::Hello { min, max, keeper_reads, build } => {
                (head.a, head.b, head.flags) = (*min, *max, if *keeper_reads { HELLO_KEEPER_READS } else { 0 });
                out.0.extend_from_slice(build.as_bytes());
            }
            Self::Welcome { epoch, panes, caps, pid, build } => {
                (head.a, head.b, head.flags, head.pane) = (*epoch, *panes, *caps, *pid);
                out.0.extend_from_slice(build.as_bytes());
            }
            Self::Pane(record) | Self::Adopt(record) => {
                (head.pane, head.a, head.b) = (record.pane.0, u64::from(record.pid), record.start_time);
                if let Some(exit) = &record.exit {
                    head.flags |= PANE_EXITED | if exit.status.is_some() { PANE_STATUS_KNOWN } else { 0 };
                }
                if record.quarantine.is_some() {
                    head.flags |= PANE_QUARANTINE;
                }
                out.exit(&record.exit.unwrap_or_default()).u64(record.quarantine.unwrap_or(0));
                out.0.extend_from_slice(&u32::try_from(record.inputs.len()).unwrap_or(u32::MAX).to_le_bytes());
                for (source, seq) in &record.inputs {
                    out.u64(*source).u64(*seq);
                }
            }
            Self::Spawn(spawn) => {
                (head.pane, head.a, head.b) = (spawn.pane.0, pack(spawn.size), spawn.memory.history_bytes);
                out.0.extend_from_slice(&spawn.memory.ring_len.to_le_bytes());
                out.0.extend_from_slice(&spawn.memory.checkpoint_len.to_le_bytes());
                out.bytes(&spawn.cwd).bytes(&spawn.meta);
                out.0.extend_from_slice(&u32::try_from(spawn.argv.len()).unwrap_or(u32::MAX).to_le_bytes());
                for arg in &spawn.argv {
                    out.bytes(arg);
                }
                out.0.extend_from_slice(&u32::try_from(spawn.env.len()).unwrap_or(u32::MAX).to_le_bytes());
                for (key, value) in &spawn.env {
                    out.bytes(key).bytes(value);
                }
            }
            Self::Err { of, pane, code, detail, text } => {
                (head.flags, head.pane, head.a, head.b) = (*of, pane.0, *code, *detail);
                out.0.extend_from_slice(text.as_bytes());
            }
            Self::Input { pane, source, seq, lazy, bytes } => {
                (head.pane, head.a, head.b) = (pane.0, *source, *seq);
                head.flags = if *lazy { INPUT_LAZY } else { 0 };
                out.0.extend_from_slice(bytes);
            }
            Self::Inack { pane, source, seq } => (head.pane, head.a, head.b) = (pane.0, *source, *seq),
            Self::Drained { pane } | Self::Forget { pane } | Self::Unknown { pane, .. } => head.pane = pane.0,
            Self::Resize { pane, size } => (head.pane, head.a) = (pane.0, pack(*size)),
            Self::Signal { pane, signal, to } => {
                head.flags = match to {
                    SignalTo::Child => 0,
                    SignalTo::Group => SIGNAL_GROUP,
                    SignalTo::Foreground => SIGNAL_FOREGROUND,
                };
                (head.pane, head.a) = (pane.0, u64::from(signal.cast_unsigned()));
            }
            Self::Exited { pane, exit } => {
                head.pane = pane.0;
                head.flags = if exit.status.is_some() { PANE_STATUS_KNOWN } else { 0 };
                out.exit(exit);
            }
            Self::Put { name } | Self::Take { name } | Self::Named { name } | Self::Drop { name } => {
                out.0.extend_from_slice(name.as_bytes())
            }
            Self::StartServer { path } => out.0.extend_from_slice(path),
            Self::Ping { nonce } | Self::Pong { nonce } => head.a = *nonce,
            Self::Ok { server_pid, restarted } => (head.a, head.flags) = (*server_pid, if *restarted { OK_RESTARTED } else { 0 }),
            Self::Output { pane, head: at } => (head.pane, head.a) = (pane.0, *at),
            Self::Consumed { pane, to } => (head.pane, head.a) = (pane.0, *to),
            Self::Ready | Self::Quiesce | Self::Quiesced | Self::Active | Self::Abort | Self::Shutdown | Self::Probe | Self::Start => {}
        }
        let Out(mut packet) = out;
        let len = packet.len() - HEADER_LEN;
        if len > PAYLOAD_MAX {
            return Err(EncodeError::Long { kind: head.kind, len });
        }
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            packet[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(&head.kind.to_le_bytes());
        put(&head.flags.to_le_bytes());
        put(&head.pane.to_le_bytes());
        put(&head.a.to_le_bytes());
        put(&head.b.to_le_bytes());
        Ok(packet)
    }

    /// The message in `packet`. Bytes after a payload's known fields are ignored; an unknown kind is [`Message::Unknown`].
    ///
    /// # Errors
    /// See [`DecodeError`]; nothing was allocated beyond what the packet's own length allows.
    pub fn decode(packet: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = In { kind: 0, rest: packet };
        let short = |_| DecodeError::Short { len: packet.len() };
        let head = Head {
            kind: fields.u32("header").map_err(short)?,
            flags: fields.u32("header").map_err(short)?,
            pane: fields.u64("header").map_err(short)?,
            a: fields.u64("header").map_err(short)?,
            b: fields.u64("header").map_err(short)?,
        };
        if fields.rest.len() > PAYLOAD_MAX {
            return Err(DecodeError::Long { len: fields.rest.len() });
        }
        fields.kind = head.kind;
        let pane = PaneId(head.pane);
        Ok(match head.kind {
            kind::HELLO => {
                Self::Hello { min: head.a, max: head.b, keeper_reads: head.flags & HELLO_KEEPER_READS != 0, build: fields.text() }
            }
            kind::WELCOME => Self::Welcome { epoch: head.a, panes: head.b, caps: head.flags, pid: head.pane, build: fields.text() },
            kind::PANE => Self::Pane(pane_record(&head, &mut fields)?),
            kind::READY => Self::Ready,
            kind::SPAWN => Self::Spawn(spawn_request(&head, &mut fields)?),
            kind::ERR => Self::Err { of: head.flags, pane, code: head.a, detail: head.b, text: fields.text() },
            kind::INPUT => {
                let lazy = head.flags & INPUT_LAZY != 0;
                Self::Input { pane, source: head.a, seq: head.b, lazy, bytes: fields.rest.to_vec() }
            }
            kind::INACK => Self::Inack { pane, source: head.a, seq: head.b },
            kind::DRAINED => Self::Drained { pane },
            kind::RESIZE => Self::Resize { pane, size: unpack(head.a).ok_or_else(|| fields.bad("size"))? },
            kind::SIGNAL => Self::Signal {
                pane,
                signal: i32::try_from(head.a).map_err(|_| fields.bad("signal"))?,
                to: match head.flags & (SIGNAL_FOREGROUND | SIGNAL_GROUP) {
                    0 => SignalTo::Child,
                    SIGNAL_GROUP => SignalTo::Group,
                    _ => SignalTo::Foreground,
                },
            },
            kind::EXITED => Self::Exited { pane, exit: fields.exit(head.flags & PANE_STATUS_KNOWN != 0)? },
            kind::FORGET => Self::Forget { pane },
            kind::PUT => Self::Put { name: fields.name()? },
            kind::TAKE => Self::Take { name: fields.name()? },
            kind::NAMED => Self::Named { name: fields.name()? },
            kind::DROP => Self::Drop { name: fields.name()? },
            kind::QUIESCE => Self::Quiesce,
            kind::QUIESCED => Self::Quiesced,
            kind::ACTIVE => Self::Active,
            kind::ABORT => Self::Abort,
            kind::ADOPT => Self::Adopt(pane_record(&head, &mut fields)?),
            kind::START_SERVER => Self::StartServer { path: fields.rest.to_vec() },
            kind::PING => Self::Ping { nonce: head.a },
            kind::PONG => Self::Pong { nonce: head.a },
            kind::SHUTDOWN => Self::Shutdown,
            kind::PROBE => Self::Probe,
            kind::START => Self::Start,
            kind::OK => Self::Ok { server_pid: head.a, restarted: head.flags & OK_RESTARTED != 0 },
            kind::OUTPUT => Self::Output { pane, head: head.a },
            kind::CONSUMED => Self::Consumed { pane, to: head.a },
            kind => Self::Unknown { kind, pane },
        })
    }
}

fn pack(size: Size) -> u64 {
    u64::from(size.cols) | u64::from(size.rows) << 16
}

fn unpack(raw: u64) -> Option<Size> {
    let (cols, rows) = ((raw & 0xffff) as u16, (raw >> 16 & 0xffff) as u16);
    (cols > 0 && rows > 0).then_some(Size { cols, rows })
}

fn pane_record(head: &Head, fields: &mut In<'_>) -> Result<PaneRecord, DecodeError> {
    let exit = fields.exit(head.flags & PANE_STATUS_KNOWN != 0)?;
    let quarantine = fields.u64("quarantine")?;
    let count = fields.count(16, "inputs")?;
    let inputs = (0..count).map(|_| Ok((fields.u64("source")?, fields.u64("seq")?))).collect::<Result<_, DecodeError>>()?;
    Ok(PaneRecord {
        pane: PaneId(head.pane),
        pid: u32::try_from(head.a).map_err(|_| fields.bad("pid"))?,
        start_time: head.b,
        exit: (head.flags & PANE_EXITED != 0).then_some(exit),
        quarantine: (head.flags & PANE_QUARANTINE != 0).then_some(quarantine),
        inputs,
    })
}

fn spawn_request(head: &Head, fields: &mut In<'_>) -> Result<SpawnRequest, DecodeError> {
    let size = unpack(head.a).ok_or_else(|| fields.bad("size"))?;
    let memory =
        MemoryShape { ring_len: fields.u32("ring length")?, checkpoint_len: fields.u32("checkpoint length")?, history_bytes: head.b };
    let cwd = fields.bytes("cwd")?.to_vec();
    let meta = fields.bytes("meta")?.to_vec();
    let count = fields.count(4, "argv")?;
    let argv = (0..count).map(|_| Ok(fields.bytes("argv")?.to_vec())).collect::<Result<_, DecodeError>>()?;
    let count = fields.count(8, "env")?;
    let env = (0..count).map(|_| Ok((fields.bytes("env")?.to_vec(), fields.bytes("env")?.to_vec()))).collect::<Result<_, DecodeError>>()?;
    Ok(SpawnRequest { pane: PaneId(head.pane), size, argv, env, cwd, memory, meta })
}

#[cfg(test)]
#[path = "keeper_tests.rs"]
mod tests;
