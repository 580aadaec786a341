"""The first rows of generated vectors: one file for each dimension serves all numbers of rows.

The rows of an .fvecs file stand one after the other, so the start of a file is a smaller file.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import data

QUERIES = 1_000
PIECE = 16 << 20
# What a build takes on disk at its widest was measured as 2.4 times the vectors and 520 bytes a
# row; this is asked for, so that a full disk is known before the first hour is over.
TIMES_VECTORS, BYTES_A_ROW = 3, 1_000


@dataclass(frozen=True)
class Prefix:
    """The first rows of prepared data, with what `lumos.py` asks of data."""

    whole: data.Data
    rows: int
    base: Path

    @property
    def query(self):
        return self.whole.query

    @property
    def truth(self):
        return self.whole.folder / f"truth-first-{self.rows}.ivecs"

    @property
    def metric(self):
        return self.whole.metric

    @property
    def queries(self):
        return self.whole.queries


def request(dimension, steps, k):
    """What `prepare.py` is asked for: the most rows, and the truth of each number of rows."""
    return {
        "version": data.VERSION,
        "kind": "synthetic",
        "rows": max(steps),
        "dimension": dimension,
        "metric": "cosine",
        "limit": None,
        "queries": QUERIES,
        "k": k,
        "selectivity": [],
        "steps": sorted(steps),
    }


def taken(whole, rows, folder):
    """The first rows of the data, copied unless they are all."""
    if rows == whole.rows:
        return Prefix(whole, rows, whole.base)
    path = folder / "base.fvecs"
    left = bytes_of(rows, whole.dimension)
    with open(whole.base, "rb") as source, open(path, "wb") as copy:
        while left:
            piece = source.read(min(PIECE, left))
            if not piece:
                raise data.BadData(f"{whole.base} has fewer than {rows} rows")
            copy.write(piece)
            left -= len(piece)
    return Prefix(whole, rows, path)


def bytes_of(rows, dimension):
    return rows * 4 * (dimension + 1)


def needed(dimension, steps, made, keep):
    """About how many bytes the points of one dimension take on disk, at most at one time."""
    base = 0 if made else bytes_of(max(steps), dimension)
    points = []
    for rows in steps:
        copy = bytes_of(rows, dimension) if rows < max(steps) else 0
        points.append(copy + rows * (TIMES_VECTORS * 4 * dimension + BYTES_A_ROW))
    return base + (sum(points) if keep else max(points))


def check_disk(folder, bytes_needed):
    free = shutil.disk_usage(folder).free
    if bytes_needed > free:
        raise data.BadData(
            f"the disk of {folder} has {free / 1e6:,.0f} MB free, this needs about "
            f"{bytes_needed / 1e6:,.0f} MB: give another --cache, fewer --rows or --dimensions"
        )
