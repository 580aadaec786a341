//! The checksum of every file of a database.

/// CRC-32 (IEEE 802.3, reflected, as in zlib) of some bytes.
pub fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files outlive builds: the value for the standard's check string is fixed.
    #[test]
    fn the_polynomial_never_changes() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        assert_ne!(checksum(&[0; 36]), 0);
    }
}
