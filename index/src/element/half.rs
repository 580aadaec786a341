//! Floats of 16 bits, by their bits. Rounding is to the nearest, ties to even.

/// Bits of binary16.
pub(crate) fn to_f16(x: f32) -> u16 {
    /// Above this a number rounds to infinity: 65,520.
    const TOO_LARGE: u32 = 0x477f_f000;
    /// The least normal number, 2^-14.
    const NORMAL: u32 = 0x3880_0000;
    /// What the exponents differ by, 127 - 15.
    const BIAS: u32 = 112 << 23;
    let sign = (x.to_bits() >> 16) as u16 & 0x8000;
    let size = x.to_bits() & 0x7fff_ffff;
    let rounded = if size > 0x7f80_0000 {
        0x7e00
    } else if size >= TOO_LARGE {
        0x7c00
    } else if size >= NORMAL {
        let half = 0xfff + (size >> 13 & 1);
        (size + half - BIAS) >> 13
    } else {
        // Between 0.5 and 1 an f32 counts in steps of 2^-24, as subnormal numbers do.
        (f32::from_bits(size) + 0.5).to_bits() - 0.5_f32.to_bits()
    };
    sign | rounded as u16
}

/// The number of binary16 bits.
pub(crate) fn from_f16(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let size = u32::from(bits & 0x7fff);
    let wide = if size >= 0x7c00 {
        size << 13 | 0x7f80_0000
    } else if size >= 0x0400 {
        (size << 13) + (112 << 23)
    } else {
        const UNIT: f32 = 1.0 / (1 << 24) as f32;
        (size as f32 * UNIT).to_bits()
    };
    f32::from_bits(sign | wide)
}

/// The upper half of an f32.
pub(crate) fn to_bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    if x.is_nan() {
        return (bits >> 16) as u16 | 0x0040;
    }
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// The number whose upper half is given.
#[inline(always)]
pub(crate) fn from_bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every number there is comes back; in between, the nearest is taken, and of two equally
    /// near the even one. simsimd reads the same numbers.
    #[test]
    fn every_half_survives_and_what_is_between_two_goes_to_the_nearest() {
        for bits in 0..=0xffff_u16 {
            let x = from_f16(bits);
            if x.is_nan() {
                assert!(from_f16(to_f16(x)).is_nan());
                continue;
            }
            assert_eq!(to_f16(x), bits);
            // simsimd takes infinity for 65,536.
            if x.is_finite() {
                assert_eq!(x, simsimd::f16(bits).to_f32(), "{bits:#x}");
            }
            let next = from_f16(bits.wrapping_add(1));
            if !next.is_finite() || bits == 0x7fff {
                continue;
            }
            let middle = ((f64::from(x) + f64::from(next)) / 2.0) as f32;
            assert_eq!(to_f16(middle), bits + (bits & 1), "{bits:#x}");
            let step = (next - x) / 64.0;
            assert_eq!(to_f16(middle - step), bits, "{bits:#x}");
            assert_eq!(to_f16(middle + step), bits + 1, "{bits:#x}");
        }
        assert!(from_f16(to_f16(65_519.9)).is_finite());
        assert!(from_f16(to_f16(65_520.0)).is_infinite());
    }

    #[test]
    fn every_upper_half_survives_and_what_is_between_two_goes_to_the_nearest() {
        for bits in 0..=0xffff_u16 {
            let x = from_bf16(bits);
            if x.is_nan() {
                assert!(from_bf16(to_bf16(x)).is_nan());
                continue;
            }
            assert_eq!(to_bf16(x), bits);
            if x.is_infinite() {
                continue;
            }
            let middle = u32::from(bits) << 16 | 0x8000;
            assert_eq!(to_bf16(f32::from_bits(middle)), bits + (bits & 1));
            assert_eq!(to_bf16(f32::from_bits(middle - 1)), bits);
            assert_eq!(to_bf16(f32::from_bits(middle + 1)), bits + 1);
        }
    }
}
