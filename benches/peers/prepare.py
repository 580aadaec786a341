"""Makes the data of a run ready, with numpy: `prepare.py REQUEST FOLDER`, called by `data.py`.

Writes base and queries (under cosine at unit length), the exact k nearest neighbours of every
query by scanning in blocks, and the same among the rows that each filter keeps and among the first
rows that `steps` asks for. Candidates found in 32-bit arithmetic are compared again in 64-bit, ties
go to the lower row.
"""

import gzip
import json
import struct
import sys
from pathlib import Path

import numpy

import latent
import vectors
import wordnet
from synthetic import Generator
from worker import buckets

BLOCK = 50_000
SPARE = 30


def unit(rows):
    lengths = numpy.linalg.norm(rows, axis=1, keepdims=True)
    if (lengths == 0).any() or not numpy.isfinite(lengths).all():
        row = int(numpy.argmax((lengths == 0) | ~numpy.isfinite(lengths)))
        raise ValueError(f"row {row} is zero or not finite, so it has no cosine")
    return (rows / lengths).astype(numpy.float32)


def images(path):
    """The images of an IDX file as rows of numbers."""
    with gzip.open(path) as file:
        magic, count, height, width = struct.unpack(">IIII", file.read(16))
        if magic != 0x803:
            raise ValueError(f"{path} does not hold images of bytes")
        pixels = numpy.frombuffer(file.read(), dtype=numpy.uint8)
    return pixels.reshape(count, height * width).astype(numpy.float32)


def load(request):
    """The queries, and the base as a function that yields its blocks."""
    limit = request["limit"]
    if request["kind"] == "synthetic":
        generator = Generator(request["dimension"])
        rows = min(limit or request["rows"], request["rows"])
        return generator.queries(1000), lambda: generator.rows(rows)
    if request["kind"] == "idx":
        base, queries = images(request["images"][0]), images(request["images"][1])[:1000]
        base = base[:limit]
    elif request["kind"] == "wordnet":
        texts, asked = wordnet.divided(wordnet.entries(request["files"]), 1000)
        # The directions are those of all texts, so that the first N rows are always the same.
        base, queries = latent.embedded(texts, asked, request["dimension"])
        base = base[:limit]
    else:
        base = vectors.read_floats(request["base"], limit=limit)
        queries = vectors.read_floats(request["query"])
    return queries, lambda: (base[at : at + BLOCK] for at in range(0, len(base), BLOCK))


def cut(blocks, steps):
    """The same rows in order, in blocks of which one ends at each step."""
    done = 0
    for block in blocks:
        ends = [step - done for step in steps if 0 < step - done < len(block)]
        for first, last in zip([0, *ends], [*ends, len(block)]):
            yield block[first:last]
        done += len(block)


class Nearest:
    """The best rows so far for every query."""

    def __init__(self, queries, metric, k):
        self.queries, self.metric, self.k = queries, metric, k
        self.exact = queries.astype(numpy.float64)
        self.scores = numpy.full((len(queries), 0), numpy.inf)
        self.rows = numpy.zeros((len(queries), 0), dtype=numpy.int64)

    def offer(self, block, numbers):
        """Takes a block of vectors and their row numbers into account."""
        if not len(block):
            return
        scores = -(self.queries @ block.T)
        if self.metric == "l2":
            scores = 2 * scores + numpy.einsum("ij,ij->i", block, block)[None, :]
        take = min(self.k + SPARE, len(block))
        near = numpy.argpartition(scores, take - 1, axis=1)[:, :take]
        exact = numpy.empty(near.shape)
        for at, chosen in enumerate(near):
            candidates = block[chosen].astype(numpy.float64)
            if self.metric == "l2":
                exact[at] = ((candidates - self.exact[at]) ** 2).sum(axis=1)
            else:
                exact[at] = -(candidates @ self.exact[at])
        self.scores = numpy.concatenate([self.scores, exact], axis=1)
        self.rows = numpy.concatenate([self.rows, numbers[near]], axis=1)
        order = numpy.lexsort((self.rows, self.scores), axis=1)[:, : self.k]
        self.scores = numpy.take_along_axis(self.scores, order, axis=1)
        self.rows = numpy.take_along_axis(self.rows, order, axis=1)

    def write(self, path):
        found = self.rows.shape[1]
        if found < self.k:
            kept = f"only {found} rows are kept by the narrowest filter" if found else "no rows"
            raise ValueError(f"{kept}, fewer than k = {self.k}: see --selectivity and --limit")
        with open(path, "wb") as file:
            vectors.write(file, self.rows.astype(numpy.int32))


def main(request, folder):
    metric, k = request["metric"], request["k"]
    queries, base = load(request)
    given = None
    if "truth" in request and request["limit"] is None:
        given = vectors.read_ids(request["truth"])[:, :k]
    if request["queries"]:
        queries = queries[: request["queries"]]
    if metric == "cosine":
        queries = unit(queries)
    queries = numpy.ascontiguousarray(queries, dtype=numpy.float32)
    everything = Nearest(queries, metric, k)
    filters = {percent: Nearest(queries, metric, k) for percent in request["selectivity"]}
    done = 0
    with open(folder / "base.fvecs", "wb") as file:
        steps = sorted(request.get("steps", ()))
        for block in cut(base(), steps):
            if metric == "cosine":
                block = unit(block)
            vectors.write(file, block)
            numbers = numpy.arange(done, done + len(block))
            done += len(block)
            if given is None:
                everything.offer(block, numbers)
            stands_in = buckets(done)[numbers]
            for percent, nearest in filters.items():
                kept = stands_in < round(percent * 100)
                nearest.offer(block[kept], numbers[kept])
            if done in steps:
                everything.write(folder / f"truth-first-{done}.ivecs")
    with open(folder / "query.fvecs", "wb") as file:
        vectors.write(file, queries)
    if given is None:
        everything.write(folder / "truth.ivecs")
    else:
        if given.min() < 0 or given.max() >= done:
            raise ValueError(f"{request['truth']} names rows that the base does not have")
        with open(folder / "truth.ivecs", "wb") as file:
            vectors.write(file, given[: len(queries)])
    for percent, nearest in filters.items():
        nearest.write(folder / f"truth-{percent:g}.ivecs")
    about = {"request": request, "rows": done, "queries": len(queries)}
    about["dimension"] = queries.shape[1]
    (folder / "about.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]), Path(sys.argv[2]))
    except (OSError, ValueError) as error:
        sys.exit(str(error))
