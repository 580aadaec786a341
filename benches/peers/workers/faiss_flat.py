"""faiss: HNSW over f32."""

import os

import faiss
import numpy

from workers import Base


def metric_of(job):
    return faiss.METRIC_L2 if job.metric == "l2" else faiss.METRIC_INNER_PRODUCT


class Index(Base):
    def __init__(self, job):
        super().__init__(job)
        self.file = os.path.join(job.directory, "index.faiss")
        self.index = None

    def details(self):
        return {"compiled": faiss.get_compile_options().strip()}

    def graph(self):
        return self.index

    def make(self):
        return faiss.IndexHNSWFlat(
            self.job.dimension, self.job.parameters["m"], metric_of(self.job)
        )

    def build(self, base, buckets):
        faiss.omp_set_num_threads(self.job.threads)
        self.index = self.make()
        self.graph().hnsw.efConstruction = self.job.parameters["ef_construction"]
        self.index.train(base)
        self.index.add(base)

    def save(self):
        faiss.write_index(self.index, self.file)

    def open(self):
        self.index = faiss.read_index(self.file)
        faiss.omp_set_num_threads(1)

    def set_width(self, width):
        self.graph().hnsw.efSearch = width

    def prepare(self, row):
        return numpy.ascontiguousarray(row.reshape(1, -1))

    def one(self, query):
        return self.index.search(query, self.job.k)

    def ids(self, answer):
        return answer[1][0]

    def batch(self, queries, threads):
        faiss.omp_set_num_threads(threads)
        answer = self.index.search(queries, self.job.k)
        faiss.omp_set_num_threads(1)
        return answer

    def batch_ids(self, answer):
        return answer[1]
