//! A Bloom filter over keys: most keys of a bulk insert are in no segment, and are told so without a
//! search (Bloom 1970; two hashes make all probes, Kirsch and Mitzenmacher 2006).

/// Bits for every key: about one false hit in a hundred.
const BITS: usize = 10;
const PROBES: u64 = 6;

/// 64 bits from a key, the same on every machine and in every version.
pub(crate) fn hash(key: &str) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15 ^ key.len() as u64;
    for chunk in key.as_bytes().chunks(8) {
        let mut word = [0; 8];
        for (byte, from) in word.iter_mut().zip(chunk) {
            *byte = *from;
        }
        state = mix(state ^ u64::from_le_bytes(word));
    }
    state
}

/// The finaliser of splitmix64 (Steele et al. 2014).
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn probes(hash: u64, bits: u64) -> impl Iterator<Item = u64> {
    let step = (hash >> 32) | 1;
    (0..PROBES).map(move |i| hash.wrapping_add(i.wrapping_mul(step)) % bits.max(1))
}

/// The words of the filter of these keys.
pub(crate) fn build<'a>(keys: impl ExactSizeIterator<Item = &'a str>) -> Vec<u64> {
    let mut words = vec![0u64; (keys.len() * BITS).div_ceil(64)];
    let bits = words.len() as u64 * 64;
    for key in keys {
        for bit in probes(hash(key), bits) {
            if let Some(word) = words.get_mut((bit / 64) as usize) {
                *word |= 1 << (bit % 64);
            }
        }
    }
    words
}

/// Whether a key may be among those of the filter whose little-endian words these are.
pub(crate) fn may_hold(words: &[u8], key: &str) -> bool {
    let bits = words.len() as u64 * 8;
    probes(hash(key), bits).all(|bit| {
        words.get((bit / 8) as usize).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_key_is_found_and_few_others() {
        let keys: Vec<String> = (0..5_000).map(|i| format!("key{i}")).collect();
        let words: Vec<u8> =
            build(keys.iter().map(String::as_str)).iter().flat_map(|w| w.to_le_bytes()).collect();
        assert!(keys.iter().all(|key| may_hold(&words, key)));
        let wrong = (0..5_000).filter(|i| may_hold(&words, &format!("other{i}"))).count();
        assert!(wrong < 150, "{wrong} of 5000 false hits");
        assert!(!may_hold(&[], "x"));
    }
}
