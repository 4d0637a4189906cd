//! Secrets: made from the kernel's randomness, shown once to whom they belong, kept only as hashes.

use rustix::rand::{GetRandomFlags, getrandom};
use sha2::{Digest as _, Sha256};

/// The hash of a secret or of input: 32 bytes.
pub(super) type Hash = [u8; 32];

/// A new secret of 256 bits as 64 hexadecimal digits, and its hash.
///
/// # Errors
/// The kernel has no randomness to give; nothing may be handed out then.
pub(super) fn new() -> std::io::Result<(String, Hash)> {
    let text: String = random::<32>()?.iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = hash(text.as_bytes());
    Ok((text, hash))
}

/// A number that nobody has had: for streams of input. The first thousand are reserved for streams that everybody knows.
///
/// # Errors
/// As [`new`].
pub(super) fn new_stream() -> std::io::Result<u64> {
    Ok((u64::from_le_bytes(random()?) >> 1).max(1000))
}

/// SHA-256.
pub(super) fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// Whether two hashes are equal, in a time that does not depend on where they differ.
pub(super) fn equal(a: &Hash, b: &Hash) -> bool {
    a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        filled += getrandom(rest, GetRandomFlags::empty())?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_are_known_by_their_hash() {
        let (a, hash_a) = new().unwrap();
        let (b, hash_b) = new().unwrap();
        assert_eq!(a.len(), 64);
        assert_ne!(a, b);
        assert!(equal(&hash(a.as_bytes()), &hash_a) && !equal(&hash_a, &hash_b));
        assert!(new_stream().unwrap() >= 1000);
    }
}
