//! Errors of the vector half and of the decoders.

use thiserror::Error;

use crate::element::Element;

/// Why a vector, or a request over vectors, was refused.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum VectorError {
    /// A component is NaN or infinite.
    #[error("component {position} of the vector is not a finite number")]
    NotFinite {
        /// Zero-based position of the first such component.
        position: usize,
    },
    /// A dimension of a sparse vector is there twice.
    #[error("dimension {id} of the sparse vector is there twice")]
    Repeated {
        /// The dimension.
        id: u32,
    },
    /// A sparse vector has more entries than it may.
    #[error("the sparse vector has more than {limit} entries")]
    TooManyEntries {
        /// Entries that it may have.
        limit: usize,
    },
    /// There are more vectors in one document than it may have.
    #[error("there are more than {limit} vectors")]
    TooManyVectors {
        /// Vectors that there may be.
        limit: usize,
    },
    /// The vector has no direction, which the cosine metric needs.
    #[error("the vector is zero, so its cosine to anything is undefined")]
    Zero,
    /// The vector is so long that its distances overflow a 32-bit float.
    #[error("the vector has length {norm:e}, which is too long to compute distances in f32")]
    TooLong {
        /// Euclidean length of the vector.
        norm: f64,
    },
    /// A component is too large for what vectors of the field are made of.
    #[error("component {position} of the vector is too large to be kept as {element}")]
    OutOfRange {
        /// Zero-based position of the first such component.
        position: usize,
        /// What the numbers are kept as.
        element: Element,
    },
    /// Packed vectors take another number of bytes.
    #[error("{found} bytes are not {needed}, as packed vectors of this shape take")]
    PackedLength {
        /// Bytes that they take.
        needed: usize,
        /// Bytes that were given.
        found: usize,
    },
    /// Packed vectors do not begin at an address that their numbers can be read from.
    #[error("packed vectors do not begin at a multiple of {align} bytes in memory")]
    Misaligned {
        /// The alignment needed.
        align: usize,
    },
    /// The vector has another dimension than the field it is meant for.
    #[error("the vector has {got} dimensions where {expected} are expected")]
    DimensionMismatch {
        /// Dimensions of the field.
        expected: usize,
        /// Dimensions of the vector.
        got: usize,
    },
    /// A dimension of zero was asked for.
    #[error("a vector must have at least one dimension")]
    NoDimensions,
    /// A slice of components is not a whole number of rows.
    #[error("{len} components are not a whole number of rows of {dim} dimensions")]
    Ragged {
        /// Components in the slice.
        len: usize,
        /// Dimensions of a row.
        dim: usize,
    },
    /// There are more rows than an ordinal can number.
    #[error("{rows} vectors are more than the {limit} that one graph can hold")]
    TooMany {
        /// Rows offered.
        rows: usize,
        /// The largest number of rows.
        limit: usize,
    },
    /// A graph was given fewer vectors than it was built over.
    #[error("the graph was built over {graph} vectors but only {vectors} are given")]
    Missing {
        /// Nodes of the graph.
        graph: usize,
        /// Rows given.
        vectors: usize,
    },
}

/// Why bytes are not the structure that they are said to be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes do not begin with the mark of this structure.
    #[error("these bytes are not a {section}")]
    Magic {
        /// What was expected.
        section: &'static str,
    },
    /// The structure was written by another version.
    #[error("the {section} has format version {found}; this build reads version {supported}")]
    Version {
        /// What was being read.
        section: &'static str,
        /// Version in the bytes.
        found: u32,
        /// Version that this build reads.
        supported: u32,
    },
    /// The bytes end too early, or go on for too long.
    #[error("the {section} takes {needed} bytes, but there are {found}")]
    Length {
        /// What was being read.
        section: &'static str,
        /// Bytes that the structure needs.
        needed: u64,
        /// Bytes that were given.
        found: u64,
    },
    /// The bytes do not begin at an address that their integers can be read from.
    #[error("the {section} does not begin at a multiple of {align} bytes in memory")]
    Misaligned {
        /// What was being read.
        section: &'static str,
        /// The alignment needed.
        align: usize,
    },
    /// A value contradicts the format or another value.
    #[error("the {section} is damaged at byte {offset}: {reason}")]
    Invalid {
        /// What was being read.
        section: &'static str,
        /// Offset of the value in the bytes.
        offset: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
}
