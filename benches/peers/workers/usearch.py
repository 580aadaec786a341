"""usearch: HNSW over f32."""

import os

import numpy

from usearch.index import Index as Graph

from workers import Base


class Index(Base):
    def __init__(self, job):
        super().__init__(job)
        self.file = os.path.join(job.directory, "index.usearch")
        self.graph = Graph(
            ndim=job.dimension,
            metric="l2sq" if job.metric == "l2" else "ip",
            dtype="f32",
            connectivity=job.parameters["connectivity"],
            expansion_add=job.parameters["expansion_add"],
        )

    def details(self):
        return {"acceleration": str(self.graph.hardware_acceleration)}

    def build(self, base, buckets):
        self.graph.add(numpy.arange(len(base)), base, threads=self.job.threads)

    def save(self):
        self.graph.save(self.file)

    def open(self):
        self.graph.load(self.file)

    def set_width(self, width):
        self.graph.expansion_search = width

    def one(self, query):
        return self.graph.search(query, self.job.k, threads=1)

    def ids(self, answer):
        return answer.keys

    def batch(self, queries, threads):
        return self.graph.search(queries, self.job.k, threads=threads)

    def batch_ids(self, answer):
        return answer.keys
