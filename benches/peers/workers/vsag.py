"""VSAG: a graph over 8-bit codes, the candidates compared again in f32. It has no batch call."""

import json
import os

import numpy
import pyvsag

from workers import Base


class Index(Base):
    has_batch = False

    def __init__(self, job):
        super().__init__(job)
        pyvsag.set_logger_off()
        self.file = os.path.join(job.directory, "index.vsag")
        given = job.parameters
        settings = {
            "dtype": "float32",
            "metric_type": "l2" if job.metric == "l2" else "ip",
            "dim": job.dimension,
            "index_param": {
                "base_quantization_type": "sq8",
                "use_reorder": True,
                "precise_quantization_type": "fp32",
                "max_degree": given["max_degree"],
                "ef_construction": given["ef_construction"],
                "build_thread_count": job.threads,
            },
        }
        self.index = pyvsag.Index("hgraph", json.dumps(settings))

    def build(self, base, buckets):
        numbers = numpy.arange(len(base), dtype=numpy.int64)
        self.index.build(base.reshape(-1), numbers, len(base), self.job.dimension)

    def save(self):
        self.index.save(self.file)

    def open(self):
        self.index.load(self.file)

    def set_width(self, width):
        self.settings = json.dumps({"hgraph": {"ef_search": width}})

    def one(self, query):
        return self.index.knn_search(query, self.job.k, self.settings)

    def ids(self, answer):
        return next(part for part in answer if part.dtype.kind in "iu")
