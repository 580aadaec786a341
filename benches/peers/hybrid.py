"""Hybrid searches a second of LanceDB, on what `cargo bench --bench hybrid` has written.

    LUMOS_BENCH_WRITE=DIR cargo bench --locked --bench hybrid
    pip install numpy==2.2.6 lancedb==0.40.0 && python3 benches/peers/hybrid.py --dir DIR

DIR holds documents, vectors and questions, and the figures of the stores that were measured there. The
table has keywords with positions and stems, one partition with a graph over 8-bit codes, whose candidates
may be compared again exactly, and an index of numbers for filters. Of all settings at which its leg by
vector finds no less than that of Lumos, the fastest is taken. Everything runs on one processor.

A hybrid search of LanceDB takes from each leg as many as it gives: 10 for ten hits. It is measured so, and
with 200, as the others take, of which the first ten count. The floor is the same call on a table of 256
documents.
"""

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from pathlib import Path

K = 10
DEPTH = 200
ROUNDS = 5
FLOOR_ROWS = 256
FEW = 20
LUMOS = "Lumos"
# What a peer may find less than Lumos: two hits in a thousand.
SLACK = 0.002
TIMES = (1, 1.5, 2, 3, 4, 6, 8, 12)
FOLDERS = ("lancedb", "lancedb-tiny")


def groups(lines):
    """The questions of each kind with their places, in the order of the file."""
    kinds = {}
    for place, line in enumerate(lines):
        kinds.setdefault(line["kind"], []).append((place, line))
    return kinds


def share(found, truth):
    """Which part of the true neighbours was found."""
    hits = sum(len(set(a) & set(b)) for a, b in zip(found, truth))
    return hits / max(1, sum(len(row) for row in truth))


def least(figures, kind):
    """What the leg by vector of Lumos found for this kind: of ten, of all."""
    for line in figures:
        if line["store"] == LUMOS and line["kind"] == kind:
            return line["recall_10"], line["recall_all"]
    return 0.99, 0.99


def widths(k, refine):
    """Widths of the graph worth trying where a leg brings k, of which so many times are compared again."""
    least = max(20, k * (refine or 1))
    return [width for width in (int(k * times) for times in TIMES) if width >= least]


def best_rate(ask, questions, seconds):
    """The best rate of some rounds: all questions, or as many as the seconds of a round allow."""
    best, clock = 0.0, time.perf_counter
    gc.disable()
    for _ in range(ROUNDS):
        started, asked = clock(), 0
        for question in questions:
            ask(question)
            asked += 1
            if asked >= FEW and clock() - started > seconds:
                break
        best = max(best, asked / (clock() - started))
    gc.enable()
    return best


class Lance:
    """A table of LanceDB, asked with one setting at a time."""

    def __init__(self, folder):
        import lancedb
        from lancedb.rerankers import RRFReranker

        self.database = lancedb.connect(str(folder))
        self.reranker = RRFReranker(K=60)
        self.table = None
        self.width = self.refine = None

    def build(self, texts, vectors):
        import numpy
        import pyarrow

        flat = pyarrow.array(vectors.reshape(-1))
        columns = {
            "number": pyarrow.array(numpy.arange(len(texts))),
            "text": pyarrow.array(texts),
            "vector": pyarrow.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
        }
        self.table = self.database.create_table(
            "bench", pyarrow.table(columns), mode="overwrite"
        )
        # Vectors are of unit length: the order by dot product is that by cosine.
        self.table.create_index(
            metric="dot",
            index_type="IVF_HNSW_SQ",
            num_partitions=1,
            m=16,
            ef_construction=200,
        )
        self.table.create_fts_index(
            "text", with_position=True, stem=True, remove_stop_words=False
        )
        self.table.create_scalar_index("number", index_type="BTREE")

    def near(self, question, k):
        search = self.table.search(question.vector).distance_type("dot").nprobes(1)
        return self._within(self._wide(search), question).limit(k)

    def words(self, question, k):
        search = self.table.search(question.text, query_type="fts")
        return self._within(search, question).limit(k)

    def both(self, question, k):
        search = self.table.search(query_type="hybrid").vector(question.vector)
        search = self._wide(search.text(question.text).distance_type("dot").nprobes(1))
        return self._within(search.rerank(self.reranker), question).limit(k)

    def _wide(self, search):
        search = search.ef(self.width)
        return search if self.refine is None else search.refine_factor(self.refine)

    @staticmethod
    def _within(search, question):
        if question.below is not None:
            search = search.where(f"number < {question.below}", prefilter=True)
        return search


def numbers(search):
    """The rows found, in order; what the engine gives besides is not looked at."""
    return search.select(["number"]).to_arrow()["number"].to_pylist()


class Question:
    """A question in the form that the peer takes."""

    def __init__(self, line, vector):
        self.text = " ".join(line["words"])
        self.vector = vector
        self.below = line["below"]
        self.document = line["document"]


def truth_of(vectors, questions, k):
    import numpy

    rows = []
    for question in questions:
        similar = vectors[: question.below] @ question.vector
        k = min(k, len(similar))
        nearest = numpy.argpartition(-similar, k - 1)[:k]
        rows.append(nearest[numpy.argsort(-similar[nearest])].tolist())
    return rows


def tune(lance, questions, truth, k, wanted, seconds):
    """Sets what is fastest of all that finds as much as wanted; gives what it finds."""
    best, tens = None, [row[:K] for row in truth]
    for refine in (None, 2):
        for width in widths(k, refine):
            lance.width, lance.refine = width, refine
            found = [numbers(lance.near(question, k)) for question in questions]
            of_ten, of_all = share([row[:K] for row in found], tens), share(found, truth)
            reached = of_ten >= wanted[0] - SLACK and (k == K or of_all >= wanted[1] - SLACK)
            # A wider search takes longer.
            if reached or refine is not None and width == widths(k, refine)[-1]:
                rate = best_rate(lambda q: numbers(lance.near(q, k)), questions, seconds / 4)
                if best is None or rate > best[0]:
                    best = rate, width, refine, of_ten, of_all
                break
    _, lance.width, lance.refine, of_ten, of_all = best
    return of_ten, of_all


def measure(lance, tiny, kind, questions, vectors, figures, seconds):
    """A line for each depth at which this kind can be asked."""
    legs, hits, questions = questions
    for depth in (K, DEPTH) if legs == "both" else (hits,):
        found = (None, None)
        if legs != "words":
            truth = truth_of(vectors, questions, depth)
            found = tune(lance, questions, truth, depth, least(figures, kind), seconds)
            tiny.width, tiny.refine = lance.width, lance.refine
        call = {"words": "words", "vector": "near", "both": "both"}[legs]
        ask = getattr(lance, call)
        there = [q.document in numbers(ask(q, depth))[:hits] for q in questions]
        rate = best_rate(lambda q: numbers(ask(q, depth)), questions, seconds)
        ask = getattr(tiny, call)
        floor = best_rate(lambda q: numbers(ask(q, depth)), questions, seconds)
        yield {
            "store": "LanceDB",
            "kind": kind,
            "depth": depth,
            "width": lance.width if legs != "words" else None,
            "refine": lance.refine if legs != "words" else None,
            "rate": rate,
            "floor_us": 1e6 / floor,
            "recall_10": found[0],
            "recall_all": found[1],
            "found": sum(there) / len(there),
        }


def row(line):
    """A line of the table."""
    recall = "-"
    if line["recall_10"] is not None:
        recall = f"{line['recall_10']:.3f} ({line['recall_all']:.3f})"
    width = "-" if line["width"] is None else f"{line['width']}, {line['refine'] or 'none'}"
    return (
        f"| {line['kind']} | {line['depth']} | {line['rate']:.0f} | {1e6 / line['rate']:.0f} "
        f"| {line['floor_us']:.0f} | {width} | {recall} | {line['found']:.3f} |"
    )


def objects(path):
    """The lines of a file; none where there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def build(folder):
    """The table, and the tiny one of the floor."""
    import vectors as files

    texts = (folder / "documents.txt").read_text(encoding="utf-8").splitlines()
    vectors = files.read_floats(folder / "vectors.fvecs")
    for name, rows in zip(FOLDERS, (len(texts), FLOOR_ROWS)):
        started = time.perf_counter()
        Lance(folder / name).build(texts[:rows], vectors[:rows])
        print(f"{min(rows, len(texts))} documents indexed in {time.perf_counter() - started:.0f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="what the benchmark has written")
    parser.add_argument("--reuse", action="store_true", help="keep the tables of the last run")
    parser.add_argument("--build", action="store_true", help="make the tables and end")
    parser.add_argument("--seconds", type=float, default=2.0, help="time of a round (2)")
    parser.add_argument("--only", default="", help="a part of the name of a kind of question")
    given = parser.parse_args()
    if given.build:
        return build(given.dir)
    if not given.reuse:
        # A process of its own: threads that a library has started stay on the processors they had.
        command = [sys.executable, __file__, "--dir", str(given.dir), "--build"]
        subprocess.run(command, check=True)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    # It warns of each search that the scores come along.
    os.environ.setdefault("LANCEDB_LOG", "error")
    lance, tiny = (Lance(given.dir / name) for name in FOLDERS)
    for one in (lance, tiny):
        one.table = one.database.open_table("bench")
    import vectors as files

    vectors = files.read_floats(given.dir / "vectors.fvecs")
    asked = files.read_floats(given.dir / "query.fvecs")
    figures = objects(given.dir / "figures.jsonl")
    print("| kind | of each leg | a second | us | floor, us | width, refined | recall@10 (all) | found |")
    print("|---|---|---|---|---|---|---|---|")
    with (given.dir / "lancedb.jsonl").open("w", encoding="utf-8") as out:
        for kind, lines in groups(objects(given.dir / "queries.jsonl")).items():
            if given.only not in kind:
                continue
            questions = [Question(line, asked[place]) for place, line in lines]
            kind_of = (lines[0][1]["legs"], lines[0][1]["hits"], questions)
            for line in measure(lance, tiny, kind, kind_of, vectors, figures, given.seconds):
                print(row(line), flush=True)
                out.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
