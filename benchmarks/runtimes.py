"""Reports a second by torch (float32, bfloat16) and by ONNX Runtime (float32, int8): the same weights, reports and machine.

python benchmarks/runtimes.py REPORTS.jsonl [--model DIR] [--n 200]      DIR after `marsad export DIR`
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch

from marsad.inference.predictor import Predictor, load
from marsad.modeling.onnx import FLOAT, FOLDER, INT8, OnnxModel
from marsad.publishing.onnx import read_reports

ROUNDS = 5


def engines(folder: Path) -> dict[str, Predictor]:
    """Return a predictor for each engine that the folder has files for."""
    found = {name: load(folder, device="cpu", dtype=name, runtime="torch") for name in ("float32", "bfloat16")}
    for file in (FLOAT, INT8):
        if (folder / FOLDER / file).is_file():
            found[file] = load(folder, device="cpu", runtime="torch")
            found[file].model = OnnxModel(folder / FOLDER / file, found["float32"].model.config)
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("reports", type=Path)
    arguments.add_argument("--model", type=Path, default=Path("models/default"))
    arguments.add_argument("--n", type=int, default=200)
    options = arguments.parse_args()
    reports = read_reports(options.reports)[: options.n]
    predictors = engines(options.model)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in predictors}
    for number in range(ROUNDS + 1):
        for name, predictor in predictors.items():  # by turns, so that other work on the machine meets all alike
            wall, core = time.perf_counter(), time.process_time()
            predictor.predict(reports, tasks=predictor.settings.taxonomy.names)
            if number:  # the first round warms up
                seconds[name].append((time.perf_counter() - wall, time.process_time() - core))
    medians = {name: [statistics.median(one) for one in zip(*times, strict=True)] for name, times in seconds.items()}
    first = medians["float32"]
    print(f"{len(reports)} reports, {torch.get_num_threads()} threads, median of {ROUNDS}; tokenizing included")
    print("| engine | reports/s | times torch float32 | the same in seconds of the CPU |\n|---|---|---|---|")
    for name, (wall, core) in medians.items():
        print(f"| {name} | {len(reports) / wall:.1f} | {first[0] / wall:.2f} | {first[1] / core:.2f} |")


if __name__ == "__main__":
    main()
