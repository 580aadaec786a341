"""Drives the workers: one process a turn, so that no two peers share memory or threads.

A peer is built by one process, which stores the index and ends; each turn of each round opens it
in a fresh process, measures, and ends that. Only one of them runs at a time.
"""

import json
import shutil
import subprocess
import threading
import time
from pathlib import Path

import environment

HERE = Path(__file__).resolve().parent
ENOUGH = 0.9985


class PeerFailed(Exception):
    """A peer could not do what it was asked; the message says why."""


class Process:
    """A worker that answers requests one after the other."""

    def __init__(self, python, job, worker, threads, log, patience):
        self.log = log
        self.patience = patience
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(
                [str(python), str(HERE / "worker.py"), json.dumps({"job": job, "worker": worker})],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment.variables(threads),
                text=True,
            )

    def ask(self, **request):
        # The clock first: a process that the watch kills has then always taken all its time.
        started = time.monotonic()
        watch = threading.Timer(self.patience * 60, self.process.kill)
        watch.start()
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watch.cancel()
        if not line and time.monotonic() - started >= self.patience * 60:
            raise PeerFailed(f"no answer to {request['do']} within {self.patience:g} minutes")
        if not line:
            code = self.process.wait()
            raise PeerFailed(f"the process ended with {code}: {self.last_words()}")
        answer = json.loads(line)
        if "error" in answer:
            raise PeerFailed(answer["error"])
        return answer

    def last_words(self):
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it said nothing"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.stdin.write('{"do": "quit"}\n')
            self.process.stdin.close()
            self.process.wait(timeout=20)
        except (BrokenPipeError, subprocess.TimeoutExpired, OSError):
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class PythonPeer:
    """One peer of the table, measured through its Python package."""

    def __init__(self, peer, data, plan, python):
        self.peer = peer
        self.data = data
        self.plan = plan
        self.python = python
        self.folder = plan.work / peer.name
        self.log = plan.work / f"{peer.name}.log"
        self.log.write_bytes(b"")

    def process(self, folder, rows, threads):
        job = {
            "directory": str(folder),
            "rows": rows,
            "dimension": self.data.dimension,
            "metric": self.data.metric,
            "k": self.plan.k,
            "threads": threads,
            "buckets": self.peer.is_database and bool(self.plan.selectivity),
            "parameters": self.peer.parameters,
        }
        return Process(
            self.python, job, self.peer.worker, threads, self.log, self.plan.patience
        )

    def widths(self):
        if self.peer.widths == (None,):
            return [None]
        return list(self.plan.widths or self.peer.widths)

    def build(self):
        with emptied(self.folder), self.process(
            self.folder, self.data.rows, self.plan.threads
        ) as worker:
            return worker.ask(do="build", base=str(self.data.base))

    def floor(self):
        """What a call costs with next to nothing to search."""
        folder = self.plan.work / f"{self.peer.name}-floor"
        with emptied(folder), self.process(folder, 256, 1) as worker:
            return worker.ask(do="floor", base=str(self.data.base), width=self.widths()[0])

    def turn(self):
        """All measurements of one round."""
        yield from self.sweep(1)
        if self.plan.threads > 1:
            yield from self.sweep(self.plan.threads)

    def sweep(self, threads):
        with self.process(self.folder, self.data.rows, threads) as worker:
            opened = worker.ask(
                do="open",
                query=str(self.data.query),
                truths=self.data.truths(self.plan.selectivity if self.peer.is_database else ()),
                width=self.widths()[len(self.widths()) // 2],
                budget=self.plan.budget,
            )
            if threads > 1:
                mode = "batch" if opened["has_batch"] else "pool"
                yield from self.curve(worker, mode, threads, None)
                return
            yield {"type": "open", **opened}
            yield from self.curve(worker, "one", 1, None)
            if opened["has_batch"]:
                yield from self.curve(worker, "batch", 1, None)
            if self.peer.is_database:
                for percent in self.plan.selectivity:
                    yield from self.curve(worker, "one", 1, percent)

    def curve(self, worker, mode, threads, percent):
        for width in self.widths():
            answer = worker.ask(
                do="search",
                width=width,
                mode=mode,
                threads=threads,
                selectivity=percent,
                budget=self.plan.budget,
                passes=self.plan.passes,
            )
            yield {
                "type": "search",
                "mode": mode,
                "threads": threads,
                "selectivity": percent,
                "width": width,
                **answer,
            }
            if answer["recall"] >= ENOUGH:
                return


class emptied:
    """A folder that starts out empty."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        return self.folder

    def __exit__(self, *_):
        return False
