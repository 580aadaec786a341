"""How the cost of Lumos grows with the number of rows and with the dimension.

    python3 benches/peers/growth.py --lumos PATH --out growth.jsonl
    python3 benches/peers/growth.py --rows 10000,100000 --dimensions 96,768 --out growth.jsonl
    python3 benches/peers/growth.py --report growth.jsonl

The vectors are generated, the same points in every dimension. Other indexes are no part of it. The
README beside this file says what is measured and how.
"""

import argparse
import shutil
import subprocess
from pathlib import Path

import catalog
import data
import environment
import growth_report
import lumos
import prefix
import report
from run import Ledger, Plan, machine, positive, say, widths
from session import PeerFailed

ROOT = Path(__file__).resolve().parents[2]
ROWS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
DIMENSIONS = (50, 96, 192, 384, 768, 1536)
# Many rows need greater widths than the peers are compared at.
WIDTHS = (*catalog.GRAPH_WIDTHS, 768, 1024)
BEST = 0.99


def recall(text):
    number = float(text)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError("must lie between 0 and 1")
    return number


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    what = parser.add_argument_group("what is measured")
    what.add_argument("--rows", type=widths, default=ROWS, metavar="N,...")
    what.add_argument("--rows-dimension", type=positive, default=384, metavar="D",
                      help="the dimension in which rows grow (default 384)")
    what.add_argument("--dimensions", type=widths, default=DIMENSIONS, metavar="D,...")
    what.add_argument("--dimension-rows", type=positive, default=50_000, metavar="N",
                      help="the rows with which the dimension grows (default 50000)")
    what.add_argument("--recall", type=recall, default=0.95,
                      help=f"the recall of p50 and p99; speeds are given at {BEST} too")
    what.add_argument("--k", type=positive, default=10)
    what.add_argument("--rounds", type=positive, default=3)
    what.add_argument("--passes", type=positive, default=3, help="of the queries, a measurement")
    what.add_argument("--widths", type=widths, default=WIDTHS)
    where = parser.add_argument_group("where")
    where.add_argument("--lumos", metavar="PATH", help="the program (else LUMOS_BIN, else built)")
    where.add_argument("--venv", type=Path, default=ROOT / "target" / "peers-venv")
    where.add_argument("--cache", type=Path, default=ROOT / "target" / "peers-data")
    where.add_argument("--keep", action="store_true", help="keep the vectors and the indexes")
    where.add_argument("--out", type=Path, metavar="FILE.jsonl",
                       help="measurements; .md and .svg are written beside it")
    where.add_argument("--report", type=Path, metavar="FILE.jsonl",
                       help="measure nothing, only write the report of this file again")
    return parser, parser.parse_args(argv)


def points(arguments):
    """The numbers of rows that are measured in each dimension; none of them twice."""
    found = {arguments.rows_dimension: set(arguments.rows)}
    for dimension in arguments.dimensions:
        found.setdefault(dimension, set()).add(arguments.dimension_rows)
    return {dimension: sorted(rows) for dimension, rows in found.items()}


def measure(ledger, point, contestant, rounds):
    try:
        ledger.add(type="build", **{**contestant.build(), **point})
        for number in range(1, rounds + 1):
            lines = contestant.search()
            ledger.add(type="open", **point, round=number, open_ms=lines[0]["open_ms"],
                       resident_bytes=lines[0]["resident_bytes"])
            for record in contestant.points(lines, "one", 1):
                ledger.add(**point, round=number, **record)
    except PeerFailed as error:
        say(f"absent: {error}")
        ledger.add(type="absent", **point, reason=str(error))


def climb(ledger, arguments, dimension, steps, program, python, cache):
    """All points of one dimension, from few rows to many."""
    name, request = f"growth-{dimension}", prefix.request(dimension, steps, arguments.k)
    folder = data.place(name, request, cache)
    made = (folder / "about.json").exists()
    work = folder / "indexes"
    try:
        whole = data.ready(name, request, cache, python, say)
        for rows in steps:
            say(f"{rows:,} rows of dimension {dimension}")
            plan = Plan(
                work=work / str(rows), k=arguments.k, rounds=arguments.rounds,
                passes=arguments.passes, threads=1, budget=0, patience=0, selectivity=(),
                widths=arguments.widths,
            )
            plan.work.mkdir(parents=True, exist_ok=True)
            part = prefix.taken(whole, rows, plan.work)
            contestant = lumos.LumosPeer(catalog.LUMOS, part, plan, program)
            point = {"rows": rows, "dimension": dimension}
            measure(ledger, point, contestant, arguments.rounds)
            if not arguments.keep:
                shutil.rmtree(plan.work)
    finally:
        # Vectors that an earlier run was told to keep stay.
        if not arguments.keep:
            shutil.rmtree(work if made else folder, ignore_errors=True)


def run(arguments):
    arguments.cache.mkdir(parents=True, exist_ok=True)
    cache = arguments.cache.resolve()
    chosen = points(arguments)
    sizes = []
    for dimension, steps in chosen.items():
        if min(steps) < arguments.k:
            raise data.BadData(f"{min(steps)} rows are fewer than k = {arguments.k}")
        request = prefix.request(dimension, steps, arguments.k)
        made = (data.place(f"growth-{dimension}", request, cache) / "about.json").exists()
        sizes.append(prefix.needed(dimension, steps, made, arguments.keep))
    prefix.check_disk(cache, sum(sizes) if arguments.keep else max(sizes))
    program = lumos.program(arguments.lumos, say)
    environment.prepare(arguments.venv, [], say)
    python = environment.python_of(arguments.venv)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(arguments.out)
    ledger.add(
        type="growth",
        machine=machine(),
        lumos=lumos.version(program),
        rows=list(arguments.rows),
        rows_dimension=arguments.rows_dimension,
        dimensions=list(arguments.dimensions),
        dimension_rows=arguments.dimension_rows,
        targets=sorted({arguments.recall, BEST}),
        latency_target=arguments.recall,
        queries=prefix.QUERIES,
        k=arguments.k,
        rounds=arguments.rounds,
        passes=arguments.passes,
        widths=list(arguments.widths),
    )
    for dimension, steps in chosen.items():
        climb(ledger, arguments, dimension, steps, program, python, cache)
    return ledger.records


def main(argv=None):
    parser, arguments = parse(argv)
    try:
        if arguments.report:
            records = report.read(arguments.report, first="growth")
            growth_report.write(records, arguments.report)
        else:
            records = run(arguments)
            if arguments.out:
                growth_report.write(records, arguments.out)
        print(growth_report.markdown(records))
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd))
        parser.exit(2, f"growth.py: {command} ended with {error.returncode}\n")
    except (data.BadData, ValueError, OSError, RuntimeError) as error:
        parser.exit(2, f"growth.py: {error}\n")


if __name__ == "__main__":
    main()
