"""hnswlib: HNSW over f32."""

import os

import hnswlib

from workers import Base


class Index(Base):
    def __init__(self, job):
        super().__init__(job)
        self.file = os.path.join(job.directory, "index.bin")
        space = "l2" if job.metric == "l2" else "ip"
        self.index = hnswlib.Index(space, job.dimension)

    def build(self, base, buckets):
        self.index.init_index(
            len(base),
            M=self.job.parameters["m"],
            ef_construction=self.job.parameters["ef_construction"],
        )
        self.index.add_items(base, num_threads=self.job.threads)

    def save(self):
        self.index.save_index(self.file)

    def open(self):
        self.index.load_index(self.file)
        self.index.set_num_threads(1)

    def set_width(self, width):
        self.index.set_ef(width)

    def one(self, query):
        return self.index.knn_query(query, self.job.k, num_threads=1)

    def ids(self, answer):
        return answer[0][0]

    def batch(self, queries, threads):
        return self.index.knn_query(queries, self.job.k, num_threads=threads)

    def batch_ids(self, answer):
        return answer[0]
