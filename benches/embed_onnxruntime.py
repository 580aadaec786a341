"""Texts per second of onnxruntime on the built-in embedding model, to compare with embed_rate.

    pip install onnxruntime tokenizers numpy
    python benches/embed_onnxruntime.py TEXTS.jsonl [--threads N] [--model FOLDER] [--vectors OUT]

Does what `cargo run --release -p lumos-rag --example embed_rate -- TEXTS.jsonl` does, on the same
bytes: 256 word pieces at most, no fixed padding, texts sorted by length, mean pooling over the
attention mask, unit length. Each line of the file is a JSON object with a "text".
"""

import argparse
import json
import os
import pathlib
import time

import numpy
import onnxruntime
from tokenizers import Tokenizer


def batches(lengths, order, texts, tokens):
    """Indices in `order`, in runs of at most `texts` texts and `tokens` padded word pieces."""
    start = 0
    while start < len(order):
        count = max(1, min(texts, tokens // max(1, lengths[order[start]])))
        yield order[start : start + count]
        start += count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", type=pathlib.Path)
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--model", type=pathlib.Path, default=root / "models/all-minilm-l6-v2")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--group", type=int, default=128, help="texts that are sorted together")
    parser.add_argument("--batch", type=int, default=8, help="texts in a run of the model")
    parser.add_argument("--tokens", type=int, default=1024, help="word pieces in a run")
    parser.add_argument("--vectors", type=pathlib.Path, help="writes the vectors as .npy")
    parser.add_argument("--rounds", type=int, default=3, help="the best one counts")
    arguments = parser.parse_args()

    lines = arguments.texts.read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines if line.strip()]
    tokenizer = Tokenizer.from_file(str(arguments.model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = arguments.threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(arguments.model / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )

    def run(ids):
        width = max(len(row) for row in ids)
        tokens = numpy.zeros((len(ids), width), dtype=numpy.int64)
        mask = numpy.zeros_like(tokens)
        for row, values in enumerate(ids):
            tokens[row, : len(values)] = values
            mask[row, : len(values)] = 1
        feed = {
            "input_ids": tokens,
            "attention_mask": mask,
            "token_type_ids": numpy.zeros_like(tokens),
        }
        (states,) = session.run(["last_hidden_state"], feed)
        sums = (states * mask[:, :, None]).sum(axis=1)
        return sums / numpy.linalg.norm(sums, axis=1, keepdims=True)

    def embed(group):
        ids = [encoding.ids for encoding in tokenizer.encode_batch(group)]
        lengths = [len(row) for row in ids]
        order = sorted(range(len(ids)), key=lambda i: -lengths[i])
        vectors = numpy.empty((len(ids), 384), dtype=numpy.float32)
        for batch in batches(lengths, order, arguments.batch, arguments.tokens):
            vectors[batch] = run([ids[i] for i in batch])
        return vectors

    run([[101, 102]])
    best = float("inf")
    for _ in range(arguments.rounds):
        begin = time.perf_counter()
        groups = range(0, len(texts), arguments.group)
        vectors = numpy.concatenate([embed(texts[i : i + arguments.group]) for i in groups])
        best = min(best, time.perf_counter() - begin)
    if arguments.vectors:
        numpy.save(arguments.vectors, vectors)
    rate = len(texts) / best
    print(
        f"onnxruntime {onnxruntime.__version__}: {len(texts)} texts in {best:.2f} s,"
        f" {rate:.1f} texts/s, {arguments.threads} threads"
    )


if __name__ == "__main__":
    main()
