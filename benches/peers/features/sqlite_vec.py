"""sqlite-vec: vectors in SQLite; for words there is FTS5 in the same database."""

import json

import apsw
import sqlite_vec

from features import No, Partly, fts5, refused, same
from features.sqlite import OWN_SQL, Sql, fill, rows


def connect():
    connection = apsw.Connection(":memory:")
    connection.enable_load_extension(True)
    connection.load_extension(sqlite_vec.loadable_path())
    return connection


def vector(*numbers):
    return json.dumps(numbers)


def table(*vectors, connection=None):
    connection = connection or connect()
    connection.execute("create virtual table vectors using vec0(id integer primary key, v float[2])")
    for number, one in enumerate(vectors):
        connection.execute("insert into vectors values (?, ?)", (number, vector(*one)))
    return connection


def near(connection, *numbers, k=9, also=""):
    return rows(
        connection,
        f"select id from vectors where v match ? and k = {k} {also} order by distance",
        vector(*numbers),
    )


def open_table(count):
    return table(*((1.0, float(number)) for number in range(count)))


def search(connection, chosen):
    return near(connection, 1, 0, also=f"and id in ({chosen})")


SHARED = Sql(open_table, search)


def with_words():
    """Three documents with a text and a vector each."""
    return fts5.texts("snow", "rain", "hail snow", connection=open_table(3))


def functions():
    connection = connect()
    found = rows(connection, "select distinct name from pragma_function_list")
    return [name for name in found if name.startswith("vec")]


def lacks_function(*words):
    found = [name for name in functions() if any(word in name for word in words)]
    assert not found, found
    return No("no function of it is called " + ", ".join(f"*{word}*" for word in words))


# Keyword


def by_fts5():
    lacks_function("bm25", "match", "text", "word")
    return No("it has no keyword search: see FTS5, which stands beside it in the same database")


bm25 = field_boosts = phrase = phrase_slop = boolean = prefix = as_you_type = fuzzy = by_fts5
regex_terms = wildcard_terms = analyzer_per_field = cjk = stemming = stop_words = by_fts5
code_words = ngrams = highlight = by_fts5


def read_your_writes():
    made = open_table(1)
    made.execute("insert into vectors values (1, ?)", (vector(0.0, 5.0),))
    same(near(made, 0, 5, k=1), [1])
    return Partly("vectors are; it has no keyword search")


def highlight_hybrid():
    made = with_words()
    both = (
        "with near as (select id from vectors where v match ? and k = 2)"
        " select near.id, marked from near left join"
        " (select rowid, highlight(words, 0, '[', ']') as marked from words('snow')) on rowid = near.id"
    )
    same(sorted(rows(made, both, vector(1.0, 2.0))), [(1, None), (2, "hail [snow]")])
    return OWN_SQL


# Filters


def delete_by_filter():
    made = SHARED.docs({"n": 1}, {"n": 2})
    made.execute("delete from vectors where id in (select id from docs where meta ->> 'n' > 1)")
    same(near(made, 1, 0), [0])


# Ranking

RANKED = """
with near as (select id, distance, row_number() over (order by distance) as place
              from vectors where v match :vector and k = 9),
     found as (select rowid as id, -rank as score, row_number() over (order by rank) as place
               from words(:words))
select coalesce(near.id, found.id) as id, near.place, found.place
from near full join found on near.id = found.id order by {order} desc
"""


def fused(order):
    given = {"vector": vector(1.0, 2.0), "words": "snow"}
    return [row[0] for row in with_words().execute(RANKED.format(order=order), given)]


def reciprocal(vectors, words):
    return (
        f"coalesce({vectors} / (60.0 + near.place), 0) + coalesce({words} / (60.0 + found.place), 0)"
    )


def rrf():
    same(fused(reciprocal(1, 1))[0], 2)
    return OWN_SQL


def rrf_weights():
    same((fused(reciprocal(0.1, 9))[0], fused(reciprocal(9, 0.1))[0]), (0, 2))
    return OWN_SQL


def weighted_sum():
    share = "coalesce(score / max(score) over (), 0)"
    same(fused(f"0.9 * {share} + 0.1 * coalesce(1 - distance / max(distance) over (), 0)")[0], 0)
    return OWN_SQL


def dbsf():
    def scaled(score):
        mean = f"avg({score}) over ()"
        deviation = f"sqrt(avg({score} * {score}) over () - {mean} * {mean})"
        return f"coalesce(({score} - {mean}) / (6 * {deviation}) + 0.5, 0)"

    same(fused(f"{scaled('score')} + {scaled('-distance')}")[0], 2)
    return OWN_SQL


def many_legs():
    made = with_words()
    legs = [
        "select id, row_number() over (order by distance) as place from vectors where v match ? and k = 9",
        "select rowid, row_number() over (order by rank) from words('snow')",
        "select rowid, row_number() over (order by rank) from words('hail')",
    ]
    together = " union all ".join(f"select * from ({leg})" for leg in legs)
    asked = f"select id from ({together}) group by id order by sum(1 / (60.0 + place)) desc"
    same(rows(made, asked, vector(1.0, 0.0))[0], 2)
    return OWN_SQL


def prefetch():
    same(near(with_words(), 1, 2, also="and id in (select rowid from words('snow'))"), [2, 0])
    return OWN_SQL


def formula():
    made = SHARED.docs({"votes": 1, "days": 900}, {"votes": 9, "days": 3})
    score = "-distance + 2 * exp(-(meta ->> 'days') / 30.0) + 0.1 * (meta ->> 'votes' > 5)"
    asked = (
        "select near.id from (select id, distance from vectors where v match ? and k = 9) as near"
        f" join docs on docs.id = near.id order by {score} desc"
    )
    same(rows(made, asked, vector(1.0, 0.0)), [1, 0])


def mmr():
    return lacks_function("mmr", "divers")


def group_by():
    made = fill(open_table(3), {"lang": "en"}, {"lang": "en"}, {"lang": "no"})
    ranked = (
        "select near.id, row_number() over (partition by meta ->> 'lang' order by distance) as place"
        " from (select id, distance from vectors where v match ? and k = 9) as near"
        " join docs on docs.id = near.id"
    )
    same(sorted(rows(made, f"select id from ({ranked}) where place <= 1", vector(1.0, 0.0))), [0, 2])
    return OWN_SQL


def recommend():
    made = table((1.0, 0.0), (0.0, 1.0), (0.9, -0.4))
    asked = (
        "select id from vectors where k = 1 and id != 0 and v match"
        " (select vec_sub(vec_add(a.v, a.v), b.v) from vectors as a, vectors as b"
        " where a.id = 0 and b.id = 1)"
    )
    same(rows(made, asked), [2])
    return Partly("a vector computed in SQL by `vec_add` and `vec_sub`")


def like_key():
    made = table((1.0, 0.0), (0.0, 1.0), (0.9, 0.1))
    asked = (
        "select id from vectors where k = 3 and v match (select v from vectors where id = 0)"
        " order by distance"
    )
    same(rows(made, asked), [0, 2, 1])


def threshold():
    same(near(open_table(3), 1, 2, also="and distance <= 1.0"), [2, 1])


def batch():
    made = open_table(2)
    asked = "select id from vectors where v match ? and k = 1"
    found = made.executemany(asked, [(vector(1.0, 1.0),), (vector(1.0, 0.0),)])
    same([row[0] for row in found], [1, 0])


def rerank():
    made = open_table(2)
    made.create_scalar_function("mine", lambda key, distance: -key, 2)
    asked = "select id from vectors where v match ? and k = 9 order by mine(id, distance)"
    same(rows(made, asked, vector(1.0, 0.0)), [1, 0])


def explain_hit():
    given = {"vector": vector(1.0, 2.0), "words": "snow"}
    found = with_words().execute(RANKED.format(order=reciprocal(1, 1)), given).fetchall()
    same(found[0], (2, 1, 2))
    return OWN_SQL


def query_plan():
    asked = "explain query plan select id from vectors where v match '[1, 0]' and k = 1"
    assert "VIRTUAL TABLE INDEX" in str(rows(open_table(1), asked))
    return Partly("`EXPLAIN QUERY PLAN`: the steps, without counts and times")


def asked_recall():
    lacks_function("recall")
    return Partly("it compares every vector: recall is always 1")


# Vectors and documents


def named_vectors():
    made = connect()
    columns = "id integer primary key, title float[2], image float[2]"
    made.execute(f"create virtual table both using vec0({columns})")
    for number, (title, image) in enumerate((((1, 0), (0, 1)), ((0, 1), (1, 0)))):
        made.execute("insert into both values (?, ?, ?)", (number, vector(*title), vector(*image)))
    found = [
        rows(made, f"select id from both where {name} match ? and k = 1", vector(1, 0))[0]
        for name in ("title", "image")
    ]
    same(found, [0, 1])


def sparse():
    lacks_function("sparse")
    return refused(connect().execute, "create virtual table words using vec0(v sparse[30522])")


def multi_vectors():
    made = connect()
    made.execute("create table tokens (doc integer, v blob)")
    for doc, one in ((0, (1, 0)), (1, (1, 0)), (1, (0, 1))):
        made.execute("insert into tokens values (?, vec_f32(?))", (doc, vector(*one)))
    asked = (
        "with query (v) as (values (vec_f32('[1, 0]')), (vec_f32('[0, 1]'))),"
        " best as (select doc, max(1 - vec_distance_cosine(tokens.v, query.v)) as score"
        " from tokens, query group by doc, query.v)"
        " select doc, sum(score) from best group by doc order by 2 desc"
    )
    same(rows(made, asked), [(1, 2.0), (0, 1.0)])
    return Partly("MaxSim written out in SQL over a table of vectors")


def alter():
    made = SHARED.docs({"n": 1})
    made.execute("alter table docs add column votes integer default 5")
    same(rows(made, "select votes from docs"), [5])
    made.execute("alter table docs drop column votes")
    refused(made.execute, "alter table vectors add column image float[2]")
    return Partly("columns of tables beside it; those of the full-text or vector table stay what they are")


def atomic_commit():
    made = fill(with_words(), {"n": 1})
    try:
        with made:
            made.execute("insert into words (rowid, text) values (7, 'sleet')")
            made.execute("insert into vectors values (7, ?)", (vector(1.0, 9.0),))
            made.execute("insert into docs values (0, '{}')")
    except apsw.ConstraintError:
        pass
    same((fts5.words(made, "sleet"), near(made, 1, 9, k=1)), ([], [2]))
    with made:
        made.execute("insert into words (rowid, text) values (7, 'sleet')")
        made.execute("insert into vectors values (7, ?)", (vector(1.0, 9.0),))
        made.execute("""insert into docs values (7, '{"n": 7}')""")
    found = (fts5.words(made, "sleet"), near(made, 1, 9, k=1))
    same((*found, rows(made, "select id from docs where meta ->> 'n' = 7")), ([7], [7], [7]))
