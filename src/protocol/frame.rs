//! Bytes to messages and back.
//!
//! A frame is `length: u32`, `kind: u16`, both little endian, and a payload of `length - 2` bytes in CBOR (RFC 8949). The length is checked
//! against the limit before anything is allocated. "Not yet enough bytes" is `Ok(None)`; a kind that this release does not know is skipped; a
//! payload that does not decode is an error of that frame, and what becomes of the connection is the caller's business.

use minicbor::{CborLen, Decode, Encode};

use super::limits::{CLIENT_FRAME_MAX_BYTES, SERVER_FRAME_MAX_BYTES};
use super::message::{ClientMessage, ServerMessage};

const HEADER: usize = 4;
const KIND: usize = 2;

/// A frame could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The length field is beyond the limit (or too short to hold a kind): this is not our protocol, or an attack.
    #[error("a frame of {bytes} bytes is outside the limits (2 to {max})")]
    Length {
        /// What the length field said.
        bytes: usize,
        /// The most that is allowed.
        max: usize,
    },
    /// The payload is not what its kind says.
    #[error("message {kind} is malformed: {reason}")]
    Malformed {
        /// The kind's number.
        kind: u16,
        /// What the decoder said.
        reason: String,
    },
    /// The message is larger than the limit allows to send.
    #[error("message {kind} would take {bytes} bytes, more than {max}")]
    TooLarge {
        /// The kind's number.
        kind: u16,
        /// Its size.
        bytes: usize,
        /// The most that is allowed.
        max: usize,
    },
}

/// One side's messages: their numbers and payloads.
pub trait Message: Sized {
    /// The largest frame of this side, in bytes, the length field not counted.
    const MAX_BYTES: usize;

    /// Writes the payload and returns the kind's number.
    fn encode_payload(&self, out: &mut Vec<u8>) -> u16;

    /// Reads a payload; `Ok(None)` for a kind that is not known.
    ///
    /// # Errors
    /// [`FrameError::Malformed`].
    fn decode_payload(kind: u16, payload: &[u8]) -> Result<Option<Self>, FrameError>;
}

/// Appends `message` to `out` as a frame.
///
/// # Errors
/// [`FrameError::TooLarge`]; `out` is as it was.
pub fn encode<M: Message>(message: &M, out: &mut Vec<u8>) -> Result<(), FrameError> {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER + KIND]);
    let kind = message.encode_payload(out);
    let bytes = out.len() - start - HEADER;
    if bytes > M::MAX_BYTES {
        out.truncate(start);
        return Err(FrameError::TooLarge { kind, bytes, max: M::MAX_BYTES });
    }
    let length = u32::try_from(bytes).expect("MAX_BYTES fits u32");
    out[start..start + HEADER].copy_from_slice(&length.to_le_bytes());
    out[start + HEADER..start + HEADER + KIND].copy_from_slice(&kind.to_le_bytes());
    Ok(())
}

/// Collects bytes from a socket and gives out messages.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
}

impl Decoder {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 && (self.start == self.buffer.len() || self.start > 64 * 1024) {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes that wait for the rest of their frame.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// The next message, if it is here whole. Messages of unknown kinds are passed over.
    ///
    /// # Errors
    /// [`FrameError::Length`]: nothing further can be read from this connection. [`FrameError::Malformed`]: this frame is gone, the next call
    /// goes on behind it.
    #[expect(clippy::should_implement_trait, reason = "an iterator has one kind of item; here the caller says which side it reads")]
    pub fn next<M: Message>(&mut self) -> Result<Option<M>, FrameError> {
        loop {
            let waiting = &self.buffer[self.start..];
            let Some(length) = waiting.first_chunk::<HEADER>() else { return Ok(None) };
            let bytes = u32::from_le_bytes(*length) as usize;
            if bytes < KIND || bytes > M::MAX_BYTES {
                return Err(FrameError::Length { bytes, max: M::MAX_BYTES });
            }
            let Some(frame) = waiting.get(HEADER..HEADER + bytes) else { return Ok(None) };
            let (kind, payload) = frame.split_at(KIND);
            let kind = u16::from_le_bytes([kind[0], kind[1]]);
            let message = M::decode_payload(kind, payload);
            self.start += HEADER + bytes;
            if self.start == self.buffer.len() {
                self.buffer.clear();
                self.start = 0;
                if self.buffer.capacity() > 256 * 1024 {
                    self.buffer.shrink_to(64 * 1024);
                }
            }
            if let Some(message) = message? {
                return Ok(Some(message));
            }
        }
    }
}

fn put<T: Encode<()>>(value: &T, out: &mut Vec<u8>) {
    minicbor::encode(value, out).expect("writing to a Vec cannot fail");
}

fn get<'b, T: Decode<'b, ()>>(kind: u16, payload: &'b [u8]) -> Result<T, FrameError> {
    minicbor::decode(payload).map_err(|e| FrameError::Malformed { kind, reason: e.to_string() })
}

/// The number of bytes that `value` takes in a payload.
pub fn payload_len<T: CborLen<()>>(value: &T) -> usize {
    minicbor::len(value)
}

macro_rules! messages {
    ($message:ident, $max:expr, { $($kind:literal => $variant:ident $(($payload:ty))?),* $(,)? }) => {
        impl $message {
            /// The message's number, never reused.
            #[must_use]
            pub const fn kind(&self) -> u16 {
                match self { $( messages!(@pattern $variant $(($payload))?) => $kind, )* }
            }
        }

        impl Message for $message {
            const MAX_BYTES: usize = $max;

            fn encode_payload(&self, out: &mut Vec<u8>) -> u16 {
                match self { $( messages!(@bind value $variant $(($payload))?) => { messages!(@put value out $(($payload))?); $kind } )* }
            }

            fn decode_payload(kind: u16, payload: &[u8]) -> Result<Option<Self>, FrameError> {
                match kind { $( $kind => messages!(@get kind payload $variant $(($payload))?).map(Some), )* _ => Ok(None) }
            }
        }
    };
    (@pattern $variant:ident ($payload:ty)) => { Self::$variant(_) };
    (@pattern $variant:ident) => { Self::$variant };
    (@bind $value:ident $variant:ident ($payload:ty)) => { Self::$variant($value) };
    (@bind $value:ident $variant:ident) => { Self::$variant };
    (@put $value:ident $out:ident ($payload:ty)) => { put($value, $out) };
    (@put $value:ident $out:ident) => {};
    (@get $kind:ident $bytes:ident $variant:ident ($payload:ty)) => { get::<$payload>($kind, $bytes).map(Self::$variant) };
    (@get $kind:ident $bytes:ident $variant:ident) => { Ok(Self::$variant) };
}

use super::message as m;
use crate::geometry::Size;
use crate::ids::{PaneId, SessionId, WindowId};

messages!(ClientMessage, CLIENT_FRAME_MAX_BYTES, {
    1 => Hello(m::Hello), 2 => List, 3 => Kill, 4 => Upgrade(String),
    10 => Attach(m::Attach), 11 => View(m::View), 12 => Input(m::Input), 13 => FrameAck(m::FrameAck), 14 => Viewport(Size),
    15 => Request(m::RequestMessage), 16 => Ping(u64), 17 => Detach, 18 => Active,
});

messages!(ServerMessage, SERVER_FRAME_MAX_BYTES, {
    101 => Welcome(m::Welcome), 102 => Error(m::Refusal), 103 => List(Vec<m::ListedSession>), 104 => Ok,
    110 => Attached(m::Attached), 111 => Session(m::SessionInfo), 112 => SessionGone(SessionId), 113 => Window(m::WindowInfo),
    114 => WindowGone(WindowId), 115 => Pane(m::PaneInfo), 116 => PaneGone(PaneId), 117 => Roster(Vec<m::OperatorInfo>), 118 => ModelEnd,
    120 => Frame(m::Frame), 121 => InputAck(m::InputAck), 122 => Reply(m::ReplyMessage), 123 => Notice(m::Notice), 124 => Detached(m::Detached),
    125 => Pong(u64), 126 => Control(Box<m::ControlInfo>),
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::message::{Input, InputSource};

    fn input() -> ClientMessage {
        ClientMessage::Input(Input { seq: 9, pane: PaneId(3), bytes: b"ls\r".to_vec(), source: InputSource::Key, epoch: None })
    }

    #[test]
    fn frames_arrive_whole_however_they_are_cut() {
        let mut bytes = Vec::new();
        for message in [input(), ClientMessage::List, ClientMessage::Viewport(Size::new(80, 24)), input()] {
            encode(&message, &mut bytes).unwrap();
        }
        for step in 1..bytes.len() {
            let mut decoder = Decoder::new();
            let mut seen = Vec::new();
            for piece in bytes.chunks(step) {
                decoder.push(piece);
                while let Some(message) = decoder.next::<ClientMessage>().unwrap() {
                    seen.push(message);
                }
            }
            assert_eq!(seen, [input(), ClientMessage::List, ClientMessage::Viewport(Size::new(80, 24)), input()], "cut every {step} bytes");
            assert_eq!(decoder.pending(), 0);
        }
    }

    #[test]
    fn unknown_kinds_are_skipped_and_malformed_frames_end_alone() {
        let mut bytes = vec![5, 0, 0, 0, 0xff, 0x7f, 1, 2, 3]; // kind 32767
        bytes.extend_from_slice(&[3, 0, 0, 0, 12, 0, 0xff]); // an input that is not CBOR
        encode(&input(), &mut bytes).unwrap();
        let mut decoder = Decoder::new();
        decoder.push(&bytes);
        assert!(matches!(decoder.next::<ClientMessage>(), Err(FrameError::Malformed { kind: 12, .. })));
        assert_eq!(decoder.next(), Ok(Some(input())));
    }

    #[test]
    fn lengths_are_checked_before_anything_is_kept() {
        let mut decoder = Decoder::new();
        decoder.push(b"GET / HTTP/1.1\r\n");
        assert!(matches!(decoder.next::<ClientMessage>(), Err(FrameError::Length { .. })));
    }

    /// The frozen messages, byte for byte: if this test fails, old clients can no longer end or replace a new server.
    #[test]
    fn frozen_messages_have_their_bytes() {
        let frozen: [(ClientMessage, &[u8]); 3] = [
            (ClientMessage::List, &[2, 0, 0, 0, 2, 0]),
            (ClientMessage::Kill, &[2, 0, 0, 0, 3, 0]),
            (ClientMessage::Upgrade("/b".into()), &[5, 0, 0, 0, 4, 0, 0x62, b'/', b'b']),
        ];
        for (message, expected) in frozen {
            let mut bytes = Vec::new();
            encode(&message, &mut bytes).unwrap();
            assert_eq!(bytes, expected, "{message:?}");
        }
    }
}
