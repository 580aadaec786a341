"""What SQL gives both columns of SQLite: filters and facets over a table beside the index.

A document is a row of `docs` with its metadata as JSON; `search` is the search of the peer, limited to
those that a condition chooses.
"""

import json
import re

import apsw.ext

from features import Partly, refused, same

OWN_SQL = Partly("written out in SQL over both searches: joins and windows of one's own")
REGISTERED = Partly("with a function that the program registers")


def fill(connection, *documents):
    connection.execute("create table docs (id integer primary key, meta text)")
    for number, meta in enumerate(documents):
        connection.execute("insert into docs values (?, ?)", (number, json.dumps(meta)))
    return connection


def rows(connection, asked, *given):
    found = connection.execute(asked, given).fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


class Sql:
    """The rows that are the same whatever index stands beside the table."""

    def __init__(self, open, search):
        self.open = open
        self.search = search

    def docs(self, *documents):
        return fill(self.open(len(documents)), *documents)

    def matching(self, documents, chosen):
        """The documents that the peer's search finds among those that a condition chooses."""
        return sorted(self.search(self.docs(*documents), f"select id from docs where {chosen}"))

    # Filters

    def nested_paths(self):
        documents = [{"author": {"name": "Ada"}}, {"author": {"name": "Bo"}}]
        same(self.matching(documents, "meta ->> '$.author.name' = 'Ada'"), [0])

    def arrays(self):
        documents = [{"tags": ["x", "y"]}, {"tags": ["x", "z"]}]
        tags = "exists (select 1 from json_each(meta, '$.tags') where value"
        same(self.matching(documents, f"{tags} in ('z', 'w'))"), [1])
        same(self.matching(documents, f"not {tags} not in ('x', 'y'))"), [0])

    def array_length(self):
        documents = [{"tags": ["x", "y"]}, {"tags": ["x"]}]
        same(self.matching(documents, "json_array_length(meta, '$.tags') > 1"), [0])

    def object_arrays(self):
        documents = [
            {"items": [{"price": 12, "qty": 1}, {"price": 3, "qty": 9}]},
            {"items": [{"price": 12, "qty": 9}]},
        ]
        both = "value ->> 'price' > 10 and value ->> 'qty' > 5"
        same(
            self.matching(documents, f"exists (select 1 from json_each(meta, '$.items') where {both})"),
            [1],
        )

    def in_list(self):
        documents = [{"n": 7}, {"n": 20_000}, {"n": 9_999}]
        numbers = ", ".join(map(str, range(10_000)))
        same(self.matching(documents, f"meta ->> 'n' in ({numbers})"), [0, 2])

    def text_prefix(self):
        documents = [{"name": "db-1"}, {"name": "web"}]
        same(self.matching(documents, "meta ->> 'name' like 'db-_'"), [0])
        same(self.matching(documents, "meta ->> 'name' glob 'w*'"), [1])

    def text_regex(self):
        connection = self.docs({"name": "db-1"}, {"name": "web"})
        chosen = "select id from docs where meta ->> 'name' regexp '^db-[0-9]+$'"
        refused(self.search, connection, chosen)
        connection.create_scalar_function("regexp", lambda *given: re.search(*given) is not None, 2)
        same(self.search(connection, chosen), [0])
        return REGISTERED

    def dates(self):
        documents = [{"at": "2026-01-31T10:00:00+01:00"}, {"at": "2020-05-05"}]
        later = "julianday(meta ->> 'at') >= julianday('2026-01-31T09:00:00Z')"
        same(self.matching(documents, later), [0])

    def dates_relative(self):
        connection = self.docs({"at": "2020-05-05"}, {})
        connection.execute("update docs set meta = json_object('at', datetime('now')) where id = 1")
        chosen = "select id from docs where meta ->> 'at' > datetime('now', '-7 days')"
        same(self.search(connection, chosen), [1])

    PLACES = [{"lat": 59.91, "lon": 10.75}, {"lat": 60.39, "lon": 5.32}]

    def geo_radius(self):
        lat, lon = "radians(meta ->> 'lat')", "radians(meta ->> 'lon' - 10.7)"
        here = "radians(59.9)"
        angle = f"acos(sin({here}) * sin({lat}) + cos({here}) * cos({lat}) * cos({lon}))"
        same(self.matching(self.PLACES, f"{angle} * 6371000 < 5000"), [0])
        return Partly("the formula is written out in SQL")

    def geo_box(self):
        connection = self.docs(*self.PLACES)
        connection.execute("create virtual table places using rtree(id, west, east, south, north)")
        connection.execute(
            "insert into places select id, meta ->> 'lon', meta ->> 'lon', meta ->> 'lat', meta ->> 'lat'"
            " from docs"
        )
        box = "select id from places where west >= 5 and east <= 6 and south >= 60 and north <= 61"
        same(self.search(connection, box), [1])

    def is_null(self):
        documents = [{"a": 1}, {"b": 1}]
        same(self.matching(documents, "meta ->> 'a' is null"), [1])
        same(self.matching(documents, "meta ->> 'a' is not null"), [0])

    def match_in_filter(self):
        connection = self.docs({"text": "wal segment"}, {"text": "draft of the wal"})
        connection.execute("create virtual table body using fts5(text)")
        connection.execute("insert into body (rowid, text) select id, meta ->> 'text' from docs")
        same(self.search(connection, "select rowid from body where body match 'draft AND wal'"), [1])

    def secondary_index(self):
        connection = self.docs({"n": 1}, {"n": 2})
        connection.execute("create index by_n on docs (meta ->> 'n')")
        chosen = "select id from docs where meta ->> 'n' > 1"
        same(self.search(connection, chosen), [1])
        assert "INDEX by_n" in str(rows(connection, f"explain query plan {chosen}"))

    def update_by_filter(self):
        connection = self.docs({"n": 1}, {"n": 2})
        connection.execute("update docs set meta = json_set(meta, '$.n', 12) where meta ->> 'n' > 1")
        same(self.search(connection, "select id from docs where meta ->> 'n' = 12"), [1])

    # Facets and listing

    LANGS = [{"lang": "en", "n": 1}, {"lang": "no", "n": 5}, {"lang": "en", "n": 7}]

    def asked(self, documents, query):
        return rows(self.docs(*documents), query)

    def terms(self):
        query = "select meta ->> 'lang', count(*) from docs group by 1 order by 2 desc"
        same(self.asked(self.LANGS, query), [("en", 2), ("no", 1)])

    def ranges(self):
        query = "select meta ->> 'n' >= 5, count(*) from docs group by 1"
        same(self.asked(self.LANGS, query), [(0, 1), (1, 2)])

    def date_histogram(self):
        documents = [{"at": "2026-01-31"}, {"at": "2026-02-01"}, {"at": "2026-02-02"}]
        query = "select strftime('%Y-%m', meta ->> 'at'), count(*) from docs group by 1"
        same(self.asked(documents, query), [("2026-01", 1), ("2026-02", 2)])

    def stats(self):
        n = "meta ->> 'n'"
        query = f"select min({n}), max({n}), sum({n}), round(avg({n}), 2) from docs"
        same(self.asked(self.LANGS, query), [(1, 7, 13, 4.33)])

    def cardinality(self):
        same(self.asked(self.LANGS, "select count(distinct meta ->> 'lang') from docs"), [2])

    def count(self):
        same(self.asked(self.LANGS, "select count(*) from docs where meta ->> 'lang' = 'en'"), [2])

    def order_by(self):
        same(self.asked(self.LANGS, "select id from docs order by meta ->> 'n' desc"), [2, 1, 0])

    def cursor(self):
        query = "select id from docs where (meta ->> 'n', id) > (1, 0) order by meta ->> 'n', id limit 1"
        same(self.asked(self.LANGS, query), [1])
        return Partly("a condition on the values of the last row, written by the program")

    def scroll(self):
        cursor = self.docs(*self.LANGS).execute("select id from docs order by id")
        same([row[0] for row in cursor], [0, 1, 2])

    # Documents

    def typed_documents(self):
        cursor = self.docs(*self.LANGS).cursor()
        cursor.row_trace = apsw.ext.DataClassRowFactory()
        found = cursor.execute("select id, meta ->> 'lang' as lang from docs where id = 1").fetchone()
        same((found.id, found.lang), (1, "no"))
        return Partly("rows are read as dataclasses that APSW makes; written field by field")

    def transaction(self):
        connection = self.docs({"n": 1})
        connection.execute("create table others (n)")
        try:
            with connection:
                connection.execute("insert into others values (1)")
                connection.execute("update docs set meta = '{}'")
                raise KeyError("stop")
        except KeyError:
            pass
        same(rows(connection, "select count(*) from others"), [0])
        with connection:
            connection.execute("insert into others values (1)")
            connection.execute("delete from docs")
        same(rows(connection, "select (select count(*) from others), (select count(*) from docs)"), [(1, 0)])
