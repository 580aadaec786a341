"""SymphonyQG, from the authors' RaBitQ library."""

import os

import rabitqlib

from workers import Base


class Index(Base):
    def __init__(self, job):
        super().__init__(job)
        self.file = os.path.join(job.directory, "index.symqg")
        self.index = None

    def build(self, base, buckets):
        metric = "l2" if self.job.metric == "l2" else "ip"
        self.index = rabitqlib.SymqgIndex(
            self.job.dimension, self.job.parameters["degree"], metric=metric
        )
        self.index.build(
            base, self.job.parameters["ef_construction"], num_threads=self.job.threads
        )

    def save(self):
        self.index.save(self.file)

    def open(self):
        self.index = rabitqlib.SymqgIndex.load(self.file)

    def prepare(self, row):
        return row.reshape(1, -1)

    def one(self, query):
        return self.index.search_batch(query, self.job.k, self.width, num_threads=1)

    def ids(self, answer):
        return self.batch_ids(answer)[0]

    def batch(self, queries, threads):
        return self.index.search_batch(queries, self.job.k, self.width, num_threads=threads)

    def batch_ids(self, answer):
        return answer[0] if answer[0].dtype.kind in "iu" else answer[1]
