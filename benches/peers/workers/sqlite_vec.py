"""sqlite-vec: an exact scan in SQLite. APSW brings an SQLite that loads extensions everywhere."""

import os
import threading

import apsw
import sqlite_vec

from workers import Base

BATCH = 1000


class Index(Base):
    has_batch = False

    def __init__(self, job):
        super().__init__(job)
        self.file = os.path.join(job.directory, "bench.db")
        self.each = threading.local()

    @property
    def database(self):
        """The connection of the calling thread; they cannot share one."""
        if not hasattr(self.each, "connection"):
            connection = apsw.Connection(self.file)
            connection.enable_load_extension(True)
            connection.load_extension(sqlite_vec.loadable_path())
            self.each.connection = connection
        return self.each.connection

    def build(self, base, buckets):
        measure = "l2" if self.job.metric == "l2" else "cosine"
        bucket = "" if buckets is None else ", bucket integer"
        self.database.execute(
            f"create virtual table bench using vec0(row integer primary key, "
            f"embedding float[{self.job.dimension}] distance_metric={measure}{bucket})"
        )
        for at in range(0, len(base), BATCH):
            rows = range(at, min(at + BATCH, len(base)))
            with self.database:
                if buckets is None:
                    self.database.executemany(
                        "insert into bench (row, embedding) values (?, ?)",
                        ((row, base[row].tobytes()) for row in rows),
                    )
                else:
                    self.database.executemany(
                        "insert into bench (row, embedding, bucket) values (?, ?, ?)",
                        ((row, base[row].tobytes(), int(buckets[row])) for row in rows),
                    )

    def close(self):
        self.database.close()

    def open(self):
        self.database.execute("select count(*) from bench_rowids").fetchall()

    def prepare(self, row):
        return row.tobytes()

    def one(self, query):
        return self.database.execute(
            "select row from bench where embedding match ? and k = ?", (query, self.job.k)
        ).fetchall()

    def filtered(self, query, below):
        return self.database.execute(
            "select row from bench where embedding match ? and k = ? and bucket < ?",
            (query, self.job.k, below),
        ).fetchall()

    def ids(self, answer):
        return [row for (row,) in answer]
