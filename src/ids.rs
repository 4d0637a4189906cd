//! Identities: what is counted gets a type of its own, never a bare integer.
//!
//! Sessions (`$1`), windows (`@1`) and panes (`%1`) are numbered by the server, upwards, and a number is never given twice in the life of a
//! server's state, which outlives any one server process. Each prints and parses with its sigil, as in tmux; in JSON it is that text.

use std::fmt;
use std::str::FromStr;

/// A text was not the identity that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {what} id; expected `{sigil}` and a number, like `{sigil}3`")]
pub struct ParseIdError {
    /// The offending text.
    pub text: String,
    /// "session", "window", …
    pub what: &'static str,
    /// The character that opens such an id.
    pub sigil: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $sigil:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode, minicbor::CborLen)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($sigil, "{}"), self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                text.strip_prefix($sigil)
                    .filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
                    .and_then(|digits| digits.parse().ok())
                    .map(Self)
                    .ok_or_else(|| ParseIdError { text: text.to_owned(), what: $what, sigil: $sigil })
            }
        }
    };
}

id!(
    /// A session: `$1`.
    SessionId, "$", "session"
);
id!(
    /// A window: `@1`.
    WindowId, "@", "window"
);
id!(
    /// A pane: `%1`. Survives rename, split, swap, move, zoom and server restart.
    PaneId, "%", "pane"
);
id!(
    /// One connection of an operator over one transport: `a1`.
    AttachmentId, "a", "attachment"
);
id!(
    /// A human, agent, device or service that attaches to panes: `o1`.
    OperatorId, "o", "operator"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_and_parse() {
        assert_eq!(PaneId(7).to_string(), "%7");
        assert_eq!("%7".parse(), Ok(PaneId(7)));
        for bad in ["7", "%", "%-1", "%+1", "@7", "%7x", "%99999999999999999999999"] {
            assert!(bad.parse::<PaneId>().is_err(), "{bad} was taken for a pane id");
        }
    }
}
