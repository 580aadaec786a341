"""Lumos, measured from its compiled program: `lumos bench ann`."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import curve
from session import PeerFailed

ROOT = Path(__file__).resolve().parents[2]


def program(given, say):
    """The compiled program: the one given, that of LUMOS_BIN, or one built now."""
    chosen = given or os.environ.get("LUMOS_BIN")
    if chosen:
        path = Path(chosen)
        if not path.is_file():
            raise FileNotFoundError(f"there is no program {path}")
        return path.resolve()
    say("building lumos")
    build = ["cargo", "build", "--release", "--locked", "-p", "lumos-cli"]
    subprocess.run(build, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "lumos"


def version(path):
    done = subprocess.run([str(path), "--version"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


class LumosPeer:
    """The same steps as a Python peer: build, then a turn a round."""

    def __init__(self, peer, data, plan, path):
        self.peer = peer
        self.data = data
        self.plan = plan
        self.path = path
        self.folder = plan.work / peer.name

    def run(self, *options):
        command = [str(self.path), "bench", "ann", "--json", "--keys"]
        command += ["--base", str(self.data.base), "--query", str(self.data.query)]
        command += ["--truth", str(self.data.truth), "--metric", self.data.metric]
        command += ["--k", str(self.plan.k), "--keep", str(self.folder), *options]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
            reason = next((line for line in lines if "error" in line), lines[-1])
            raise PeerFailed(f"lumos ended with {done.returncode}: {reason}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]

    def widths(self):
        return list(self.plan.widths or self.peer.widths)

    def selectivity(self):
        return ["--selectivity", ",".join(f"{p:g}" for p in self.plan.selectivity)]

    def build(self):
        if self.folder.exists():
            shutil.rmtree(self.folder)
        options = ["--ef", str(self.widths()[0])]
        if self.plan.selectivity:
            options += self.selectivity()
        line = self.run(*options)[0]
        return {
            "rows": line["rows"],
            "build_seconds": line["build_seconds"],
            "build_cpu_seconds": line["build_cpu_seconds"],
            "build_resident_bytes": None,
            "bytes_on_disk": line["bytes_on_disk"],
            "details": {},
        }

    def floor(self):
        """The program calls itself: there is no binding."""
        return {"floor_us": None, "loop_us": None}

    def turn(self):
        lines = self.search()
        yield {
            "type": "open",
            "open_ms": lines[0]["open_ms"],
            "resident_bytes": lines[0]["resident_bytes"],
            "has_batch": True,
        }
        yield from self.points(lines, "one", 1)
        yield from self.points(self.search("--batch", "--threads", "1"), "batch", 1)
        if self.plan.selectivity:
            yield from self.points(self.search(*self.selectivity()), "one", 1)
        if self.plan.threads > 1:
            many = self.plan.threads
            yield from self.points(self.search("--batch", "--threads", str(many)), "batch", many)

    def search(self, *options):
        repeated = [width for width in self.widths() for _ in range(self.plan.passes)]
        return self.run("--reuse", "--ef", ",".join(map(str, repeated)), *options)

    def points(self, lines, mode, threads):
        """One point for each width and selectivity: the median of the passes."""
        groups = {}
        for line in lines:
            groups.setdefault((line.get("selectivity"), line["ef"]), []).append(line)
        for (percent, width), passes in groups.items():

            def middle(name):
                values = [line[name] for line in passes]
                return None if values[0] is None else curve.median(values)

            yield {
                "type": "search",
                "mode": mode,
                "threads": threads,
                "selectivity": percent,
                "width": width,
                "recall": passes[0]["recall"],
                "qps": middle("qps"),
                "p50_us": middle("p50_us"),
                "p99_us": middle("p99_us"),
                "queries": self.data.queries,
                "cores": None,
            }
