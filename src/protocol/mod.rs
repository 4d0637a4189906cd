//! The wire: what clients and the server say to each other, and what the server and the keeper do. Pure: bytes and values, no sockets.

pub mod frame;
pub mod keeper;
pub mod limits;
pub mod message;
pub mod version;
