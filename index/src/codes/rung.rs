//! How many bits a component takes, and how a row of them is laid out.

/// How many bits a component takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rung {
    /// Seven bits, kept in eight: sums of products of two bytes then fit into 16 bits, which is
    /// what AVX2 multiplies in.
    Sq8,
    /// Four bits.
    Sq4,
}

/// Bytes at the end of a row for its own step and squared length.
pub(super) const TAIL: usize = 8;
/// Bytes of a cache line, of which rows are made.
const LINE: usize = 64;
/// Bytes of SQ4 codes that belong together: the dimensions of the low halves come first.
const BLOCK: usize = 32;

impl Rung {
    /// The code that stands for 0.
    pub(super) fn zero(self) -> f32 {
        match self {
            Rung::Sq8 => 64.0,
            Rung::Sq4 => 7.5,
        }
    }

    /// The lowest and the highest code.
    pub(super) fn range(self) -> (f32, f32) {
        match self {
            Rung::Sq8 => (1.0, 127.0),
            Rung::Sq4 => (0.0, 15.0),
        }
    }

    /// Steps from zero to the end of the range.
    pub(super) fn reach(self) -> f32 {
        self.range().1 - self.zero()
    }

    /// The largest component of a quantised query.
    pub(super) fn query_reach(self) -> f32 {
        match self {
            Rung::Sq8 => 63.0,
            Rung::Sq4 => 127.0,
        }
    }

    /// The share of components of unit vectors that one step for all need not reach, of 10,000.
    pub(super) fn cut(self) -> usize {
        match self {
            Rung::Sq8 => 5,
            Rung::Sq4 => 150,
        }
    }

    /// Shares of a row's largest component that its own step may reach to: the one with the
    /// least squared error is taken.
    pub(super) fn reaches(self) -> &'static [f32] {
        match self {
            Rung::Sq8 => &[1.0],
            Rung::Sq4 => &[1.0, 0.85, 0.7, 0.55],
        }
    }

    /// Candidates beyond the results that are compared exactly where nothing was measured.
    pub(super) fn usual_extra(self) -> usize {
        match self {
            Rung::Sq8 => 6,
            Rung::Sq4 => 20,
        }
    }

    pub(super) fn bits(self) -> u32 {
        match self {
            Rung::Sq8 => 8,
            Rung::Sq4 => 4,
        }
    }

    pub(super) fn from_bits(bits: u32) -> Option<Rung> {
        [Rung::Sq8, Rung::Sq4]
            .into_iter()
            .find(|rung| rung.bits() == bits)
    }

    /// Codes of a byte.
    fn per_byte(self) -> usize {
        8 / self.bits() as usize
    }

    /// Components that fit into a row of some cache lines.
    pub(super) fn capacity(self, lines: usize, own_steps: bool) -> usize {
        let tail = if own_steps { TAIL } else { 0 };
        (lines * LINE - tail) * self.per_byte()
    }

    /// Bytes of a row: whole cache lines, the tail within.
    pub(super) fn stride(self, components: usize, own_steps: bool) -> usize {
        let tail = if own_steps { TAIL } else { 0 };
        (components.div_ceil(self.per_byte()) + tail).next_multiple_of(LINE)
    }

    /// Moves the components of a row, of which `all` has room for `stride` bytes, to the places
    /// that the kernels have for them: SQ4 codes of the last block share it with the tail.
    pub(super) fn spread<T: Copy + Default>(
        self,
        all: &mut [T],
        components: usize,
        own_steps: bool,
    ) {
        if self == Rung::Sq8 || !own_steps {
            return;
        }
        let last = all.len() - 2 * BLOCK;
        let halves = [last + BLOCK - TAIL, last + BLOCK];
        if components > halves[0] {
            all.copy_within(halves[0]..components, halves[1]);
            all[halves[0]..halves[1]].fill(T::default());
        }
    }

    /// Writes codes at the places that [`Rung::spread`] gave them into a row, but not over its tail.
    pub(super) fn pack(self, codes: &[u8], own_steps: bool, out: &mut [u8]) {
        let end = out.len() - if own_steps { TAIL } else { 0 };
        let bytes = out[..end].iter_mut();
        match self {
            Rung::Sq8 => bytes.zip(codes).for_each(|(byte, code)| *byte = *code),
            Rung::Sq4 => {
                for (at, byte) in bytes.enumerate() {
                    let low = at / BLOCK * 2 * BLOCK + at % BLOCK;
                    *byte = codes[low] | codes[low + BLOCK] << 4;
                }
            }
        }
    }
}
