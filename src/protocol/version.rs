//! Which protocols this release speaks, and how two sides agree on one.

/// The newest protocol this release speaks.
pub const PROTOCOL: u32 = 1;
/// The oldest protocol this release speaks.
pub const PROTOCOL_MIN: u32 = 1;

/// The protocol that both sides speak, if there is one: the newest in both ranges.
#[must_use]
pub fn agree(their_min: u32, their_max: u32) -> Option<u32> {
    let newest = PROTOCOL.min(their_max);
    (newest >= PROTOCOL_MIN && newest >= their_min).then_some(newest)
}
