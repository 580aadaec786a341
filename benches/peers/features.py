"""What Lumos and other embedded stores can do, told by running an example of each feature.

    python3 benches/peers/features.py --lumos BIN [--venv DIR] [--only PEER,..] [--reasons]

Prints a Markdown table: a tick where the example ran and its assertion held, `~` with the difference that
the footnote tells, a dash where it was looked for in vain, for the reasons that `--reasons` prints. The
exit code is 1 when an example did not end as its module says. The peers are those of requirements.txt; the
environment is made when there is none. Nothing is asked of a server, and no model is fetched.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import environment
from features.rows import ROWS
from features.table import reasons, table, totals

HERE = Path(__file__).resolve().parent
PEERS = {
    "lumos": ("Lumos", []),
    "qdrant_edge": ("qdrant-edge", ["qdrant-edge-py"]),
    "zvec": ("zvec", ["zvec"]),
    "lancedb": ("LanceDB", ["lancedb"]),
    "chroma": ("Chroma", ["chromadb"]),
    "sqlite_vec": ("sqlite-vec", ["sqlite-vec", "apsw"]),
    "fts5": ("SQLite FTS5", ["apsw"]),
}
PATIENCE = 300


def say(line):
    print(line, file=sys.stderr, flush=True)


def titles(peers):
    """The heading of each column, with the version that requirements.txt pins."""
    pinned = environment.packages(environment.REQUIREMENTS.read_text(encoding="utf-8"))
    shown = {}
    for peer in peers:
        title, packages = PEERS[peer]
        version = pinned[packages[0]].split("==")[1] if packages else ""
        by = "apsw " if packages == ["apsw"] else ""
        shown[peer] = f"{title} ({by}{version})" if version else title
    return shown


def told(command, given):
    """What a process wrote, its errors, and how it ended."""
    try:
        done = subprocess.run(
            command, cwd=HERE, env=given, capture_output=True, text=True, timeout=PATIENCE
        )
        return done.stdout, done.stderr, f"the process ended with {done.returncode}"
    except subprocess.TimeoutExpired as late:
        said, errors = ((part or b"").decode() for part in (late.stdout, late.stderr))
        return said, errors, f"no answer within {PATIENCE} seconds"


def asked(python, peer, program):
    """The answers of a peer, row by row; a row it did not come to is broken."""
    given = {**environment.variables(2), "PYTHONUTF8": "1"}
    if program:
        given["LUMOS_BIN"] = str(Path(program).resolve())
    answers = {}
    with tempfile.TemporaryDirectory(prefix="features-", ignore_cleanup_errors=True) as place:
        said, errors, ended = told([str(python), "-m", "features.ask", peer], {**given, "TMPDIR": place})
    for line in said.splitlines():
        one = json.loads(line)
        answers[peer, one["row"]] = {"mark": one["mark"], "note": one["note"]}
    for row in ROWS:
        if (peer, row) not in answers:
            answers[peer, row] = {"mark": "broken", "note": f"{row}: {ended}"}
    if any(answer["mark"] == "broken" for answer in answers.values()):
        say(errors[-4000:])
    return answers


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--lumos", metavar="BIN", help="the compiled program; also LUMOS_BIN")
    parser.add_argument("--venv", type=Path, metavar="DIR", help="the peers' environment")
    parser.add_argument("--only", metavar="PEER,..", help=f"some of {', '.join(PEERS)}")
    parser.add_argument("--reasons", action="store_true", help="also why each dash is one")
    options = parser.parse_args(arguments)
    peers = options.only.split(",") if options.only else list(PEERS)
    unknown = [peer for peer in peers if peer not in PEERS]
    if unknown:
        parser.error(f"there is no peer {', '.join(unknown)}; there are {', '.join(PEERS)}")
    program = options.lumos or os.environ.get("LUMOS_BIN")
    if "lumos" in peers and not program:
        parser.error("--lumos names the compiled program")
    venv = options.venv or HERE.parents[1] / "target" / "peers-venv"
    failed = {}
    wanted = [package for peer in peers for package in PEERS[peer][1]]
    if wanted:
        failed = environment.prepare(venv, list(dict.fromkeys(wanted)), say)
    answers = {}
    for peer in peers:
        say(f"asking {peer}")
        missing = [failed[package] for package in PEERS[peer][1] if package in failed]
        if missing:
            say(f"{peer} is left out: {missing[0]}")
            continue
        python = environment.python_of(venv) if PEERS[peer][1] else sys.executable
        answers |= asked(python, peer, program)
    shown = titles([peer for peer in peers if any(of == peer for of, _ in answers)])
    print(table(shown, answers))
    print(totals(shown, answers))
    if options.reasons:
        print(reasons(shown, answers))
    return 1 if any(answer["mark"] == "broken" for answer in answers.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
