"""zvec: HNSW over f32 or int8, through its collections."""

import os
import shutil

import zvec

from workers import Base

BATCH = 1000


class Index(Base):
    has_batch = False

    def __init__(self, job):
        super().__init__(job)
        self.path = os.path.join(job.directory, "collection")
        zvec.init(
            log_level=zvec.LogLevel.ERROR,
            query_threads=job.threads,
            optimize_threads=job.threads,
        )
        self.collection = None
        self.settings = None

    def build(self, base, buckets):
        given = self.job.parameters
        quantized = given.get("quantize")
        index = zvec.HnswIndexParam(
            metric_type=zvec.MetricType.L2 if self.job.metric == "l2" else zvec.MetricType.IP,
            m=given["m"],
            ef_construction=given["ef_construction"],
            quantize_type=getattr(zvec.QuantizeType, quantized or "UNDEFINED"),
        )
        fields = []
        if buckets is not None:
            ranged = zvec.InvertIndexParam(enable_range_optimization=True)
            fields = [zvec.FieldSchema("bucket", zvec.DataType.INT64, False, ranged)]
        schema = zvec.CollectionSchema(
            name="bench",
            fields=fields,
            vectors=zvec.VectorSchema(
                "embedding", zvec.DataType.VECTOR_FP32, self.job.dimension, index
            ),
        )
        shutil.rmtree(self.path, ignore_errors=True)
        self.collection = zvec.create_and_open(self.path, schema)
        for at in range(0, len(base), BATCH):
            rows = range(at, min(at + BATCH, len(base)))
            documents = [
                zvec.Doc(
                    id=str(row),
                    vectors={"embedding": base[row]},
                    fields={} if buckets is None else {"bucket": int(buckets[row])},
                )
                for row in rows
            ]
            for status in self.collection.insert(documents):
                if not status.ok():
                    raise RuntimeError(status.message())
        self.collection.optimize(zvec.OptimizeOption(concurrency=self.job.threads))
        self.collection.flush()

    def close(self):
        self.collection.close()

    def open(self):
        self.collection = zvec.open(self.path, zvec.CollectionOption(read_only=True))

    def set_width(self, width):
        refine = self.job.parameters.get("refine_factor")
        self.settings = zvec.HnswQueryParam(
            ef=width, is_using_refiner=refine is not None, scale_factor=refine or 0.0
        )

    def one(self, query):
        """Through the call for low latency, which has no advantage when there is a filter."""
        asked = zvec.Query("embedding", vector=query, param=self.settings)
        found = self.collection.query_internal_ids(asked, topk=self.job.k)
        return self.collection.resolve_internal_ids(found)

    def filtered(self, query, below):
        asked = zvec.Query("embedding", vector=query, param=self.settings)
        found = self.collection.query(
            asked, topk=self.job.k, output_fields=[], filter=f"bucket < {below}"
        )
        return [document.id for document in found]

    def ids(self, answer):
        return [int(key) for key in answer if key is not None]
