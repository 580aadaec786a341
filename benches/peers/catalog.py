"""The peers: what each is, the package it comes from, how it is built and how widely it searches.

This table is the only place where parameters stand. `widths` are the values of the peer's own
search width (`width_name`); `None` alone means that it has none (an exact scan). A database also
stores `bucket` with each row and answers filtered searches.
"""

from dataclasses import dataclass, field

LIBRARY = "library"
DATABASE = "database"

GRAPH_WIDTHS = (10, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)


@dataclass(frozen=True)
class Peer:
    name: str
    title: str
    kind: str
    package: str
    worker: str
    parameters: dict = field(default_factory=dict)
    width_name: str = "ef"
    widths: tuple = GRAPH_WIDTHS
    # Packages needed besides.
    also: tuple = ()

    @property
    def packages(self):
        return tuple(name for name in (self.package, *self.also) if name)

    @property
    def is_database(self):
        return self.kind == DATABASE


LUMOS = Peer(
    name="lumos",
    title="Lumos",
    kind=DATABASE,
    package="",
    worker="",
    parameters={},
)

PEERS = (
    LUMOS,
    Peer(
        name="symphonyqg",
        title="SymphonyQG",
        kind=LIBRARY,
        package="rabitqlib",
        worker="symphonyqg",
        parameters={"degree": 32, "ef_construction": 200},
    ),
    Peer(
        name="alayalite",
        title="AlayaLite RaBitQ",
        kind=LIBRARY,
        package="alayalite",
        worker="alayalite",
        parameters={"graph": "hnsw", "degree": 32, "ef_construction": 200},
    ),
    Peer(
        name="svs",
        title="SVS Vamana",
        kind=LIBRARY,
        package="scalable-vs",
        worker="svs",
        parameters={"degree": 32, "window": 200, "alpha_l2": 1.2, "alpha_ip": 0.95},
        width_name="search window",
    ),
    Peer(
        name="svs-lvq",
        title="SVS Vamana LVQ4x8",
        kind=LIBRARY,
        package="scalable-vs",
        worker="svs",
        parameters={
            "degree": 32,
            "window": 200,
            "alpha_l2": 1.2,
            "alpha_ip": 0.95,
            "lvq": (4, 8),
        },
        width_name="search window",
    ),
    Peer(
        name="hnswlib",
        title="hnswlib",
        kind=LIBRARY,
        package="hnswlib",
        worker="hnswlib",
        parameters={"m": 16, "ef_construction": 200},
    ),
    Peer(
        name="faiss",
        title="faiss HNSW",
        kind=LIBRARY,
        package="faiss-cpu",
        worker="faiss_flat",
        parameters={"m": 16, "ef_construction": 200},
        width_name="efSearch",
    ),
    Peer(
        name="faiss-sq8",
        title="faiss HNSW SQ8 + refine",
        kind=LIBRARY,
        package="faiss-cpu",
        worker="faiss_sq8",
        parameters={"m": 16, "ef_construction": 200, "refine_factor": 2},
        width_name="efSearch",
    ),
    Peer(
        name="usearch",
        title="usearch",
        kind=LIBRARY,
        package="usearch",
        worker="usearch",
        parameters={"connectivity": 16, "expansion_add": 200},
        width_name="expansion_search",
    ),
    Peer(
        name="vsag",
        title="VSAG SQ8 + f32",
        kind=LIBRARY,
        package="pyvsag",
        worker="vsag",
        parameters={"max_degree": 32, "ef_construction": 200},
        width_name="ef_search",
    ),
    Peer(
        name="zvec",
        title="zvec",
        kind=DATABASE,
        package="zvec",
        worker="zvec",
        parameters={"m": 16, "ef_construction": 200},
    ),
    Peer(
        name="zvec-int8",
        title="zvec int8",
        kind=DATABASE,
        package="zvec",
        worker="zvec",
        parameters={"m": 16, "ef_construction": 200, "quantize": "INT8"},
    ),
    Peer(
        name="zvec-int8-refine",
        title="zvec int8 + refine",
        kind=DATABASE,
        package="zvec",
        worker="zvec",
        parameters={
            "m": 16,
            "ef_construction": 200,
            "quantize": "INT8",
            "refine_factor": 2.0,
        },
    ),
    Peer(
        name="qdrant-edge",
        title="qdrant-edge",
        kind=DATABASE,
        package="qdrant-edge-py",
        worker="qdrant_edge",
        parameters={
            "m": 16,
            "ef_construct": 200,
            "full_scan_threshold": 10_000,
        },
        width_name="hnsw_ef",
    ),
    Peer(
        name="lancedb",
        title="LanceDB",
        kind=DATABASE,
        package="lancedb",
        worker="lancedb",
        # It asks for at least k times the refine factor.
        widths=(20, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512),
        parameters={
            "index": "IVF_HNSW_SQ",
            "m": 16,
            "ef_construction": 200,
            "num_partitions": 1,
            "nprobes": 1,
            "refine_factor": 2,
        },
    ),
    Peer(
        name="chroma",
        title="Chroma",
        kind=DATABASE,
        package="chromadb",
        worker="chroma",
        parameters={"max_neighbors": 16, "ef_construction": 200},
        width_name="ef_search",
    ),
    Peer(
        name="sqlite-vec",
        title="sqlite-vec",
        kind=DATABASE,
        package="sqlite-vec",
        worker="sqlite_vec",
        also=("apsw",),
        parameters={"scan": "exact"},
        width_name="none",
        widths=(None,),
    ),
)

BY_NAME = {peer.name: peer for peer in PEERS}


def select(names):
    """The peers of a comma-separated list, in the order of the table; everything for None."""
    if not names:
        return list(PEERS)
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in BY_NAME]
    if unknown:
        raise ValueError(f"unknown peer {', '.join(unknown)}; there are {', '.join(BY_NAME)}")
    return [peer for peer in PEERS if peer.name in wanted]
