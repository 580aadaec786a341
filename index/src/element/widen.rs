//! Packed rows as f32.

use super::half;

/// Defines a widening that is compiled for AVX2 and F16C too, and taken where they are.
macro_rules! widening {
    ($(#[$doc:meta])* $name:ident ($($arg:ident: $kind:ty),*), $own:ident, $plain:ident) => {
        $(#[$doc])*
        pub(crate) fn $name($($arg: $kind,)* out: &mut [f32]) {
            #[cfg(target_arch = "x86_64")]
            if super::x86::detected() {
                return super::x86::$own($($arg,)* out);
            }
            $plain($($arg,)* out);
        }
    };
}

widening!(
    /// Numbers of binary16 bits; both slices are as long as the shorter.
    widen_f16(row: &[u16]), f16, plain_f16
);
widening!(
    /// Numbers of upper halves; both slices are as long as the shorter.
    widen_bf16(row: &[u16]), bf16, plain_bf16
);
widening!(
    /// Whole numbers times a step; both slices are as long as the shorter.
    widen_i8(row: &[i8], step: f32), i8, plain_i8
);

/// 1 for every bit that is set, 0 for the others; as many as both have.
pub(crate) fn widen_bits(row: &[u8], out: &mut [f32]) {
    for (byte, out) in row.iter().zip(out.chunks_mut(8)) {
        for (bit, x) in out.iter_mut().enumerate() {
            *x = f32::from(byte >> bit & 1);
        }
    }
}

#[inline(always)]
pub(super) fn plain_f16(row: &[u16], out: &mut [f32]) {
    for (x, &bits) in out.iter_mut().zip(row) {
        *x = half::from_f16(bits);
    }
}

#[inline(always)]
pub(super) fn plain_bf16(row: &[u16], out: &mut [f32]) {
    for (x, &bits) in out.iter_mut().zip(row) {
        *x = half::from_bf16(bits);
    }
}

#[inline(always)]
pub(super) fn plain_i8(row: &[i8], step: f32, out: &mut [f32]) {
    for (x, &q) in out.iter_mut().zip(row) {
        *x = step * f32::from(q);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With the instructions of this processor and without, whatever the length.
    #[test]
    fn every_way_to_widen_gives_the_same_bits() {
        let bits: Vec<u16> = (0..=0xffff).collect();
        for length in [0, 1, 7, 8, 9, 31, 0x1_0000] {
            for skip in [0, 1, 3] {
                let row = &bits[skip..length.max(skip)];
                let (mut found, mut due) = (vec![9.0; row.len()], vec![9.0; row.len()]);
                let same = |found: &[f32], due: &[f32]| {
                    let mut pairs = found.iter().zip(due);
                    pairs.all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()))
                };
                widen_f16(row, &mut found);
                plain_f16(row, &mut due);
                assert!(same(&found, &due));
                widen_bf16(row, &mut found);
                plain_bf16(row, &mut due);
                assert!(same(&found, &due));
                let row: Vec<i8> = row.iter().map(|&bits| bits as i8).collect();
                widen_i8(&row, 0.3, &mut found);
                plain_i8(&row, 0.3, &mut due);
                assert!(same(&found, &due));
            }
        }
    }
}
