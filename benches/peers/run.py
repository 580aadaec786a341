"""Lumos beside other vector indexes and databases: same data, same machine, same run, equal recall.

    python3 benches/peers/run.py --data debian-384 --data-dir DIR
    python3 benches/peers/run.py --data fashion-784 --only lumos,hnswlib,faiss --rounds 3
    python3 benches/peers/run.py --base F --query F --metric cosine --limit 5000
    python3 benches/peers/run.py --report FILE.jsonl

Makes its own virtual environment, builds every index, then measures in rounds in which each takes
its turn. The README beside this file says what is measured and how.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import catalog
import data
import environment
import lumos
import report
from session import PeerFailed, PythonPeer

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Plan:
    """What is measured, for every peer alike."""

    work: Path
    k: int
    rounds: int
    passes: int
    threads: int
    budget: float
    patience: float
    selectivity: tuple
    widths: tuple


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def percents(text):
    if text.strip().lower() in ("", "none"):
        return ()
    numbers = tuple(float(part) for part in text.split(","))
    if any(not 0 < number < 100 for number in numbers):
        raise argparse.ArgumentTypeError("must lie between 0 and 100 percent")
    return numbers


def widths(text):
    return tuple(sorted({positive(part) for part in text.split(",")}))


def parse(argv):
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        epilog="Presets: " + "; ".join(f"{n}: {p['what']}" for n, p in data.PRESETS.items()),
    )
    vectors = parser.add_argument_group("data")
    vectors.add_argument("--data", choices=sorted(data.PRESETS), help="a preset")
    vectors.add_argument("--data-dir", metavar="DIR", help="where the files of the preset lie")
    vectors.add_argument("--base", metavar="FILE", help="own vectors to search (.fvecs)")
    vectors.add_argument("--query", metavar="FILE", help="own queries (.fvecs)")
    vectors.add_argument("--truth", metavar="FILE", help="exact neighbours (.ivecs), else computed")
    vectors.add_argument("--metric", choices=data.METRICS)
    vectors.add_argument("--limit", type=positive, help="only the first N vectors")
    vectors.add_argument("--queries", type=positive, help="only the first N queries")
    what = parser.add_argument_group("what is measured")
    what.add_argument("--only", metavar="NAMES", help=", ".join(catalog.BY_NAME))
    what.add_argument("--k", type=positive, default=10)
    what.add_argument("--rounds", type=positive, default=5)
    what.add_argument("--passes", type=positive, default=3, help="of the queries, a measurement")
    what.add_argument("--threads", type=positive, default=len(os.sched_getaffinity(0)),
                      help="the number that 'all threads' means")
    what.add_argument("--widths", type=widths, default=(), help="instead of those of the table")
    what.add_argument("--selectivity", type=percents, default=(50.0, 10.0, 1.0),
                      metavar="P,...", help="percent that filters keep; none for no filters")
    what.add_argument("--budget", type=float, default=2.0,
                      help="seconds after which a measurement asks no more (default 2)")
    what.add_argument("--patience", type=float, default=120.0,
                      help="minutes after which a peer that does not answer is given up")
    where = parser.add_argument_group("where")
    where.add_argument("--lumos", metavar="PATH", help="the program (else LUMOS_BIN, else built)")
    where.add_argument("--venv", type=Path, default=ROOT / "target" / "peers-venv")
    where.add_argument("--cache", type=Path, default=ROOT / "target" / "peers-data")
    where.add_argument("--keep", action="store_true", help="keep the indexes that were built")
    where.add_argument("--out", type=Path, metavar="FILE.jsonl",
                       help="measurements; .md and .svg are written beside it")
    where.add_argument("--report", type=Path, metavar="FILE.jsonl",
                       help="measure nothing, only write the report of this file again")
    return parser, parser.parse_args(argv)


class Ledger:
    """The measurements, kept and appended to the output as they come."""

    def __init__(self, path):
        self.records = []
        self.file = open(path, "w", encoding="utf-8") if path else None

    def add(self, **record):
        self.records.append(record)
        if self.file:
            self.file.write(json.dumps(record) + "\n")
            self.file.flush()


def machine():
    """What the figures were measured on, without naming it."""
    model, flags = platform.processor(), ""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                model = value.strip()
            if key.strip() == "flags":
                flags = value
    except OSError:
        pass
    wanted = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "asimd")
    return {
        "processor": model or platform.machine(),
        "simd": [flag for flag in wanted if flag in flags.split()],
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def failed(ledger, contestants, contestant, step, error):
    say(f"{contestant.peer.title}: absent, {step}: {error}")
    ledger.add(type="absent", peer=contestant.peer.name, step=step, reason=str(error))
    contestants.remove(contestant)


def build(ledger, contestants):
    for contestant in list(contestants):
        say(f"building {contestant.peer.title}")
        try:
            built = contestant.build()
            floor = contestant.floor()
        except PeerFailed as error:
            failed(ledger, contestants, contestant, "build", error)
            continue
        ledger.add(type="build", peer=contestant.peer.name, **built, **floor)


def measure(ledger, contestants, rounds):
    for number in range(1, rounds + 1):
        # Each round starts with another, so that none always follows the same neighbour.
        turn = number % max(1, len(contestants))
        for contestant in contestants[turn:] + contestants[:turn]:
            say(f"round {number} of {rounds}: {contestant.peer.title}")
            try:
                for record in contestant.turn():
                    ledger.add(peer=contestant.peer.name, round=number, **record)
            except PeerFailed as error:
                failed(ledger, contestants, contestant, f"round {number}", error)


def run(arguments):
    peers = catalog.select(arguments.only)
    wanted = sorted({package for peer in peers for package in peer.packages})
    arguments.selectivity = arguments.selectivity if any(p.is_database for p in peers) else ()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    cache = arguments.cache.resolve()
    # What may be wrong with the request is found out before anything is installed.
    name, request = data.sources(arguments, cache)
    program = lumos.program(arguments.lumos, say) if catalog.LUMOS in peers else None
    absent = environment.prepare(arguments.venv, wanted, say)
    python = environment.python_of(arguments.venv)
    chosen = data.ready(name, request, cache, python, say)
    plan = Plan(
        work=chosen.folder / "indexes",
        k=arguments.k,
        rounds=arguments.rounds,
        passes=arguments.passes,
        threads=arguments.threads,
        budget=arguments.budget,
        patience=arguments.patience,
        selectivity=arguments.selectivity,
        widths=arguments.widths,
    )
    plan.work.mkdir(parents=True, exist_ok=True)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(arguments.out)
    ledger.add(
        type="run",
        machine=machine(),
        lumos=lumos.version(program) if program else None,
        data={
            "name": chosen.name,
            "rows": chosen.rows,
            "dimension": chosen.dimension,
            "metric": chosen.metric,
            "queries": chosen.queries,
        },
        packages=environment.packages(environment.REQUIREMENTS.read_text(encoding="utf-8")),
        k=plan.k,
        rounds=plan.rounds,
        passes=plan.passes,
        threads=plan.threads,
        selectivity=list(plan.selectivity),
    )
    contestants = []
    for peer in peers:
        reason = next((absent[name] for name in peer.packages if name in absent), None)
        if reason:
            ledger.add(type="absent", peer=peer.name, step="install", reason=reason)
            say(f"{peer.title}: absent, install: {reason}")
        elif peer is catalog.LUMOS:
            contestants.append(lumos.LumosPeer(peer, chosen, plan, program))
        else:
            contestants.append(PythonPeer(peer, chosen, plan, python))
    try:
        build(ledger, contestants)
        measure(ledger, contestants, plan.rounds)
    finally:
        if not arguments.keep:
            for folder in plan.work.iterdir():
                if folder.is_dir():
                    shutil.rmtree(folder)
    return ledger.records


def main(argv=None):
    parser, arguments = parse(argv)
    try:
        if arguments.report:
            records = report.read(arguments.report)
            report.write(records, arguments.report)
        else:
            records = run(arguments)
            if arguments.out:
                report.write(records, arguments.out)
        print(report.markdown(records))
    except subprocess.CalledProcessError as error:
        parser.exit(2, f"run.py: {' '.join(map(str, error.cmd))} ended with {error.returncode}\n")
    except (data.BadData, ValueError, FileNotFoundError, RuntimeError) as error:
        parser.exit(2, f"run.py: {error}\n")


if __name__ == "__main__":
    main()
