"""A shard of qdrant-edge to try things on, and how it is asked."""

import qdrant_edge as edge

from features import folder


def shard(*payloads, vectors=None, config=None, **indexes):
    """A shard with a point a payload, whose vector is [1, its number] unless given."""
    dense = edge.EdgeVectorParams(size=2, distance=edge.Distance.Dot)
    made = edge.EdgeShard.create(folder(), config or edge.EdgeConfig(vectors=dense))
    for field, index in indexes.items():
        made.update(edge.UpdateOperation.create_field_index(field, index))
    put(made, *payloads, vectors=vectors)
    return made


def put(made, *payloads, vectors=None):
    points = [
        edge.Point(id=number, vector=vectors[number] if vectors else [1.0, float(number)], payload=one)
        for number, one in enumerate(payloads)
    ]
    made.update(edge.UpdateOperation.upsert_points(points))


def texts(*lines, **settings):
    index = edge.TextIndexParams(scoring=True, **settings)
    return shard(*({"text": line} for line in lines), text=index)


def ids(made, query=None, limit=9, **named):
    found = made.query(edge.QueryRequest(limit=limit, query=query, **named))
    return [point.id for point in found]


def words(made, text, field="text", **named):
    return ids(made, edge.TextQuery(field, text), **named)


def near(*numbers, **named):
    return edge.Query.Nearest(list(map(float, numbers)), **named)


def only(key, **condition):
    return edge.Filter(must=[edge.FieldCondition(key=key, **condition)])


def matching(made, chosen):
    found, _ = made.scroll(edge.ScrollRequest(limit=20_000, filter=chosen))
    return [record.id for record in found]


def counted(made, chosen):
    return made.count(edge.CountRequest(exact=True, filter=chosen))
