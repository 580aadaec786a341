//! Numbers that nobody can guess.

use rustls::crypto::ring;

use crate::{Error, Result};

/// 128 random bits as 32 hexadecimal digits.
pub(crate) fn nonce() -> Result<String> {
    let mut bytes = [0_u8; 16];
    // Everything depends on this being unguessable, so it is the generator of the TLS stack.
    ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| Error::Random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_nonces_differ_and_have_32_digits() {
        let (a, b) = (nonce().ok(), nonce().ok());
        assert_ne!(a, b);
        assert_eq!(a.map(|nonce| nonce.len()), Some(32));
    }
}
