"""qdrant-edge: one shard of Qdrant in the process."""

import qdrant_edge as edge

from features import Partly, lacks, refused, same
from features.qdrant_shard import counted, ids, matching, near, only, put, shard, texts, words

BY_ITSELF = Partly("the program asks once for each bin, whose bounds it must know")


# Keyword


def bm25():
    same(words(texts("snow and rain", "rain", "snow snow snow"), "snow"), [2, 0])


def field_boosts():
    index = edge.TextIndexParams(scoring=True)
    made = shard(
        {"title": "log", "text": "rain"}, {"title": "rain", "text": "log log"}, title=index, text=index
    )
    legs = [edge.Prefetch(limit=9, query=edge.TextQuery(field, "log")) for field in ("title", "text")]

    def sum_of(title):
        part = edge.Expression.Mult(
            [edge.Expression.Constant(title), edge.Expression.Variable("$score[0]")]
        )
        both = edge.Expression.Sum([part, edge.Expression.Variable("$score[1]")])
        return edge.Formula(both, {"$score[0]": 0.0, "$score[1]": 0.0})

    same(ids(made, sum_of(0.1), prefetches=legs)[0], 1)
    same(ids(made, sum_of(9.0), prefetches=legs)[0], 0)
    return Partly("a formula over a query for each field")


def phrase():
    made = texts("the group commit", "a commit of a group", phrase_matching=True)
    chosen = only("text", match=edge.MatchPhrase("group commit"))
    same(words(made, "group commit", filter=chosen), [0])
    return Partly("a filter; its words are ranked, not the phrase")


def phrase_slop():
    return lacks(["slop", "proximity"], edge)


def boolean():
    made = texts("wal segment", "wal draft", "segment", "wal")
    wal, draft = (
        edge.FieldCondition(key="text", match=edge.MatchText(word)) for word in ("wal", "draft")
    )
    chosen = edge.Filter(must=[wal], must_not=[draft])
    same(words(made, "wal segment", filter=chosen), [0, 3])


def prefix():
    made = texts("segments are merged", "the log", tokenizer=edge.TokenizerType.Prefix)
    same(words(made, "seg"), [0])
    return Partly("of every word, once the field is indexed with the tokenizer for prefixes")


def as_you_type():
    made = texts("group commit", "group", "commit", tokenizer=edge.TokenizerType.Prefix)
    same(words(made, "group comm")[0], 0)
    return Partly("of every word, once the field is indexed with the tokenizer for prefixes")


def fuzzy():
    return lacks(["fuzz", "edit", "typo"], edge)


def regex_terms():
    return lacks(["regex", "pattern"], edge)


def wildcard_terms():
    made = texts("segments are merged", "the log")
    same(words(made, "segments", filter=only("text", match=edge.MatchSubstring("egmen"))), [0])
    same(matching(made, only("text", match=edge.MatchSubstring("se?men*"))), [])
    return Partly("a filter by prefix or by part of the text, without wildcards between")


def analyzer_per_field():
    made = shard(
        {"text": "getUserName", "symbol": "getUserName"},
        text=edge.TextIndexParams(scoring=True),
        symbol=edge.TextIndexParams(scoring=True, tokenizer=edge.TokenizerType.Code),
    )
    same((words(made, "user"), words(made, "user", "symbol")), ([], [0]))


def cjk():
    line = "在本机上打开数据库文件"
    same(words(texts(line), "数据"), [])
    multilingual = texts(line, tokenizer=edge.TokenizerType.Multilingual)
    same(words(multilingual, "数据"), [0])
    return Partly("not with the default tokenizer, but with `Multilingual`")


def stemming():
    stemmer = edge.SnowballParams(edge.SnowballLanguage.English)
    same(words(texts("Running dogs", "cats", stemmer=stemmer), "dog run"), [0])


def stop_words():
    made = texts("the log", stopwords=edge.Language.English)
    same((words(made, "the"), words(made, "log")), ([], [0]))


def code_words():
    made = texts("getUserName()", "set_user_name", "a", tokenizer=edge.TokenizerType.Code)
    same(sorted(words(made, "user name")), [0, 1])
    same(words(made, "getUserName")[0], 0)


def ngrams():
    made = texts("segments are merged", "the log")
    same(matching(made, only("text", match=edge.MatchSubstring("egmen"))), [0])
    return Partly("a filter by part of the text; parts of words are not ranked")


def read_your_writes():
    made = texts("snow")
    put(made, {"text": "rain"}, {"text": "hail"})
    same(words(made, "hail"), [1])


def highlight():
    return lacks(["highlight", "snippet"], edge)


highlight_hybrid = highlight


# Filters


def nested_paths():
    made = shard({"author": {"name": "Ada"}}, {"author": {"name": "Bo"}})
    same(matching(made, only("author.name", match=edge.MatchValue("Ada"))), [0])


def arrays():
    made = shard({"tags": ["x", "y"]}, {"tags": ["x", "z"]})
    same(matching(made, only("tags", match=edge.MatchAny(["z", "w"]))), [1])
    other = edge.FieldCondition(key="tags", match=edge.MatchExcept(["x", "y"]))
    same(matching(made, edge.Filter(must_not=[other])), [0])


def array_length():
    made = shard({"tags": ["x", "y"]}, {"tags": ["x"]})
    same(matching(made, only("tags", values_count=edge.ValuesCount(gt=1))), [0])


def object_arrays():
    made = shard(
        {"items": [{"price": 12, "qty": 1}, {"price": 3, "qty": 9}]}, {"items": [{"price": 12, "qty": 9}]}
    )
    parts = [
        edge.FieldCondition(key="price", range=edge.RangeFloat(gt=10)),
        edge.FieldCondition(key="qty", range=edge.RangeFloat(gt=5)),
    ]
    chosen = edge.Filter(must=[edge.NestedCondition("items", edge.Filter(must=parts))])
    same(matching(made, chosen), [1])


def in_list():
    made = shard({"n": 7}, {"n": 20_000}, {"n": 9_999})
    same(matching(made, only("n", match=edge.MatchAny(list(range(10_000))))), [0, 2])


def text_prefix():
    made = shard({"name": "db-1"}, {"name": "web-db-"}, name=edge.KeywordIndexParams(prefix=True))
    same(matching(made, only("name", match=edge.MatchPrefix("db-"))), [0])
    same(matching(made, only("name", match=edge.MatchSubstring("b-"))), [0, 1])


def text_regex():
    return lacks(["regex", "pattern"], edge)


def dates():
    made = shard({"at": "2026-01-31T10:00:00+01:00"}, {"at": "2020-05-05"})
    same(matching(made, only("at", range=edge.RangeDateTime(gte="2026-01-31T09:00:00Z"))), [0])


def dates_relative():
    return refused(edge.RangeDateTime, gte="now() - 7d")


def places():
    return shard(
        {"place": {"lat": 59.91, "lon": 10.75}}, {"place": {"lat": 60.39, "lon": 5.32}},
        place=edge.GeoIndexParams(),
    )


def geo_radius():
    circle = edge.GeoRadius(edge.GeoPoint(lon=10.7, lat=59.9), 5_000.0)
    same(matching(places(), only("place", geo_radius=circle)), [0])


def geo_box():
    box = edge.GeoBoundingBox(edge.GeoPoint(lon=5.0, lat=61.0), edge.GeoPoint(lon=6.0, lat=60.0))
    same(matching(places(), only("place", geo_bounding_box=box)), [1])


def is_null():
    made = shard({"a": 1}, {"a": None}, {"b": 1})
    same(matching(made, edge.Filter(must=[edge.IsNullCondition("a")])), [1])
    same(matching(made, edge.Filter(must_not=[edge.IsEmptyCondition("a")])), [0])


def match_in_filter():
    made = texts("wal segment", "draft of the wal")
    chosen = only("text", match=edge.MatchText("draft wal"))
    same(ids(made, near(1, 0), filter=chosen), [1])


def secondary_index():
    made = shard({"n": 1}, {"n": 2}, n=edge.IntegerIndexParams(lookup=True, range=True))
    same(matching(made, only("n", range=edge.RangeFloat(gt=1))), [1])


def delete_by_filter():
    made = shard({"n": 1}, {"n": 2}, {"n": 3})
    chosen = only("n", range=edge.RangeFloat(gt=1))
    made.update(edge.UpdateOperation.delete_points_by_filter(chosen))
    same(matching(made, None), [0])


def update_by_filter():
    made = shard({"n": 1}, {"n": 2})
    chosen = only("n", range=edge.RangeFloat(gt=1))
    made.update(edge.UpdateOperation.set_payload_by_filter(chosen, {"seen": "yes"}))
    same(matching(made, only("seen", match=edge.MatchValue("yes"))), [1])


# Facets and listing


def langs():
    return shard({"lang": "en"}, {"lang": "no"}, {"lang": "en"}, lang=edge.KeywordIndexParams())


def terms():
    found = langs().facet(edge.FacetRequest("lang", exact=True)).hits
    same([(str(hit.value), hit.count) for hit in found][0][1], 2)
    same(len(found), 2)


def ranges():
    made = shard({"n": 1}, {"n": 5}, {"n": 7})
    same(counted(made, only("n", range=edge.RangeFloat(gte=5, lt=10))), 2)
    return BY_ITSELF


def date_histogram():
    made = shard({"at": "2026-01-31"}, {"at": "2026-02-01"}, {"at": "2026-02-02"})
    month = edge.RangeDateTime(gte="2026-02-01T00:00:00Z", lt="2026-03-01T00:00:00Z")
    same(counted(made, only("at", range=month)), 2)
    return BY_ITSELF


def years():
    index = edge.IntegerIndexParams(lookup=True, range=True)
    return shard({"year": 2020}, {"year": 1999}, {"year": 2026}, year=index)


def listed(made, **named):
    found, then = made.scroll(edge.ScrollRequest(**named))
    return [record.id for record in found], then


def stats():
    ends = [
        listed(years(), limit=1, order_by=edge.OrderBy("year", direction))[0]
        for direction in (edge.Direction.Asc, edge.Direction.Desc)
    ]
    same(ends, [[1], [2]])
    lacks(["mean", "average", "aggregat", "stats"], edge)
    return Partly("the ends, as the first of an order; no sum and no mean")


def cardinality():
    same(len(langs().facet(edge.FacetRequest("lang", limit=1000, exact=True)).hits), 2)
    return Partly("as the length of the counts of all values")


def count():
    same(counted(langs(), only("lang", match=edge.MatchValue("en"))), 2)


def order_by():
    order = edge.OrderBy("year", edge.Direction.Desc)
    same(listed(years(), limit=9, order_by=order)[0], [2, 0, 1])


def cursor():
    same(listed(years(), limit=2), ([0, 1], 2))
    same(listed(years(), limit=2, offset=2), ([2], None))
    refused(years().scroll, edge.ScrollRequest(limit=1, offset=1, order_by=edge.OrderBy("year")))
    from_one = edge.OrderBy("year", start_from=2020)
    same(listed(years(), limit=9, order_by=from_one)[0], [0, 2])
    return Partly("in the order of keys; in that of a field only from a value on")


def scroll():
    made = shard(*({"n": number} for number in range(5)))
    seen, then = listed(made, limit=2)
    while then is not None:
        found, then = listed(made, limit=2, offset=then)
        seen += found
    same(seen, [0, 1, 2, 3, 4])


# Ranking


def hybrid():
    made = texts("snow", "rain", "hail snow")
    return made, [
        edge.Prefetch(limit=9, query=edge.TextQuery("text", "snow")),
        edge.Prefetch(limit=9, query=near(0, 1)),
    ]


def rrf():
    made, legs = hybrid()
    same(ids(made, edge.Fusion.Rrf(k=60), prefetches=legs)[0], 2)


def rrf_weights():
    made, legs = hybrid()
    same(ids(made, edge.Fusion.Rrf(k=2, weights=[9.0, 0.1]), prefetches=legs)[0], 0)
    same(ids(made, edge.Fusion.Rrf(k=2, weights=[1.0, 1.0]), prefetches=legs)[0], 2)


def weighted_sum():
    made, legs = hybrid()
    parts = [
        edge.Expression.Mult([edge.Expression.Constant(w), edge.Expression.Variable(f"$score[{leg}]")])
        for leg, w in enumerate((1.0, 0.01))
    ]
    both = edge.Formula(edge.Expression.Sum(parts), {"$score[0]": 0.0, "$score[1]": 0.0})
    same(ids(made, both, prefetches=legs)[0], 0)
    return Partly("a formula over scores as they are; nothing normalises them but DBSF")


def dbsf():
    made, legs = hybrid()
    same(ids(made, edge.Fusion.Dbsf(), prefetches=legs)[0], 2)


def many_legs():
    made, legs = hybrid()
    legs.append(edge.Prefetch(limit=1, query=edge.TextQuery("text", "rain")))
    same(sorted(ids(made, edge.Fusion.Rrf(k=60), prefetches=legs)), [0, 1, 2])


def prefetch():
    made, legs = hybrid()
    same(ids(made, near(0, 1), prefetches=legs[:1]), [2, 0])


def formula():
    made = shard({"at": "2001-01-31", "lang": "en"}, {"at": "2026-01-31", "lang": "de"})
    fresh = edge.Expression.Decay(
        edge.DecayKind.Exp,
        edge.Expression.DatetimeKey("at"),
        edge.Expression.Datetime("2026-02-28T00:00:00Z"),
        midpoint=0.5,
        scale=30 * 86_400.0,
    )
    german = edge.FieldCondition(key="lang", match=edge.MatchValue("de"))
    total = [edge.Expression.Variable("$score"), fresh, edge.Expression.Condition(german)]
    legs = [edge.Prefetch(limit=9, query=near(1, -1))]
    same(ids(made, near(1, -1)), [0, 1])
    same(ids(made, edge.Formula(edge.Expression.Sum(total)), prefetches=legs), [1, 0])


def mmr():
    made = shard({}, {}, {}, vectors=[[1.0, 0.0], [1.0, 0.01], [0.7, 0.7]])
    same(ids(made, near(1, 0.1), limit=2), [1, 0])
    same(set(ids(made, edge.Mmr([1.0, 0.1], 0.3, 10), limit=2)), {1, 2})


def group_by():
    return lacks(["group"], edge)


def recommend():
    made = shard({}, {}, {}, vectors=[[1.0, 0.0], [0.0, 1.0], [0.9, -0.4]])
    asked = edge.RecommendQuery([[1.0, 0.0]], [[0.0, 1.0]])
    same(ids(made, edge.Query.RecommendSumScores(asked))[0], 2)
    same(ids(made, edge.Query.RecommendBestScore(asked))[-1], 1)


def like_key():
    made = shard({}, {}, {}, vectors=[[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]])
    refused(edge.Query.Nearest, 0)
    stored = edge.Query.Nearest(made.retrieve([0], False, True)[0].vector)
    not_it = edge.Filter(must_not=[edge.HasIdCondition({0})])
    same(ids(made, stored, filter=not_it)[0], 2)
    return Partly("the program reads the vector and searches with it")


def threshold():
    same(ids(shard({}, {}, {}), near(0, 1), score_threshold=1.5), [2])


def batch():
    asked = [edge.QueryRequest(limit=1, query=near(0, y)) for y in (1, -1)]
    found = shard({}, {}).query_batch(edge.QueryBatchRequest(asked))
    same([[point.id for point in one] for one in found], [[1], [0]])


def rerank():
    return lacks(["rerank", "callback"], edge)


def explain_hit():
    return lacks(["explain", "scores", "rank"], edge, but=("RecommendSumScores",))


def query_plan():
    return lacks(["explain", "plan", "profile", "timing"], edge)


def asked_recall():
    return lacks(["recall"], edge)


# Vectors and documents


def named_vectors():
    dense = edge.EdgeVectorParams(size=2, distance=edge.Distance.Dot)
    config = edge.EdgeConfig(vectors={"title": dense, "image": dense})
    made = shard(
        {}, {}, config=config,
        vectors=[{"title": [1.0, 0.0], "image": [0.0, 1.0]}, {"title": [0.0, 1.0], "image": [1.0, 0.0]}],
    )
    same((ids(made, near(1, 0, using="title"))[0], ids(made, near(1, 0, using="image"))[0]), (0, 1))


def sparse():
    config = edge.EdgeConfig(sparse_vectors={"terms": edge.EdgeSparseVectorParams()})
    weights = [edge.SparseVector([7, 30_522], [0.3, 1.2]), edge.SparseVector([8], [2.0])]
    made = shard({}, {}, config=config, vectors=[{"terms": one} for one in weights])
    same(ids(made, edge.Query.Nearest(edge.SparseVector([7, 9], [2.0, 1.0]), using="terms")), [0])


def multi_vectors():
    several = edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim)
    tokens = edge.EdgeVectorParams(size=2, distance=edge.Distance.Dot, multivector_config=several)
    made = shard(
        {}, {}, config=edge.EdgeConfig(vectors=tokens),
        vectors=[[[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]],
    )
    found = made.query(edge.QueryRequest(limit=9, query=edge.Query.Nearest([[1.0, 0.0], [0.0, 1.0]])))
    same([(point.id, point.score) for point in found], [(1, 2.0), (0, 1.0)])


def typed_documents():
    return lacks(["model", "derive", "document"], edge, but=("embed_document",))


def alter():
    made = shard({"draft": "a", "n": 1})
    made.update(edge.UpdateOperation.create_dense_vector("image", 2, edge.Distance.Dot))
    made.update(edge.UpdateOperation.update_vectors([edge.PointVectors(0, {"image": [0.0, 1.0]})]))
    same(ids(made, near(0, 1, using="image")), [0])
    made.update(edge.UpdateOperation.delete_vector_name("image"))
    refused(ids, made, near(0, 1, using="image"))
    everything = edge.Filter()
    made.update(edge.UpdateOperation.delete_payload_by_filter(everything, ["draft"]))
    same(made.retrieve([0], True, False)[0].payload, {"n": 1})


def atomic_commit():
    made = texts("snow")
    good = [edge.Point(id=key, vector=[1.0, 9.0], payload={"text": "hail"}) for key in range(10, 20)]
    bad = edge.Point(id=8, vector=[1.0], payload={})
    # Which of them are written before the bad one is another each time.
    for _ in range(50):
        refused(made.update, edge.UpdateOperation.upsert_points([*good, bad]))
        if words(made, "hail"):
            break
    assert words(made, "hail")
    made.update(edge.UpdateOperation.upsert_points(good[:1]))
    assert 10 in words(made, "hail", limit=50) and 10 in ids(made, near(0, 1), limit=50)
    return Partly("each document whole; of a call that fails, some of the others stay")


def transaction():
    return lacks(["transaction", "commit", "rollback", "begin"], edge)
