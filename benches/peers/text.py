"""Keyword searches a second of LanceDB, on the documents and questions of `cargo bench --bench text`.

    LUMOS_BENCH_WRITE=DIR cargo bench --locked --bench text
    python3 benches/peers/text.py --dir DIR [--venv DIR]

DIR holds `documents.txt`, a document a line, and `questions.jsonl`. LanceDB's own full-text index is built
with positions, English stems and no stop words, in one segment, and is asked for the numbers of the ten
best, one question after the other, through its asynchronous interface, which is quicker than the other by
a change of threads. Its pools have one thread each; of five rounds the best counts. The floor is the same
call on a table of ten documents. Cores used is processor time by time passed.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import environment

HERE = Path(__file__).resolve().parent
K = 10
ROUNDS = 5
TURN = 0.2


def questions(path):
    """The questions of each kind, in the order of the file."""
    kinds = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            one = json.loads(line)
            kinds.setdefault(one["kind"], []).append(one)
    return kinds


def processor_time():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def rate(ask, asked):
    """Questions a second and processor time by time passed, of a turn of whole passes."""
    started, used, count = time.perf_counter(), processor_time(), 0
    while time.perf_counter() - started < TURN:
        for question in asked:
            await ask(question)
        count += len(asked)
    passed = time.perf_counter() - started
    return count / passed, (processor_time() - used) / passed


async def best(ask, asked):
    """The best rate of several turns, after an untimed pass, with the cores of that turn."""
    for question in asked:
        await ask(question)
    return max([await rate(ask, asked) for _ in range(ROUNDS)])


class InLanceDb:
    """The documents in a table, with an index of their words and one of their numbers."""

    def __init__(self, folder, documents):
        import lancedb
        import pyarrow
        from lancedb import index, query

        self.query = query
        rows = pyarrow.table({"number": range(len(documents)), "text": documents})
        self.table = lancedb.connect(str(folder)).create_table("docs", rows)
        words = index.FTS(
            with_position=True, language="English", stem=True, remove_stop_words=False, num_workers=1
        )
        self.table.create_index("text", config=words)
        self.table.create_index("number", config=index.BTree())
        self.table.optimize()

    async def opened(self, folder):
        """The same table through the asynchronous interface."""
        import lancedb

        self.table = await (await lancedb.connect_async(str(folder))).open_table("docs")
        return self

    def asked(self, question):
        words, query = " ".join(question["words"]), self.query
        if question["question"] == "phrase":
            asked = query.PhraseQuery(words, "text")
        elif question["question"] == "all":
            asked = query.MatchQuery(words, "text", operator=query.FullTextOperator.AND)
        else:
            asked = query.MatchQuery(words, "text", fuzziness=int(question["question"] == "fuzzy"))
        return asked

    async def ask(self, question):
        search = self.table.query().nearest_to_text(self.asked(question)).limit(K)
        if question["below"] is not None:
            search = search.where(f"number < {question['below']}")
        found = await search.select(["number", "_score"]).to_arrow()
        return found["number"].to_pylist()


async def measure(folder):
    """Rates, cores and floors of each kind, a JSON line each; the process has one thread to itself."""
    documents = (folder / "documents.txt").read_text(encoding="utf-8").splitlines()
    kinds = questions(folder / "questions.jsonl")
    with tempfile.TemporaryDirectory() as place:
        started = time.perf_counter()
        store = InLanceDb(Path(place, "all"), documents)
        print(json.dumps({"documents": len(documents), "seconds": time.perf_counter() - started}))
        few = InLanceDb(Path(place, "few"), documents[:10])
        store, few = await store.opened(Path(place, "all")), await few.opened(Path(place, "few"))
        for kind, asked in kinds.items():
            found = sum([len(await store.ask(question)) for question in asked]) / len(asked)
            speed, cores = await best(store.ask, asked)
            floor, _ = await best(few.ask, asked)
            told = {"kind": kind, "rate": speed, "cores": cores, "floor": floor, "found": found}
            print(json.dumps(told), flush=True)


def table(lines):
    """The measurements as Markdown."""
    shown = ["| queries a second, one thread | LanceDB | its floor | hits | cores used |"]
    shown.append("|---|---|---|---|---|")
    for one in lines:
        cells = f"{one['rate']:,.0f} | {one['floor']:,.0f} | {one['found']:.1f} | {one['cores']:.2f}"
        shown.append(f"| {one['kind']} | {cells} |")
    return "\n".join(shown) + "\n"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--dir", type=Path, required=True, help="what LUMOS_BENCH_WRITE named")
    parser.add_argument("--venv", type=Path, metavar="DIR", help="the peers' environment")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        return asyncio.run(measure(options.dir))
    for name in ("documents.txt", "questions.jsonl"):
        if not (options.dir / name).exists():
            parser.error(f"{options.dir} has no {name}: LUMOS_BENCH_WRITE names the folder to write them in")
    venv = options.venv or HERE.parents[1] / "target" / "peers-venv"
    failed = environment.prepare(venv, ["lancedb"], lambda line: print(line, file=sys.stderr))
    if failed:
        sys.exit(f"text.py: LanceDB cannot be installed: {failed['lancedb']}")
    command = [str(environment.python_of(venv)), __file__, "--measure", "--dir", str(options.dir)]
    done = subprocess.run(command, env=environment.variables(1), stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"text.py: the measurement ended with {done.returncode}")
    first, *lines = [json.loads(line) for line in done.stdout.splitlines()]
    print(f"{first['documents']:,} documents, indexed in {first['seconds']:.0f} s\n")
    print(table(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
