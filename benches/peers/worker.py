"""One peer in its own process: reads one JSON request a line, answers one JSON line.

Runs inside the virtual environment. Requests: `build`, `open`, `search`, `quit`; see `session.py`,
which sends them. A peer is a class `Index` in `workers/`, described in `workers/__init__.py`.
What a library prints goes to standard error, so that it cannot disturb the answers.
"""

import concurrent.futures
import gc
import importlib
import json
import os
import resource
import sys
import time
import traceback

import numpy

import vectors
from workers import Job

# Row r is in bucket (r * KNUTH mod 2^32) mod 10000; a filter of P percent keeps bucket < 100 P.
KNUTH = 2654435761
FLOOR_ROWS = 256
FLOOR_CALLS = 300


def buckets(rows):
    spread = numpy.arange(rows, dtype=numpy.uint64) * numpy.uint64(KNUTH)
    return ((spread & numpy.uint64(0xFFFFFFFF)) % numpy.uint64(10000)).astype(numpy.int64)


def cpu_seconds():
    used = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        used += usage.ru_utime + usage.ru_stime
    return used


def resident_bytes():
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return None


def directory_bytes(path):
    total = 0
    for folder, _, files in os.walk(path):
        total += sum(os.path.getsize(os.path.join(folder, name)) for name in files)
    return total


def percentile(times, share):
    ordered = sorted(times)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def recall(found, truth, k):
    hits = sum(len(set(map(int, row[:k])) & set(wanted)) for row, wanted in zip(found, truth))
    return hits / (len(found) * k)


class Worker:
    """One peer and the queries that it is asked."""

    def __init__(self, job, module):
        self.job = job
        self.index_class = importlib.import_module(f"workers.{module}").Index
        self.index = None
        self.queries = None
        self.prepared = None
        self.truths = {}

    def build(self, request):
        base = vectors.read_floats(request["base"])
        stored = buckets(len(base)) if self.job.buckets else None
        index = self.index_class(self.job)
        before = resident_bytes()
        started, used = time.perf_counter(), cpu_seconds()
        index.build(base, stored)
        wall, cpu = time.perf_counter() - started, cpu_seconds() - used
        grown = resident_bytes() - before
        index.save()
        index.close()
        return {
            "rows": len(base),
            "build_seconds": wall,
            "build_cpu_seconds": cpu,
            "build_resident_bytes": grown,
            "bytes_on_disk": directory_bytes(self.job.directory),
            "details": index.details(),
        }

    def floor(self, request):
        """The time of a call that has next to nothing to search: the cost of binding and call."""
        base = vectors.read_floats(request["base"], limit=FLOOR_ROWS)
        index = self.index_class(self.job)
        index.build(base, buckets(len(base)) if self.job.buckets else None)
        index.save()
        index.close()
        index = self.index_class(self.job)
        index.open()
        index.set_width(request["width"])
        prepared = [index.prepare(row) for row in base]
        times, empty = [], []
        for number in range(FLOOR_CALLS):
            query = prepared[number % len(prepared)]
            started = time.perf_counter_ns()
            index.one(query)
            times.append(time.perf_counter_ns() - started)
            started = time.perf_counter_ns()
            index.nothing(query)
            empty.append(time.perf_counter_ns() - started)
        index.close()
        return {
            "floor_us": percentile(times[FLOOR_CALLS // 3 :], 0.5) / 1e3,
            "loop_us": percentile(empty[FLOOR_CALLS // 3 :], 0.5) / 1e3,
        }

    def open(self, request):
        self.queries = vectors.read_floats(request["query"])
        self.truths = {
            key: vectors.read_ids(path)[:, : self.job.k].tolist()
            for key, path in request["truths"].items()
        }
        self.index = self.index_class(self.job)
        before = resident_bytes()
        started = time.perf_counter()
        self.index.open()
        open_ms = (time.perf_counter() - started) * 1e3
        self.prepared = [self.index.prepare(row) for row in self.queries]
        self.index.set_width(request["width"])
        # The first pass brings the pages in, and is not reported.
        self.pass_of_calls(self.limit_for(request["budget"], None), None)
        return {
            "open_ms": open_ms,
            "resident_bytes": max(0, resident_bytes() - before),
            "has_batch": self.index.has_batch,
        }

    def search(self, request):
        self.index.set_width(request["width"])
        threads, percent = request["threads"], request.get("selectivity")
        answer = {"p50_us": None, "p99_us": None}
        count = self.limit_for(request["budget"], percent)
        rates, times = [], []
        used, started = cpu_seconds(), time.perf_counter()
        while len(rates) < request["passes"]:
            if request["mode"] == "one":
                found, seconds, each = self.pass_of_calls(count, percent)
                times += each
            elif self.index.has_batch:
                found, seconds = self.pass_of_batch(count, threads)
            else:
                found, seconds = self.pass_of_pool(count, threads)
            rates.append(count / seconds)
            if time.perf_counter() - started > request["budget"]:
                break
        if times:
            answer["p50_us"] = percentile(times, 0.5) / 1e3
            answer["p99_us"] = percentile(times, 0.99) / 1e3
        cores = (cpu_seconds() - used) / (time.perf_counter() - started)
        key = "all" if percent is None else str(percent)
        answer.update(
            queries=count,
            qps=sorted(rates)[len(rates) // 2],
            recall=recall(found, self.truths[key][:count], self.job.k),
            cores=cores,
        )
        return answer

    def limit_for(self, budget, percent):
        """How many queries fit the seconds of one measurement, from a few untimed calls."""
        total = len(self.prepared)
        started = time.perf_counter()
        tried = 0
        for query in self.prepared[:5]:
            self.call(query, percent)
            tried += 1
            if time.perf_counter() - started > budget / 5:
                break
        each = (time.perf_counter() - started) / tried
        return max(min(total, 20), min(total, int(budget / each)))

    def call(self, query, percent):
        if percent is None:
            return self.index.one(query)
        return self.index.filtered(query, int(round(percent * 100)))

    def pass_of_calls(self, count, percent):
        index, found, times = self.index, [], []
        clock = time.perf_counter_ns
        if percent is None:
            one = index.one
        else:
            below = int(round(percent * 100))

            def one(query):
                return index.filtered(query, below)

        # Python's own collections are no peer's fault.
        gc.disable()
        for query in self.prepared[:count]:
            started = clock()
            answer = one(query)
            times.append(clock() - started)
            found.append(answer)
        gc.enable()
        return [index.ids(answer) for answer in found], sum(times) / 1e9, times

    def pass_of_batch(self, count, threads):
        queries = numpy.ascontiguousarray(self.queries[:count])
        started = time.perf_counter()
        answer = self.index.batch(queries, threads)
        seconds = time.perf_counter() - started
        return self.index.batch_ids(answer), seconds

    def pass_of_pool(self, count, threads):
        """For a peer without a batch call: Python threads that make single calls."""
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            list(pool.map(self.index.one, self.prepared[:threads]))
            started = time.perf_counter()
            found = list(pool.map(self.index.one, self.prepared[:count]))
            seconds = time.perf_counter() - started
        return [self.index.ids(answer) for answer in found], seconds


def main():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    start = json.loads(sys.argv[1])
    worker = None
    for line in sys.stdin:
        request = json.loads(line)
        what = request.pop("do")
        if what == "quit":
            break
        try:
            if worker is None:
                worker = Worker(Job(**start["job"]), start["worker"])
            answer = getattr(worker, what)(request)
        except Exception as error:  # whatever a peer does wrong is reported as its own failure
            traceback.print_exc()
            reason = " ".join(str(error).split()) or type(error).__name__
            answer = {"error": f"{type(error).__name__}: {reason}"[:400]}
        print(json.dumps(answer), file=answers, flush=True)
    answers.flush()
    # Some peers keep threads that do not end by themselves.
    os._exit(0)


if __name__ == "__main__":
    main()
