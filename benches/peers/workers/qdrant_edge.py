"""qdrant-edge: one shard of Qdrant in the process, HNSW over f32."""

import os

import qdrant_edge as edge

from workers import Base

BATCH = 1000


class Index(Base):
    def __init__(self, job):
        super().__init__(job)
        self.path = os.path.join(job.directory, "shard")
        self.shard = None

    def config(self):
        given = self.job.parameters
        distance = edge.Distance.Euclid if self.job.metric == "l2" else edge.Distance.Dot
        graph = edge.HnswIndexConfig(
            m=given["m"],
            ef_construct=given["ef_construct"],
            full_scan_threshold=given["full_scan_threshold"],
            max_indexing_threads=self.job.threads,
        )
        return edge.EdgeConfig(
            vectors=edge.EdgeVectorParams(size=self.job.dimension, distance=distance),
            hnsw_config=graph,
            optimizers=edge.EdgeOptimizersConfig(default_segment_number=1),
            max_search_threads=self.job.threads,
        )

    def build(self, base, buckets):
        os.makedirs(self.path, exist_ok=True)
        self.shard = edge.EdgeShard.create(self.path, self.config())
        if buckets is not None:
            ranged = edge.IntegerIndexParams(lookup=False, range=True)
            self.shard.update(edge.UpdateOperation.create_field_index("bucket", ranged))
        for at in range(0, len(base), BATCH):
            points = [
                edge.Point(
                    id=row,
                    vector=base[row].tolist(),
                    payload=None if buckets is None else {"bucket": int(buckets[row])},
                )
                for row in range(at, min(at + BATCH, len(base)))
            ]
            self.shard.update(edge.UpdateOperation.upsert_points(points))
        self.shard.optimize()
        self.shard.flush()

    def close(self):
        self.shard.close()

    def open(self):
        self.shard = edge.EdgeShard.load(self.path, self.config())

    def set_width(self, width):
        self.settings = edge.SearchParams(hnsw_ef=width)

    def prepare(self, row):
        return edge.Query.Nearest(row.tolist())

    def request(self, query, chosen=None):
        return edge.QueryRequest(
            limit=self.job.k, query=query, filter=chosen, params=self.settings
        )

    def one(self, query):
        return self.shard.query(self.request(query))

    def filtered(self, query, below):
        kept = edge.FieldCondition(key="bucket", range=edge.RangeFloat(lt=float(below)))
        return self.shard.query(self.request(query, edge.Filter(must=[kept])))

    def ids(self, answer):
        return [point.id for point in answer]

    def batch(self, queries, threads):
        asked = [self.request(self.prepare(row)) for row in queries]
        return self.shard.query_batch(edge.QueryBatchRequest(asked))

    def batch_ids(self, answer):
        return [self.ids(points) for points in answer]
