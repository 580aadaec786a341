"""Chroma: collections in the process."""

import itertools

import chromadb
from chromadb import K, Knn, Rrf, Search
from chromadb.execution import expression

from features import Partly, lacks, refused, same

CLIENT = chromadb.EphemeralClient(settings=chromadb.config.Settings(anonymized_telemetry=False))
NUMBERS = itertools.count()
FILTERED = Partly("a filter by part of the text or by regular expression; nothing is ranked")
OWNERS = (chromadb.Collection, chromadb.api.ClientAPI, expression)


def collection(*documents, metadata=None, vectors=None):
    """A collection with a document each; its vector is [1, its number] unless given."""
    made = CLIENT.create_collection(f"tried-{next(NUMBERS)}", embedding_function=None)
    put(made, *documents, metadata=metadata, vectors=vectors)
    return made


def put(made, *documents, metadata=None, vectors=None):
    made.upsert(
        ids=[str(number) for number in range(len(documents))],
        documents=list(documents),
        metadatas=metadata,
        embeddings=vectors or [[1.0, float(number)] for number in range(len(documents))],
    )


def with_metadata(*metadata):
    return collection(*("a" for _ in metadata), metadata=list(metadata))


def texts(made, condition):
    return [int(key) for key in made.get(where_document=condition, include=[])["ids"]]


def matching(made, condition):
    return sorted(int(key) for key in made.get(where=condition, include=[])["ids"])


def near(made, *numbers, limit=9, **named):
    found = made.query(query_embeddings=[list(map(float, numbers))], n_results=limit, **named)
    return [int(key) for key in found["ids"][0]]


def searched(ranking):
    """The call for ranking of every kind, which a local collection does not take."""
    return refused(collection("snow").search, Search().rank(ranking).limit(3))


# Keyword


def bm25():
    lacks(["bm25", "keyword", "rank_text"], *OWNERS)
    return searched(Knn(query=chromadb.SparseVector(indices=[7], values=[1.0]), key="terms"))


def field_boosts():
    return lacks(["boost"], *OWNERS)


def phrase():
    same(texts(collection("the group commit", "a commit of a group"), {"$contains": "group commit"}), [0])
    return FILTERED


def phrase_slop():
    return lacks(["slop", "proximity"], *OWNERS)


def boolean():
    made = collection("wal segment", "wal draft", "segment", "wal")
    same(texts(made, {"$and": [{"$contains": "wal"}, {"$not_contains": "draft"}]}), [0, 3])
    return FILTERED


def prefix():
    same(texts(collection("the segments", "log"), {"$regex": r"\bseg"}), [0])
    return FILTERED


def as_you_type():
    made = collection("group commit", "group")
    same(texts(made, {"$and": [{"$contains": "group"}, {"$regex": r"\bcomm"}]}), [0])
    return FILTERED


def fuzzy():
    return lacks(["fuzz", "edit", "typo"], *OWNERS)


def regex_terms():
    same(texts(collection("the segments", "log"), {"$regex": r"\bseg(ment)?s?\b"}), [0])
    return FILTERED


def wildcard_terms():
    same(texts(collection("the segments", "log"), {"$regex": r"\bse.m\w*"}), [0])
    return FILTERED


def analyzer_per_field():
    return lacks(["analyz", "tokeniz"], chromadb, *OWNERS)


def cjk():
    same(texts(collection("在本机上打开数据库文件", "本机"), {"$contains": "数据"}), [0])
    return FILTERED


def stemming():
    return lacks(["stem"], *OWNERS, but=("system",))


def stop_words():
    return lacks(["stop"], chromadb, *OWNERS)


def code_words():
    same(texts(collection("getUserName()", "log"), {"$contains": "User"}), [0])
    return FILTERED


def ngrams():
    same(texts(collection("segments", "log"), {"$contains": "gmen"}), [0])
    return FILTERED


def read_your_writes():
    made = collection("snow")
    put(made, "rain", "hail")
    same((texts(made, {"$contains": "hail"}), near(made, 0, 1)), ([1], [1, 0]))


def highlight():
    return lacks(["highlight", "snippet"], chromadb, *OWNERS)


highlight_hybrid = highlight


# Filters


def nested_paths():
    return refused(with_metadata, {"author": {"name": "Ada"}})


def arrays():
    made = with_metadata({"tags": ["x", "y"]}, {"tags": ["x", "z"]})
    same(matching(made, {"$or": [{"tags": {"$contains": tag}} for tag in ("z", "w")]}), [1])
    same(matching(made, {"$and": [{"tags": {"$contains": tag}} for tag in ("x", "y")]}), [0])


def array_length():
    return refused(matching, with_metadata({"tags": ["x", "y"]}), {"tags": {"$size": 2}})


def object_arrays():
    return refused(with_metadata, {"items": [{"price": 12, "qty": 9}]})


def in_list():
    made = with_metadata({"n": 7}, {"n": 20_000}, {"n": 9_999})
    same(matching(made, {"n": {"$in": list(range(10_000))}}), [0, 2])


def text_prefix():
    refused(matching, with_metadata({"name": "db-1"}), {"name": {"$like": "db-%"}})
    same(texts(collection("db-1", "web"), {"$regex": "^db-"}), [0])
    return Partly("of the document's text, not of metadata")


def text_regex():
    refused(matching, with_metadata({"name": "db-1"}), {"name": {"$regex": "^db-[0-9]+$"}})
    same(texts(collection("db-1", "web"), {"$regex": "^db-[0-9]+$"}), [0])
    return Partly("of the document's text, not of metadata")


def dates():
    refused(matching, with_metadata({"at": "2026-01-31"}), {"at": {"$gte": "2026-01-01"}})
    made = with_metadata({"at": 1_769_850_000}, {"at": 1_588_636_800})
    same(matching(made, {"at": {"$gte": 1_767_225_600}}), [0])
    return Partly("as numbers only")


def dates_relative():
    return refused(matching, with_metadata({"at": 1}), {"at": {"$gt": "now() - 7d"}})


def places():
    return with_metadata({"lat": 59.91, "lon": 10.75}, {"lat": 60.39, "lon": 5.32})


def geo_radius():
    return refused(matching, places(), {"place": {"$geo_radius": [59.9, 10.7, 5_000]}})


def geo_box():
    box = [{"lat": {"$gte": 60}}, {"lat": {"$lte": 61}}, {"lon": {"$gte": 5}}, {"lon": {"$lte": 6}}]
    same(matching(places(), {"$and": box}), [1])
    return Partly("the program filters by two ranges")


def is_null():
    refused(matching, with_metadata({"n": 1}), {"n": None})
    return refused(matching, with_metadata({"n": 1}), {"n": {"$exists": True}})


def match_in_filter():
    made = collection("wal segment", "draft of the wal")
    same(near(made, 1, 0, where_document={"$contains": "draft"}), [1])
    return Partly("by part of the text or regular expression, not by words")


def secondary_index():
    same(matching(with_metadata({"n": 1}, {"n": 2}), {"n": {"$gt": 1}}), [1])
    return Partly("all metadata is indexed; nothing can be declared for a local collection")


def delete_by_filter():
    made = with_metadata({"n": 1}, {"n": 2}, {"n": 3})
    made.delete(where={"n": {"$gt": 1}})
    same(matching(made, None), [0])


def update_by_filter():
    made = with_metadata({"n": 1})
    return refused(made.update, where={"n": 1}, metadatas={"seen": True})


# Facets and listing


def terms():
    lacks(["facet", "histogram", "distinct"], *OWNERS)
    grouped = expression.GroupBy(keys=[K("lang")], aggregate=expression.MinK(keys=[K.SCORE], k=1))
    return refused(with_metadata({"lang": "en"}).search, Search().group_by(grouped).limit(3))


def ranges():
    return lacks(["facet", "histogram", "range"], *OWNERS)


date_histogram = ranges


def stats():
    return lacks(["average", "mean", "stats"], *OWNERS)


def cardinality():
    return lacks(["distinct", "cardinal", "unique"], *OWNERS)


def count():
    made = with_metadata({"n": 1}, {"n": 2}, {"n": 3})
    refused(made.count, where={"n": {"$gt": 1}})
    same((len(matching(made, {"n": {"$gt": 1}})), made.count()), (2, 3))
    return Partly("as the number of keys that `get` gives")


def order_by():
    return lacks(["order", "sort"], *OWNERS)


def cursor():
    made = with_metadata({"n": 1}, {"n": 2}, {"n": 3})
    same(made.get(limit=1, offset=1, include=[])["ids"], ["1"])
    return Partly("by offset: a number of documents, not a place in the order")


def scroll():
    made = with_metadata({"n": 1}, {"n": 2}, {"n": 3})
    pages = [made.get(limit=2, offset=at, include=[])["ids"] for at in (0, 2)]
    same(sorted(key for page in pages for key in page), ["0", "1", "2"])
    return Partly("by offset: a number of documents, not a place in the order")


# Ranking


def legs():
    return [Knn(query=[1.0, float(y)], return_rank=True) for y in (0, 1, 2)]


def rrf():
    return searched(Rrf(legs()[:2]))


def rrf_weights():
    return searched(Rrf(legs()[:2], weights=[2.0, 1.0]))


def weighted_sum():
    return searched(legs()[0] * 0.7 + legs()[1] * 0.3)


def dbsf():
    return lacks(["dbsf"], *OWNERS)


def many_legs():
    return searched(Rrf(legs()))


def prefetch():
    return lacks(["prefetch", "candidate", "subquery"], *OWNERS)


def formula():
    return searched(Knn(query=[1.0, 0.0]) * 0.5 + expression.Val(1.0).exp())


def mmr():
    return lacks(["mmr", "divers", "marginal"], *OWNERS)


def group_by():
    grouped = expression.GroupBy(keys=[K("lang")], aggregate=expression.MinK(keys=[K.SCORE], k=3))
    search = Search().rank(Knn(query=[1.0, 0.0])).group_by(grouped).limit(3)
    return refused(with_metadata({"lang": "en"}).search, search)


def recommend():
    return lacks(["recommend", "positive", "negative"], *OWNERS)


def like_key():
    made = collection("a", "b", "c", vectors=[[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]])
    stored = made.get(ids=["0"], include=["embeddings"])["embeddings"][0]
    same(near(made, *stored), [0, 2, 1])
    return Partly("the program reads the vector and searches with it")


def threshold():
    lacks(["threshold", "max_distance", "within", "radius"], *OWNERS)
    return refused(near, collection("a"), 1, 0, max_distance=0.5)


def batch():
    found = collection("a", "b").query(query_embeddings=[[1.0, 1.0], [1.0, 0.0]], n_results=1)
    same(found["ids"], [["1"], ["0"]])


def rerank():
    return lacks(["rerank"], chromadb, *OWNERS)


def explain_hit():
    return lacks(["explain", "score_of"], *OWNERS)


def query_plan():
    return lacks(["explain", "profile", "query_plan"], *OWNERS)


def asked_recall():
    return lacks(["recall"], *OWNERS)


# Vectors and documents


def named_vectors():
    named = {"title": [1.0, 0.0], "image": [0.0, 1.0]}
    return refused(collection, "a", vectors=[named])


def sparse():
    weights = chromadb.SparseVector(indices=[7], values=[0.3])
    return refused(with_metadata, {"terms": weights})


def multi_vectors():
    return refused(collection, "a", vectors=[[[1.0, 0.0], [0.0, 1.0]]])


def typed_documents():
    return lacks(["pydantic", "dataclass", "model_class"], *OWNERS)


def alter():
    made = with_metadata({"draft": "a", "n": 1})
    made.update(ids=["0"], metadatas=[{"votes": 5, "draft": None}])
    same(made.get()["metadatas"], [{"n": 1, "votes": 5}])
    return Partly("metadata, key by key and document by document; no vectors")


def atomic_commit():
    made = collection("snow")
    refused(made.add, ids=["7", "8"], documents=["hail", "x"], embeddings=[[1.0, 9.0], [1.0]])
    same(texts(made, {"$contains": "hail"}), [])
    made.add(ids=["7"], documents=["hail"], embeddings=[[1.0, 9.0]], metadatas=[{"n": 7}])
    found = (texts(made, {"$contains": "hail"}), near(made, 1, 9, limit=1), matching(made, {"n": 7}))
    same(found, ([7], [7], [7]))


def transaction():
    return lacks(["transaction", "begin", "rollback", "commit"], *OWNERS)
