"""Chroma: its HNSW index in the process, ids only."""

import chromadb
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings

from workers import Base

BATCH = 2000


class Index(Base):
    def __init__(self, job):
        super().__init__(job)
        self.collection = None
        self.width = None

    def client(self):
        settings = Settings(anonymized_telemetry=False)
        return chromadb.PersistentClient(self.job.directory, settings=settings)

    def build(self, base, buckets):
        given = self.job.parameters
        self.collection = self.client().create_collection(
            "bench",
            embedding_function=None,
            configuration={
                "hnsw": {
                    "space": "l2" if self.job.metric == "l2" else "ip",
                    "max_neighbors": given["max_neighbors"],
                    "ef_construction": given["ef_construction"],
                    "num_threads": self.job.threads,
                }
            },
        )
        for at in range(0, len(base), BATCH):
            rows = range(at, min(at + BATCH, len(base)))
            self.collection.add(
                ids=[str(row) for row in rows],
                embeddings=base[rows.start : rows.stop],
                metadatas=(
                    None if buckets is None else [{"bucket": int(buckets[row])} for row in rows]
                ),
            )

    def open(self):
        self.collection = self.client().get_collection("bench", embedding_function=None)

    def set_width(self, width):
        """Changes the setting, which a collection takes over when it is loaded: so it is."""
        if width != self.width:
            self.collection.modify(configuration={"hnsw": {"ef_search": width}})
            SharedSystemClient.clear_system_cache()
            self.open()
            self.width = width

    def prepare(self, row):
        return row.reshape(1, -1)

    def one(self, query):
        return self.collection.query(query_embeddings=query, n_results=self.job.k, include=[])

    def filtered(self, query, below):
        return self.collection.query(
            query_embeddings=query,
            n_results=self.job.k,
            where={"bucket": {"$lt": below}},
            include=[],
        )

    def ids(self, answer):
        return self.batch_ids(answer)[0]

    def batch(self, queries, threads):
        return self.collection.query(query_embeddings=queries, n_results=self.job.k, include=[])

    def batch_ids(self, answer):
        return [[int(key) for key in keys] for keys in answer["ids"]]
