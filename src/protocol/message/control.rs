//! Control of a pane on the wire: who has it, who asks for it, how it is handed over, taken, released and remembered.
//!
//! Nothing of it is said yet. Its records (a pane's control state, offers, requests, proposals) are defined here as plain types with their own
//! numbers; the variants of [`super::Request`], [`super::Reply`], [`super::Notice`] and [`super::ServerMessage`] that carry them are appended there.
