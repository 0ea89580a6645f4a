"""A trained model is a plain transformers model: who has no marsad gets the same scores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from marsad import Predictor, load
from marsad.config.schema import TrainConfig
from marsad.training.finetune import finetune

TEXTS = [
    "أفاد مراسلنا أن قوات النظام قصفت بالمدفعية بلدة جاسم صباح اليوم.",
    "قصـ ـفت قوات النـ.ـظام بالمد*فعية بلدة جاسم",
    "#الجيش_التركي اعتقـــلت شُبَّاناً في بلدة تدمر",
    "تنظيم د1عش اشتـ.ـبكت مع مسلحين قرب البصيرة",
    "عاااجل: ق.ص.ف ٢٠٢١",
    "💥",
    "سوق",
]
STRANGER = """
import json, sys

class NoMarsad:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "marsad":
            raise ImportError("marsad is not here")

sys.meta_path.insert(0, NoMarsad())
try:
    import marsad
except ImportError:
    pass
else:
    raise SystemExit("marsad could be imported")
from transformers import pipeline

read = pipeline("text-classification", model=sys.argv[1], top_k=None, device="cpu")
texts = json.loads(sys.stdin.buffer.read())
answers = [{found["label"]: found["score"] for found in read([text])[0]} for text in texts]
assert "marsad" not in sys.modules
sys.stdout.write("\\n" + json.dumps(answers))
"""


def through_a_plain_pipeline(model: Path, texts: list[str], folder: Path) -> list[dict[str, float]]:
    script = folder / "stranger.py"
    script.write_text(STRANGER, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(script), str(model)],
        input=json.dumps(texts).encode(),
        cwd=folder,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    answers: Any = json.loads(done.stdout.decode().splitlines()[-1])
    return list(answers)


def through_marsad(predictor: Predictor, texts: list[str]) -> list[dict[str, float]]:
    found = predictor.predict(texts)
    assert all(one.windows == 1 for one in found)
    return [{f"{task}:{label}": score for task in one.labels for label, score in one.scores(task).items()} for one in found]


@pytest.mark.slow
def test_a_plain_pipeline_gives_the_scores_of_marsad(tiny_model: Path, tmp_path: Path) -> None:
    theirs = through_a_plain_pipeline(tiny_model, TEXTS, tmp_path)
    ours = through_marsad(load(tiny_model, device="cpu"), TEXTS)
    assert len(theirs) == len(TEXTS)
    for text, a, b in zip(TEXTS, theirs, ours, strict=True):
        assert a == pytest.approx(b, abs=1e-4), text
    assert max(ours[1], key=lambda label: ours[1][label]) in ("affiliation:assad_regime", "event_type:shelling")


@pytest.mark.slow
def test_so_does_a_single_label_model(
    tiny_config: Callable[..., TrainConfig], few_reports: Callable[..., dict[str, Path]], tmp_path: Path
) -> None:
    deeds = {"kind": "multiclass", "labels": [{"id": "shelling"}, {"id": "arrest_raid"}, {"id": "armed_clash"}]}
    taxonomy = tmp_path / "deeds.yaml"
    taxonomy.write_text(yaml.safe_dump({"version": 1, "tasks": {"event_type": deeds}}), encoding="utf-8")
    config = tiny_config(taxonomy=str(taxonomy), tasks={"event_type": {}}, data=few_reports(64), training={"epochs": 2})
    folder, _ = finetune(config)
    theirs = through_a_plain_pipeline(folder, TEXTS, tmp_path)
    for a, b in zip(theirs, through_marsad(load(folder, device="cpu"), TEXTS), strict=True):
        assert a == pytest.approx(b, abs=1e-4)
        assert sum(a.values()) == pytest.approx(1, abs=1e-4)
