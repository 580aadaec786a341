"""AlayaLite: a graph over RaBitQ codes."""

import numpy
from alayalite import Client

from workers import Base

NAME = "index"


class Index(Base):
    def __init__(self, job):
        super().__init__(job)
        self.client = None
        self.index = None

    def build(self, base, buckets):
        self.client = Client(self.job.directory)
        self.index = self.client.create_index(
            NAME,
            index_type=self.job.parameters["graph"],
            data_type=numpy.float32,
            quantization_type="rabitq",
            metric="l2" if self.job.metric == "l2" else "ip",
            capacity=max(len(base), 1),
            max_nbrs=self.job.parameters["degree"],
            build_threads=self.job.threads,
        )
        self.index.fit(
            base,
            ef_construction=self.job.parameters["ef_construction"],
            num_threads=self.job.threads,
        )

    def save(self):
        self.client.save_index(NAME)

    def open(self):
        self.client = Client(self.job.directory)
        self.index = self.client.get_index(NAME)

    def one(self, query):
        return self.index.search(query, self.job.k, self.width)

    def batch(self, queries, threads):
        return self.index.batch_search(queries, self.job.k, self.width, threads)
