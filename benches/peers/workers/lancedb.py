"""LanceDB: HNSW over 8-bit codes in one partition, the candidates compared again exactly."""

import lancedb
import numpy
import pyarrow

from workers import Base


class Index(Base):
    def __init__(self, job):
        super().__init__(job)
        self.table = None

    @property
    def distance(self):
        return "l2" if self.job.metric == "l2" else "dot"

    def build(self, base, buckets):
        given = self.job.parameters
        flat = pyarrow.array(base.reshape(-1))
        columns = {
            "id": pyarrow.array(numpy.arange(len(base))),
            "vector": pyarrow.FixedSizeListArray.from_arrays(flat, self.job.dimension),
        }
        if buckets is not None:
            columns["bucket"] = pyarrow.array(buckets)
        database = lancedb.connect(self.job.directory)
        self.table = database.create_table("bench", pyarrow.table(columns))
        self.table.create_index(
            metric=self.distance,
            index_type=given["index"],
            num_partitions=given["num_partitions"],
            m=given["m"],
            ef_construction=given["ef_construction"],
        )
        if buckets is not None:
            self.table.create_scalar_index("bucket", index_type="BTREE")

    def open(self):
        self.table = lancedb.connect(self.job.directory).open_table("bench")

    def asked(self, query):
        given = self.job.parameters
        return (
            self.table.search(query)
            .distance_type(self.distance)
            .nprobes(given["nprobes"])
            .ef(max(self.width, self.job.k * given["refine_factor"]))
            .refine_factor(given["refine_factor"])
            .limit(self.job.k)
            .select(["id", "_distance"])
        )

    def one(self, query):
        return self.asked(query).to_arrow()

    def filtered(self, query, below):
        return self.asked(query).where(f"bucket < {below}", prefilter=True).to_arrow()

    def ids(self, answer):
        return answer["id"].to_pylist()

    def batch(self, queries, threads):
        return self.asked(list(queries)).to_arrow(), len(queries)

    def batch_ids(self, answer):
        table, count = answer
        rows = [[] for _ in range(count)]
        for number, row in zip(table["query_index"].to_pylist(), table["id"].to_pylist()):
            rows[number].append(row)
        return rows
