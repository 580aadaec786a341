"""Recall and speed of other vector indexes, to compare with `lumos bench ann --keys`.

    pip install rabitqlib==0.7.1 hnswlib==0.8.0 numpy
    python benches/ann_peers.py --base F --query F --truth F [--rounds 20]

Cosine only. One thread, each library's own batch call, so that calling from Python costs next to
nothing. One line of JSON for each library and width: recall@10, median and best queries a second
of the rounds, processor time of the build.
"""

import argparse
import json
import time

import hnswlib
import numpy
import rabitqlib


def rows(path, kind):
    numbers = numpy.fromfile(path, dtype=numpy.int32)
    width = numbers[0]
    return numpy.ascontiguousarray(numbers.reshape(-1, width + 1)[:, 1:]).view(kind)


def unit(vectors):
    return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)


def symphony(base):
    index = rabitqlib.SymqgIndex(base.shape[1], 32, metric="ip")
    index.build(base, 200, num_threads=1)

    def search(queries, ef):
        found = index.search_batch(queries, 10, ef, num_threads=1)
        return found[0] if found[0].dtype.kind in "iu" else found[1]

    return search


def hnsw(base):
    index = hnswlib.Index("ip", base.shape[1])
    index.init_index(len(base), M=16, ef_construction=200)
    index.set_num_threads(1)
    index.add_items(base, num_threads=1)

    def search(queries, ef):
        index.set_ef(ef)
        return index.knn_query(queries, 10, num_threads=1)[0]

    return search


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--base", required=True)
    parser.add_argument("--query", required=True)
    parser.add_argument("--truth", required=True)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    base = unit(rows(arguments.base, numpy.float32))
    queries = unit(rows(arguments.query, numpy.float32))
    truth = rows(arguments.truth, numpy.int32)[:, :10]
    for name, make in [("SymphonyQG", symphony), ("hnswlib", hnsw)]:
        started = time.process_time()
        search = make(base)
        build = time.process_time() - started
        for ef in [20, 32, 60, 100, 115]:
            found = search(queries, ef)
            hits = sum(len(set(a) & set(b)) for a, b in zip(found.tolist(), truth.tolist()))
            rates = []
            for _ in range(arguments.rounds):
                started = time.perf_counter()
                search(queries, ef)
                rates.append(len(queries) / (time.perf_counter() - started))
            line = {
                "index": name,
                "ef": ef,
                "recall": round(hits / truth.size, 4),
                "qps_median": round(sorted(rates)[len(rates) // 2]),
                "qps_best": round(max(rates)),
                "build_cpu_seconds": round(build, 1),
            }
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
