//! The server: owner of sessions, attachments and the gate, and the threads that read panes.
//!
//! ```text
//!   clients ══ connection tasks ──► Event ──►┐                         ┌──► keeper: spawn, input, signal, forget
//!   keeper ═══ keeper_link ─────────────────►│ owner (one task)        ├──► state memory (commit)
//!   panes ──── Notices ─────────────────────►│ handle ► apply ► settle ├──► workers: add, resize, watch, ask
//!   deadlines ──────────────────────────────►┘                         └──► outboxes: model, replies
//!   panes (worker threads) ──── frames ────────────────────────────────────► outboxes
//! ```
//!
//! [`main`] is the hidden `baton server`, started by the keeper, which is disposable: everything it acknowledged is in memory that the keeper holds,
//! so that a successor goes on after a kill at any moment. `run` starts and loops; `owner` holds the state and says how a turn ends; `clients`,
//! `identity` (with `minted` and `access`), `gate`, `control`, `lifecycle`, `sizes`, `sync`, `requests`, `configure` handle what their names say; `journal` is the
//! file of what happened and `records` what is written there; `persist` and `stored` keep it; `convert` is the one place
//! where inner types become wire types. Nothing is done by time unless something is due: an idle server has no timer.

pub mod faults;
pub mod outbox;
pub mod panes;
pub mod persist;

mod access;
mod buffers;
mod clients;
mod configure;
mod connection;
mod control;
mod convert;
mod environment;
mod event;
mod gate;
mod identity;
mod journal;
mod keeper_link;
mod lifecycle;
mod listener;
mod minted;
mod options;
mod owner;
mod records;
mod requests;
mod run;
mod secret;
mod sizes;
mod stored;
mod sync;

pub use run::{first, main};
