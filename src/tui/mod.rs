//! The full-screen client: what one person sees of the server, and the way of their keys.
//!
//! ```text
//!  tty ──bytes──► decode ──events──► update ──effects──► link ──messages──► server
//!   ▲                                  │ model              │
//!   │                                  ▼                    │
//!  backend ◄── painter (panes) ◄── scene ◄── damage ◄── frames, model messages
//!          ◄── view (chrome, overlays; ratatui)
//! ```
//!
//! - [`model`] is everything the client knows; [`update`] is the only thing that changes it, by events, and answers with effects. Both are pure.
//! - [`input`], [`mouse`], [`act`] and [`target`] are parts of update: a key's way, the mouse, commands, what `-t` means.
//! - [`control`] is what the client makes of who has control of which pane: words, cards, epochs of what is typed.
//! - [`overlay`] is the seam for everything that lies over panes or takes their keys; the widgets themselves are in [`view`], copy mode in [`copy`].
//! - [`mod@run`] is the loop; [`tty`] the outer terminal and its modes, [`decode`] its bytes as events, [`link`] the connection, [`signals`] and [`clock`]
//!   what else can happen. [`backend`] writes, [`painter`] draws.
//! - [`pulse`] notices a server that hangs.
//! - [`scene`] says where things stand; [`damage`] what of a pane is not painted yet.
//!
//! What one looks at (session, window, focus, zoom, scroll position, selection) is this client's own and never another's business.

pub mod act;
pub mod backend;
pub mod clock;
pub mod control;
pub mod copy;
pub mod damage;
pub mod decode;
pub mod format;
pub mod input;
pub mod link;
pub mod model;
pub mod mouse;
pub mod natural;
pub mod overlay;
pub mod painter;
pub mod pulse;
pub mod run;
pub mod scene;
pub mod settings;
pub mod signals;
pub mod target;
#[cfg(test)]
mod tests;
pub mod tty;
pub mod update;
pub mod view;

pub use run::{Error, Exit, Options, run};
pub use tty::TtyError;
