"""Reads and writes `.fvecs` and `.ivecs` with numpy: per row a 32-bit count, then the numbers."""

import numpy


def _read(path, kind, limit):
    first = numpy.fromfile(path, dtype="<i4", count=1)
    if not len(first) or first[0] <= 0:
        raise ValueError(f"{path} does not start with a width")
    width = int(first[0])
    count = -1 if limit is None else limit * (width + 1)
    numbers = numpy.fromfile(path, dtype="<i4", count=count)
    if len(numbers) % (width + 1):
        raise ValueError(f"{path} ends within a row of {width} numbers")
    rows = numbers.reshape(-1, width + 1)
    if (rows[:, 0] != width).any():
        raise ValueError(f"{path} has rows of different widths")
    return numpy.ascontiguousarray(rows[:, 1:]).view(kind)


def read_floats(path, limit=None):
    return _read(path, "<f4", limit)


def read_ids(path, limit=None):
    return _read(path, "<i4", limit)


def write(file, rows):
    """Appends rows to an open binary file."""
    rows = numpy.ascontiguousarray(rows)
    out = numpy.empty((len(rows), rows.shape[1] + 1), dtype="<i4")
    out[:, 0] = rows.shape[1]
    out[:, 1:] = rows.view("<i4")
    # Not `tofile`, which does not say that the disk is full.
    file.write(out.data)
