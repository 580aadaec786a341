"""The virtual environment of the peers: made when absent, one package at a time.

A package that cannot be installed does not stop the others; its reason is kept beside the
environment, and the run names it.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
STATE = "peers.json"


def packages(text):
    """The pinned packages of a requirements file: name to whole line."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    return {line.split("==")[0]: line for line in lines if line}


def python_of(folder):
    return folder / "bin" / "python"


def prepare(folder, wanted, say):
    """Makes the environment hold the wanted packages; gives the reasons of those that failed."""
    text = REQUIREMENTS.read_text(encoding="utf-8")
    pinned = packages(text)
    state_file = folder / STATE
    mark = hashlib.sha256((text + sys.version).encode()).hexdigest()
    state = {"mark": mark, "installed": [], "failed": {}}
    if state_file.exists():
        kept = json.loads(state_file.read_text(encoding="utf-8"))
        if kept.get("mark") == mark:
            state = kept
    if not python_of(folder).exists():
        say(f"making the virtual environment {folder}")
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    for name in ["numpy", *wanted]:
        if name in state["installed"] or name in state["failed"]:
            continue
        say(f"installing {pinned[name]}")
        reason = install(folder, pinned[name])
        if reason is None:
            state["installed"].append(name)
        else:
            state["failed"][name] = reason
        state_file.write_text(json.dumps(state, indent=1), encoding="utf-8")
    if "numpy" in state["failed"]:
        raise RuntimeError(f"numpy cannot be installed: {state['failed']['numpy']}")
    return {name: state["failed"][name] for name in wanted if name in state["failed"]}


def install(folder, line):
    command = [str(python_of(folder)), "-m", "pip", "install", "--quiet"]
    command += ["--disable-pip-version-check", "--constraint", str(REQUIREMENTS), line]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    errors = [text for text in done.stderr.splitlines() if text.startswith("ERROR")]
    said = errors or done.stderr.strip().splitlines()[-1:] or ["pip failed"]
    return " ".join(said[0].split())[:300]


def variables(threads):
    """The process environment in which a peer uses so many threads."""
    kept = dict(os.environ)
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "RAYON_NUM_THREADS",
        "TOKIO_WORKER_THREADS",
        "LANCE_CPU_THREADS",
        "NUMEXPR_NUM_THREADS",
    ):
        kept[name] = str(threads)
    kept["ANONYMIZED_TELEMETRY"] = "False"
    kept["PYTHONDONTWRITEBYTECODE"] = "1"
    return kept
