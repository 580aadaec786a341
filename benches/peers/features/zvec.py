"""zvec: collections in the process."""

import os

import zvec
from zvec.extension import CallbackReRanker

from features import Partly, folder, lacks, misses, refused, same

zvec.init(log_level=zvec.LogLevel.FATAL)
Kind = zvec.DataType
Field = zvec.FieldSchema
FLAT = zvec.FlatIndexParam(metric_type=zvec.MetricType.IP)
AS_GRAMS = Partly("as n-grams, which are found at any place of a word")
RANGES = Partly("the program filters by two ranges")


def collection(fields, *documents, vectors=None, spaces=None):
    """A collection with a document each; its vector is [1, its number] unless given."""
    spaces = spaces or [zvec.VectorSchema("v", Kind.VECTOR_FP32, 2, FLAT)]
    schema = zvec.CollectionSchema(name="tried", fields=fields, vectors=spaces)
    made = zvec.create_and_open(os.path.join(folder(), "collection"), schema)
    put(made, *documents, vectors=vectors)
    return made


def put(made, *documents, vectors=None):
    given = [
        zvec.Doc(
            id=str(number),
            vectors=vectors[number] if vectors else {"v": [1.0, float(number)]},
            fields=one,
        )
        for number, one in enumerate(documents)
    ]
    for status in made.upsert(given):
        assert status.ok(), status.message()


def text(name="text", *settings):
    return Field(name, Kind.STRING, False, zvec.FtsIndexParam(*settings))


def texts(*lines, settings=()):
    return collection([text("text", *settings)], *({"text": line} for line in lines))


def ids(made, queries, topk=9, **named):
    found = made.query(queries, topk=topk, output_fields=[], **named)
    return [int(document.id) for document in found]


def words(made, query, field="text", **named):
    return ids(made, zvec.Query(field, fts=zvec.Fts(query_string=query)), **named)


def near(*numbers, **named):
    return zvec.Query("v", vector=list(map(float, numbers)), **named)


def matching(made, chosen):
    return sorted(ids(made, near(1, 0), filter=chosen))


def numbers(*values, index=None):
    return collection([Field("n", Kind.INT64, True, index)], *({"n": one} for one in values))


def column(name, kind, *values):
    documents = [{} if one is None else {name: one} for one in values]
    return collection([Field(name, kind, True)], *documents)


# Keyword


def bm25():
    same(words(texts("snow and rain", "rain", "snow snow snow"), "snow"), [2, 0])


def field_boosts():
    made = collection(
        [text("title"), text("text")], {"title": "log", "text": "rain"}, {"title": "rain", "text": "log"}
    )
    refused(words, made, "log^2")
    legs = [zvec.Query(field, fts=zvec.Fts(query_string="log")) for field in ("title", "text")]
    same(ids(made, legs, reranker=zvec.WeightedReRanker([9.0, 1.0]))[0], 0)
    same(ids(made, legs, reranker=zvec.WeightedReRanker([1.0, 9.0]))[0], 1)
    return Partly("a weighted sum over a query for each field")


def phrase():
    same(words(texts("the group commit", "a commit of a group"), '"group commit"'), [0])


def phrase_slop():
    made = texts("commit of a group", "commit")
    return misses(lambda: words(made, '"commit group"~3'), [0])


def boolean():
    made = texts("wal segment", "wal draft", "segment", "wal")
    same(words(made, "+wal segment -draft"), [0, 3])


def grams(*lines):
    return texts(*lines, settings=("ngram", ["lowercase"], '{"ngram_min":3,"ngram_max":4}'))


def prefix():
    misses(lambda: words(texts("segments", "log"), "seg*"), [0])
    same(words(grams("segments", "log"), "seg"), [0])
    return AS_GRAMS


def as_you_type():
    misses(lambda: words(texts("group", "group commit"), "+group +comm*"), [1])
    same(words(grams("group", "group commit"), "+group +comm"), [1])
    return AS_GRAMS


def fuzzy():
    return misses(lambda: words(texts("segment", "log"), "segmnet~2"), [0])


def regex_terms():
    return misses(lambda: words(texts("segment", "log"), "/seg.*/"), [0])


def wildcard_terms():
    misses(lambda: words(texts("segment", "log"), "se?m*"), [0])
    same(matching(column("plain", Kind.STRING, "the segment", "log"), "plain LIKE '%se_m%'"), [0])
    return Partly("a filter by LIKE, of a field without full-text index; nothing is ranked by it")


def analyzer_per_field():
    made = collection(
        [text("plain"), text("parts", "ngram", ["lowercase"], '{"ngram_min":3,"ngram_max":3}')],
        {"plain": "segment", "parts": "segment"},
    )
    same((words(made, "gmen", "plain"), words(made, "gmen", "parts")), ([], [0]))


def cjk():
    same(words(texts("在本机上打开数据库文件", "本机"), "数据"), [0])


def stemming():
    made = texts("Running dogs", "cats", settings=("standard", ["lowercase", "stemmer"]))
    same(words(made, "dog run"), [0])


def stop_words():
    lacks(["stop"], zvec)
    return refused(texts, "the log", settings=("standard", ["lowercase", "stop"]))


def code_words():
    misses(lambda: words(texts("getUserName()", "set_user_name"), "user"), [0, 1])
    same(sorted(words(grams("getUserName()", "set_user_name"), "user")), [0, 1])
    return AS_GRAMS


def ngrams():
    same(words(grams("segments", "log"), "gmen"), [0])


def read_your_writes():
    made = texts("snow")
    put(made, {"text": "rain"}, {"text": "hail"})
    same(words(made, "hail"), [1])


def highlight():
    return lacks(["highlight", "snippet"], zvec)


highlight_hybrid = highlight


# Filters


def nested_paths():
    lacks(["json", "struct", "object"], Kind)
    return refused(matching, numbers(1), "author.name = 'Ada'")


def arrays():
    made = column("tags", Kind.ARRAY_STRING, ["x", "y"], ["x", "z"])
    same(matching(made, "tags CONTAIN_ANY ('z', 'w')"), [1])
    same(matching(made, "tags CONTAIN_ALL ('x', 'y')"), [0])


def array_length():
    made = column("tags", Kind.ARRAY_STRING, ["x", "y"], ["x"])
    same(matching(made, "array_length(tags) > 1"), [0])


def object_arrays():
    return lacks(["json", "struct", "object"], Kind)


def in_list():
    chosen = ", ".join(map(str, range(10_000)))
    same(matching(numbers(7, 20_000, 9_999), f"n IN ({chosen})"), [0, 2])


def text_prefix():
    made = column("name", Kind.STRING, "db-1", "web")
    same((matching(made, "name LIKE 'db-%'"), matching(made, "name LIKE '%e_'")), ([0], [1]))


def text_regex():
    return refused(matching, column("name", Kind.STRING, "db-1"), "name REGEXP 'db-[0-9]'")


def dates():
    lacks(["date", "time"], Kind)
    made = column("at", Kind.STRING, "2026-01-31T10:00:00Z", "2020-05-05T00:00:00Z")
    same(matching(made, "at >= '2026-01-01'"), [0])
    return Partly("as texts or numbers of one form, not as instants")


def dates_relative():
    return refused(matching, column("at", Kind.STRING, "2026-01-31"), "at > now()")


def places():
    fields = [Field(name, Kind.DOUBLE, True) for name in ("lat", "lon")]
    return collection(fields, {"lat": 59.91, "lon": 10.75}, {"lat": 60.39, "lon": 5.32})


def geo_radius():
    lacks(["geo"], zvec)
    return refused(matching, places(), "distance(lat, lon, 59.9, 10.7) < 5000")


def geo_box():
    box = "lat >= 60 AND lat <= 61 AND lon >= 5 AND lon <= 6"
    same(matching(places(), box), [1])
    return RANGES


def is_null():
    made = column("n", Kind.INT64, 1, None)
    same((matching(made, "n IS NULL"), matching(made, "n IS NOT NULL")), ([1], [0]))


def match_in_filter():
    return refused(matching, texts("wal segment"), "text LIKE '%wal%'")


def secondary_index():
    made = numbers(1, 2, index=zvec.InvertIndexParam(enable_range_optimization=True))
    same(matching(made, "n > 1"), [1])


def delete_by_filter():
    made = numbers(1, 2, 3)
    made.delete_by_filter("n > 1")
    same(matching(made, None), [0])


def update_by_filter():
    return lacks(["update_by", "update_where"], zvec)


# Facets and listing


def terms():
    return lacks(["facet", "aggregat", "count_by", "histogram"], zvec)


def ranges():
    return terms()


def date_histogram():
    return terms()


def stats():
    return lacks(["aggregat", "average", "sum"], zvec)


def cardinality():
    return lacks(["distinct", "cardinal", "unique"], zvec)


def count():
    made = numbers(1, 2, 3)
    same((len(made.query(filter="n > 1", topk=1000, output_fields=[])), made.stats.doc_count), (2, 3))
    return Partly("as the number of documents that a query gives; all of them are counted by `stats`")


def order_by():
    lacks(["order_by", "sort"], zvec)
    return refused(matching, numbers(2, 1), "n > 0 ORDER BY n")


def cursor():
    return lacks(["cursor", "after", "page"], zvec)


def scroll():
    with numbers(1, 2, 3).iter_docs() as documents:
        same(sorted(document.field("n") for document in documents), [1, 2, 3])


# Ranking


def hybrid():
    return texts("snow", "rain", "hail snow"), [
        zvec.Query("text", fts=zvec.Fts(query_string="snow")),
        near(0, 1),
    ]


def rrf():
    made, legs = hybrid()
    same(ids(made, legs, reranker=zvec.RrfReRanker(60))[0], 2)


def rrf_weights():
    return refused(zvec.RrfReRanker, 60, weights=[2.0, 1.0])


def weighted_sum():
    made, legs = hybrid()
    same(ids(made, legs, reranker=zvec.WeightedReRanker([1.0, 0.01]))[0], 0)
    same(ids(made, legs, reranker=zvec.WeightedReRanker([0.01, 1.0]))[:2], [2, 1])


def dbsf():
    return lacks(["dbsf"], zvec)


def many_legs():
    made, legs = hybrid()
    legs.append(zvec.Query("text", fts=zvec.Fts(query_string="rain")))
    same(sorted(ids(made, legs, reranker=zvec.RrfReRanker(60))), [0, 1, 2])


def prefetch():
    return lacks(["prefetch", "nested", "candidates"], zvec, but=("prefetch_lines", "prefetch_offset"))


def formula():
    return lacks(["formula", "decay", "boost"], zvec)


def mmr():
    return lacks(["mmr", "divers", "marginal"], zvec)


def group_by():
    made = numbers(1, 1, 2)
    groups = made.group_by_query(near(0, 1), "n", group_count=9, topk_per_group=1)
    same(sorted(document.id for group in groups for document in group.docs), ["1", "2"])
    refused(made.group_by_query, zvec.Query("n", fts=zvec.Fts(query_string="a")), "n")
    return Partly("of a search by vector, not by keyword and not hybrid")


def recommend():
    return lacks(["recommend", "positive", "negative"], zvec)


def like_key():
    vectors = [{"v": [1.0, 0.0]}, {"v": [0.0, 1.0]}, {"v": [0.9, 0.1]}]
    made = collection([], {}, {}, {}, vectors=vectors)
    same(ids(made, zvec.Query("v", id="0")), [0, 2, 1])


def threshold():
    made = collection(
        [], {}, {}, {}, spaces=[zvec.VectorSchema("v", Kind.VECTOR_FP32, 2, zvec.HnswIndexParam())]
    )
    same(ids(made, near(0, 1, param=zvec.HnswQueryParam(radius=1.5))), [2])


def batch():
    return lacks(["batch", "query_many", "multi_query"], zvec, but=("batch_size",))


def rerank():
    made, legs = hybrid()

    backwards = CallbackReRanker(
        lambda results, fields, topn: sorted(results[0], key=lambda one: one.pk())[:topn]
    )
    same(ids(made, legs, reranker=backwards), [0, 2])


def explain_hit():
    return lacks(["explain", "rank", "sub_score"], zvec, but=("ReRanker", "rerank", "rank_constant"))


def query_plan():
    return lacks(["explain", "plan", "profile"], zvec)


def asked_recall():
    return lacks(["recall"], zvec)


# Vectors and documents


def named_vectors():
    spaces = [zvec.VectorSchema(name, Kind.VECTOR_FP32, 2, FLAT) for name in ("title", "image")]
    vectors = [{"title": [1.0, 0.0], "image": [0.0, 1.0]}, {"title": [0.0, 1.0], "image": [1.0, 0.0]}]
    made = collection([], {}, {}, spaces=spaces, vectors=vectors)
    same([ids(made, zvec.Query(name, vector=[1.0, 0.0]))[0] for name in ("title", "image")], [0, 1])


def sparse():
    spaces = [zvec.VectorSchema("terms", Kind.SPARSE_VECTOR_FP32, index_param=FLAT)]
    vectors = [{"terms": {7: 0.3, 30_522: 1.2}}, {"terms": {8: 2.0}}]
    made = collection([], {}, {}, spaces=spaces, vectors=vectors)
    same(ids(made, zvec.Query("terms", vector={7: 2.0, 9: 1.0}))[0], 0)


def multi_vectors():
    return lacks(["multi", "maxsim", "late"], zvec)


def typed_documents():
    return lacks(["derive", "pydantic", "document_type"], zvec)


def alter():
    made = numbers(1, 2)
    made.add_column(Field("votes", Kind.INT64, True), "n")
    same(matching(made, "votes = 2"), [1])
    made.drop_column("votes")
    refused(matching, made, "votes = 2")
    refused(made.add_column, Field("draft", Kind.STRING, True))
    return Partly("numbers only")


def atomic_commit():
    made = texts("snow")
    good, bad, taken = (
        zvec.Doc(id=key, vectors={"v": vector}, fields={"text": "hail"})
        for key, vector in (("7", [1.0, 9.0]), ("8", [1.0]), ("0", [1.0, 1.0]))
    )
    refused(made.insert, [good, bad])
    same(words(made, "hail"), [])
    same([status.ok() for status in made.insert([good, taken])], [True, False])
    same((words(made, "hail"), ids(made, near(0, 1), topk=1)), ([7], [7]))
    return Partly("a malformed document stops a whole call; one whose key is taken only itself")


def transaction():
    return lacks(["transaction", "commit", "rollback"], zvec)
