"""Asks one peer every row, in a process of its own: `python -m features.ask PEER`, a JSON line a row."""

import importlib
import json
import os
import sys
import traceback

from features import No, Partly, elsewhere
from features.rows import ROWS


def answer(peer, row):
    places = (peer, getattr(peer, "SHARED", None), elsewhere.PEERS[peer.__name__.split(".")[1]])
    example = next((getattr(place, row) for place in places if hasattr(place, row)), None)
    if example is None:
        return "broken", "there is no example"
    try:
        told = example()
    except Exception as error:
        traceback.print_exc()
        return "broken", f"{row}: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
    if told is None:
        return "yes", ""
    if isinstance(told, (No, Partly)):
        return type(told).__name__.lower(), told.note
    return "broken", f"{row}: an example gives None, Partly or No"


def main():
    # What a peer prints by itself must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    peer = importlib.import_module(f"features.{sys.argv[1]}")
    sys.modules["features.asked"] = peer
    for row in ROWS:
        if len(sys.argv) > 2 and row not in sys.argv[2:]:
            continue
        mark, note = answer(peer, row)
        print(json.dumps({"row": row, "mark": mark, "note": note}), file=answers, flush=True)
    answers.flush()
    # Threads of a peer that do not end must not hold up the table.
    os._exit(0)


if __name__ == "__main__":
    main()
