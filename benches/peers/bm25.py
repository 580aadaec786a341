"""Keyword search of Lumos beside another BM25 on the same terms: nDCG@10 of both.

    python3 benches/peers/bm25.py --lumos BIN DIR...

Each DIR holds a judged collection: `corpus.jsonl` {_id, title, text}, `queries.jsonl` {_id, text} and
`qrels.tsv` (query, document, grade). The reference is `bm25s` (PyPI) with `method="lucene"`, which has
the same inverse document frequency, k1 = 1.2 and b = 0.75. Its terms are those of `lumos analyze`, so
that only ranking is compared; it knows the lengths of texts exactly, where Lumos keeps them in a byte.
The figures must not differ by more than 0.005: the exit code is 1 when some do.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

DEPTH = 10
K1, B = 1.2, 0.75
TOLERANCE = 0.005


class BadData(Exception):
    """A file that is not what it should be; the message says which and why."""


def objects(path):
    try:
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.strip()]
    except OSError as error:
        raise BadData(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise BadData(f"{path} is not JSON lines: {error}") from None


def texts(path):
    """Texts by id, on one line each; a title comes first."""
    found = {}
    for one in objects(path):
        if not isinstance(one, dict) or "_id" not in one:
            raise BadData(f'{path} has a line without "_id"')
        whole = f"{one.get('title') or ''} {one.get('text') or ''}"
        found[str(one["_id"])] = " ".join(whole.split())
    return found


def grades(path):
    """Positive grades by query and document; a heading is passed over."""
    found = {}
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BadData(f"cannot read {path}: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        fields = line.split("\t")
        if not line.strip():
            continue
        try:
            query, document, grade = fields[0], fields[1], float(fields[2])
        except (IndexError, ValueError):
            if number == 1:
                continue
            raise BadData(f"{path}:{number} is not a query, a document and a grade") from None
        if grade > 0:
            found.setdefault(query, {})[document] = grade
    return found


def ndcg(found, judged):
    """Normalised discounted cumulative gain of a ranking, with linear gain."""

    def discounted(gains):
        return sum(gain / math.log2(rank) for rank, gain in enumerate(gains, 2))

    best = sorted(judged.values(), reverse=True)[:DEPTH]
    return discounted([judged.get(key, 0.0) for key in found[:DEPTH]]) / discounted(best)


def mean_ndcg(rankings, judged):
    return sum(ndcg(rankings[query], judged[query]) for query in rankings) / len(rankings)


def index_terms(tokens):
    return [token["term"] for token in tokens]


def query_terms(tokens):
    """The terms that a query asks for.

    The last character of an unspaced run is a term of a text, so that it is found alone; in a query
    the pair that ends with it says more.
    """
    terms = []
    start = end = -1
    for token in tokens:
        inside = start < token["start"] and token["end"] <= end
        if not inside:
            terms.append(token["term"])
        start, end = token["start"], token["end"]
    return terms


class Lumos:
    """The compiled program, and a store of its own."""

    def __init__(self, program, folder):
        self.program = str(program)
        self.folder = Path(folder)

    def run(self, arguments, given=None):
        command = [self.program, "--db", str(self.folder / "store"), *arguments]
        done = subprocess.run(command, input=given, capture_output=True, text=True, encoding="utf-8")
        if done.returncode != 0:
            raise BadData(f"{' '.join(command[:5])}: {done.stderr.strip()}")
        return [json.loads(line) for line in done.stdout.split("\n") if line.startswith("{")]

    def analyze(self, lines):
        shown = self.run(["analyze", "--lines", "--json"], "".join(f"{line}\n" for line in lines))
        if len(shown) != len(lines):
            raise BadData(f"lumos analyze answered {len(shown)} of {len(lines)} texts")
        return [one["tokens"] for one in shown]

    def put(self, corpus):
        lines = (json.dumps({"_id": key, "text": text}) + "\n" for key, text in corpus.items())
        self.run(["put", "--json"], "".join(lines))
        self.run(["compact", "--json"])

    def search(self, query):
        found = self.run(["search", "--text", "--json", "-k", str(DEPTH), "--", query])
        return [hit["doc"]["key"] if "doc" in hit else hit["key"] for hit in found]


def of_lumos(lumos, corpus, queries):
    lumos.put(corpus)
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(queries, pool.map(lumos.search, queries.values())))


def of_reference(lumos, corpus, queries):
    import bm25s

    keys = list(corpus)
    documents = [index_terms(tokens) for tokens in lumos.analyze(corpus.values())]
    asked = [query_terms(tokens) for tokens in lumos.analyze(queries.values())]
    index = bm25s.BM25(method="lucene", k1=K1, b=B)
    index.index(documents, show_progress=False)
    rankings = {}
    for query, terms in zip(queries, asked):
        scores = index.get_scores(terms)
        order = sorted(range(len(keys)), key=lambda row: (-scores[row], row))[:DEPTH]
        rankings[query] = [keys[row] for row in order if scores[row] > 0]
    return rankings


def compare(program, folder):
    """nDCG@10 of Lumos and of the reference, and how many queries were judged."""
    folder = Path(folder)
    corpus = texts(folder / "corpus.jsonl")
    judged = grades(folder / "qrels.tsv")
    queries = texts(folder / "queries.jsonl")
    queries = {key: text for key, text in queries.items() if key in judged and text}
    if not queries:
        raise BadData(f"{folder / 'qrels.tsv'} judges none of the queries")
    with tempfile.TemporaryDirectory() as place:
        lumos = Lumos(program, place)
        ours = mean_ndcg(of_lumos(lumos, corpus, queries), judged)
        theirs = mean_ndcg(of_reference(lumos, corpus, queries), judged)
    return ours, theirs, len(queries)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--lumos", required=True, metavar="BIN", help="the compiled program")
    parser.add_argument("folders", nargs="+", metavar="DIR", help="judged collections")
    options = parser.parse_args(arguments)
    print("| set | queries | Lumos | bm25s | difference |")
    print("|---|---|---|---|---|")
    apart = False
    for folder in options.folders:
        try:
            ours, theirs, count = compare(options.lumos, folder)
        except BadData as error:
            sys.exit(f"bm25.py: {error}")
        difference = ours - theirs
        apart |= abs(difference) > TOLERANCE
        name = Path(folder).name
        print(f"| {name} | {count:,} | {ours:.4f} | {theirs:.4f} | {difference:+.4f} |", flush=True)
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main())
