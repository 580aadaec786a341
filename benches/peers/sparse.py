"""A sparse matrix with the one product that a factorisation needs."""

import numpy

# Entries of the matrix multiplied at a time: 300 columns of them take 79 MB.
ENTRIES = 65_536


class Sparse:
    """Rows one after the other: of row r, the entries `starts[r]` up to `starts[r + 1]`."""

    def __init__(self, starts, columns, values, width):
        self.starts, self.columns, self.values, self.width = starts, columns, values, width

    @classmethod
    def of(cls, rows, columns, values, shape):
        """From entries in any order, none of them given twice."""
        order = numpy.lexsort((columns, rows))
        starts = numpy.zeros(shape[0] + 1, dtype=numpy.int64)
        numpy.cumsum(numpy.bincount(rows, minlength=shape[0]), out=starts[1:])
        return cls(starts, columns[order], values[order], shape[1])

    @property
    def shape(self):
        return len(self.starts) - 1, self.width

    def numbers(self):
        """The row of every entry."""
        return numpy.repeat(numpy.arange(self.shape[0]), numpy.diff(self.starts))

    def transposed(self):
        return Sparse.of(self.columns, self.numbers(), self.values, self.shape[::-1])

    def kept(self, wanted):
        """Only the rows that are wanted, in their order."""
        chosen = wanted[self.numbers()]
        starts = numpy.concatenate([[0], numpy.cumsum(numpy.diff(self.starts)[wanted])])
        return Sparse(starts, self.columns[chosen], self.values[chosen], self.width)

    def lengths(self):
        squares = numpy.bincount(self.numbers(), self.values**2, minlength=self.shape[0])
        return numpy.sqrt(squares)

    def times(self, dense):
        """The product with a dense matrix, some rows at a time."""
        out = numpy.zeros((self.shape[0], dense.shape[1]), dtype=dense.dtype)
        filled = numpy.flatnonzero(numpy.diff(self.starts))
        starts, ends = self.starts[filled], self.starts[filled + 1]
        at = 0
        while at < len(filled):
            # At least one row, else as many as fit. `reduceat` wants none that is empty.
            after = max(at + 1, int(numpy.searchsorted(ends, starts[at] + ENTRIES, "right")))
            first, last = starts[at], ends[after - 1]
            parts = dense[self.columns[first:last]]
            parts *= self.values[first:last, None].astype(dense.dtype)
            out[filled[at:after]] = numpy.add.reduceat(parts, starts[at:after] - first, axis=0)
            at = after
        return out
