"""Reports a second of marsad against transformers' own pipeline: same weights, same machine, one run.

python benchmarks/predict.py [--n 2000] [--size base] [--dtype float32]   # against the pipeline, labels compared
python benchmarks/predict.py --lengths                                    # cost against length, 100 to 50,000 words
python benchmarks/predict.py --peak [--size base]                         # share of the measured peak of a bfloat16 product

Reports are made from seeds/reports.jsonl by repeating and cutting, the same on every machine. The pipeline computes in float32,
16 reports at once, each cut off after its first window; marsad reads all of it. `--dtype` is marsad's number type.
Prints Markdown.
"""

from __future__ import annotations

import json
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import Annotated, Any, Literal

import numpy as np
import torch
import typer
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, BertForSequenceClassification, pipeline

from marsad import Predictor, load
from marsad.inference.batching import TOKENS_A_WINDOW, run

SEEDS = Path(__file__).parents[1] / "seeds" / "reports.jsonl"
MEDIAN_WORDS, SPREAD, MOST_WORDS = 150, 1.0, 5_000
"""Lengths are log-normal: posts of some words to long articles."""
LENGTHS = (100, 300, 1_000, 3_000, 10_000, 30_000, 50_000)
SIDE = 2_048
"""Rows and columns of the matrices whose product gives the peak."""


def words(start: int) -> Iterator[str]:
    """Yield the words of the seed reports from number `start` on, again and again."""
    own = [word for line in SEEDS.read_text(encoding="utf-8").splitlines() for word in json.loads(line)["text"].split()]
    while True:
        yield own[start % len(own)]
        start += 1


def mixed_reports(n: int) -> list[str]:
    """Return reports of mixed length, each cut from another place of the seeds."""
    dice, own = Random(13), list(islice(words(0), 100_000))
    lengths = [min(MOST_WORDS, 1 + int(MEDIAN_WORDS * math.exp(dice.gauss(0, SPREAD)))) for _ in range(n)]
    starts = [dice.randrange(len(own) - MOST_WORDS) for _ in range(n)]
    return [" ".join(own[start : start + length]) for start, length in zip(starts, lengths, strict=True)]


@contextmanager
def model_folder(size: str) -> Iterator[Path]:
    """Give the shipped model's folder, or one of a BERT of base size with random weights and the same labels and tokenizer."""
    shipped = load("default", device="cpu")
    if size == "shipped":
        yield shipped.path
        return
    with tempfile.TemporaryDirectory() as place:
        folder, labels = Path(place), shipped.settings.taxonomy.flat
        torch.manual_seed(13)
        config = BertConfig(
            vocab_size=len(shipped.tokenizer),
            id2label=dict(enumerate(labels)),
            label2id={label: number for number, label in enumerate(labels)},
            problem_type="multi_label_classification",
        )
        BertForSequenceClassification(config).save_pretrained(folder)
        shipped.tokenizer.save_pretrained(folder)
        replace(shipped.settings, length=config.max_position_embeddings).save(folder)
        yield folder


def seconds(work: Callable[[], Any]) -> tuple[float, float]:
    """Return the seconds that the work took by the clock and of all processors."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def against_pipeline(folder: Path, n: int, rounds: int, dtype: str) -> None:
    """Print reports a second of both, medians of alternated rounds, and how far their answers to one-window reports agree."""
    predictor, texts = load(folder, device="cpu", dtype=dtype), mixed_reports(n)
    plain = pipeline("text-classification", model=str(folder), top_k=None, function_to_apply="sigmoid", device="cpu")
    tasks = predictor.settings.taxonomy.names
    cut = {"truncation": True, "max_length": predictor.settings.length}
    ours, theirs = (lambda: predictor.predict(texts, tasks=tasks)), (lambda: plain(texts, batch_size=16, **cut))
    predictor.predict(texts[:16], tasks=tasks), plain(texts[:16], batch_size=16, **cut)
    times = [(seconds(theirs), seconds(ours)) for _ in range(rounds)]
    length = sum(len(text.split()) for text in texts)
    print(f"\n{n:,} reports, {length:,} words, {torch.get_num_threads()} threads, medians of {rounds}\n")
    print("| | reports/s (clock) | reports/s (processor time) |\n|---|---|---|")
    medians = [[n / statistics.median(one[side][kind] for one in times) for kind in (0, 1)] for side in (0, 1)]
    for name, rates in zip(("pipeline, float32", f"marsad, {predictor.model.dtype}".replace("torch.", "")), medians, strict=True):
        print(f"| {name} | {rates[0]:.2f} | {rates[1]:.2f} |")
    print(f"| ratio | {medians[1][0] / medians[0][0]:.2f} | {medians[1][1] / medians[0][1]:.2f} |")
    agreement(predictor, plain, texts, cut)


def agreement(predictor: Predictor, plain: Any, texts: list[str], cut: dict[str, Any]) -> None:
    """Print the share of one-window reports that get the same labels, and the largest difference of a score."""
    found = predictor.predict(texts, tasks=predictor.settings.taxonomy.names)
    short = [(text, one) for text, one in zip(texts, found, strict=True) if one.windows == 1]
    answers = plain([text for text, _ in short], batch_size=16, **cut)
    same, off = 0, 0.0
    for (_, one), answer in zip(short, answers, strict=True):
        scores = {label["label"]: label["score"] for label in answer}
        least = {f"{task}:{label}": value for task, own in predictor.settings.thresholds.items() for label, value in own.items()}
        own = {f"{task}:{label}": score for task, labels in one.all_scores.items() for label, score in labels.items()}
        chosen = {f"{task}:{label.label}" for task, labels in one.labels.items() for label in labels}
        same += chosen == {label for label, score in scores.items() if score >= least[label]}
        off = max(off, *(abs(scores[label] - score) for label, score in own.items()))
    print(f"\nlabels equal on {same / len(short):.2%} of {len(short):,} reports of one window; scores off by at most {off:.4f}")


def against_length(folder: Path, rounds: int, dtype: str) -> None:
    """Print the seconds of one report of each length, and the straight line through them."""
    predictor = load(folder, device="cpu", dtype=dtype)
    texts = [" ".join(islice(words(0), length)) for length in LENGTHS]
    predictor.predict(texts[0])
    medians = [statistics.median(seconds(partial(predictor.predict, text))[1] for _ in range(rounds)) for text in texts]
    slope, start = np.polyfit(LENGTHS, medians, 1)
    explained = np.corrcoef(LENGTHS, medians)[0, 1] ** 2
    print("\n| words | processor seconds | a thousand words |\n|---|---|---|")
    for length, taken in zip(LENGTHS, medians, strict=True):
        print(f"| {length:,} | {taken:.3f} | {1000 * taken / length:.3f} |")
    print(f"\nline: {start:.3f} s + {1000 * slope:.3f} s a thousand words, R² {explained:.4f}")


def against_peak(folder: Path, rounds: int, dtype: str) -> None:
    """Print the best rate of a bfloat16 matrix product, and those of the model at batches of three lengths."""
    predictor = load(folder, device="cpu", dtype=dtype)
    matrix = torch.randn(SIDE, SIDE).bfloat16()
    matrix @ matrix
    peak = 2 * SIDE**3 / min(seconds(lambda: matrix @ matrix)[1] for _ in range(rounds))
    print(f"\npeak of a bfloat16 product: {peak / 1e9:.0f} GFLOP a processor second; model in {predictor.model.dtype}")
    print("\n| length | pieces a processor second | GFLOP a processor second | share of peak |\n|---|---|---|---|")
    for length in (64, 256, predictor.settings.length):
        ids = torch.randint(5, len(predictor.tokenizer), (8 * TOKENS_A_WINDOW // length, length))
        mask = torch.ones_like(ids)
        # The counter knows the products of attention only where it is spelled out as products.
        with FlopCounterMode(display=False) as counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
            predictor.model(input_ids=ids, attention_mask=mask)
        best = min(seconds(partial(run, predictor.model, ids, mask))[1] for _ in range(rounds))
        rate = counter.get_total_flops() / best
        print(f"| {length} | {ids.numel() / best:,.0f} | {rate / 1e9:.0f} | {rate / peak:.0%} |")


def main(
    n: Annotated[int, typer.Option(min=1, help="Reports.")] = 2_000,
    size: Annotated[Literal["shipped", "base"], typer.Option(help="Which weights.")] = "shipped",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds, of which medians are taken.")] = 5,
    dtype: Annotated[str, typer.Option(help="marsad's number type.")] = "auto",
    lengths: Annotated[bool, typer.Option("--lengths", help="Cost against length instead.")] = False,
    peak: Annotated[bool, typer.Option("--peak", help="Share of the processor's peak instead.")] = False,
) -> None:
    with model_folder(size) as folder:
        if lengths:
            against_length(folder, rounds, dtype)
        elif peak:
            against_peak(folder, rounds, dtype)
        else:
            against_pipeline(folder, n, rounds, dtype)


if __name__ == "__main__":
    typer.run(main)
