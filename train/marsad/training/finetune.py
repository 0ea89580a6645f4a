"""The story of a model of reports: encode → train → save → calibrate, set thresholds. `run.py` has what every run does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import AutoConfig, EvalPrediction, PreTrainedModel, TrainerCallback

from marsad.config.schema import TrainConfig
from marsad.data.reports import Report
from marsad.errors import ConfigError
from marsad.evaluation.calibration import fit_temperatures
from marsad.evaluation.evaluate import Evaluation, ScoredReports, measure, score_reports
from marsad.evaluation.thresholds import tune_thresholds
from marsad.inference.predictor import load
from marsad.modeling.folders import dropouts, load_classifier, save_tokenizer, save_weights, scale_head
from marsad.modeling.heads import probabilities
from marsad.modeling.settings import ModelSettings
from marsad.modeling.tagging import bio_names
from marsad.taxonomy import Taxonomy
from marsad.training.arguments import BEST, training_arguments
from marsad.training.encoding import Collator, encode_reports
from marsad.training.preparation import Preparation
from marsad.training.run import run
from marsad.training.trainer import FACTION_HEAD, ReportTrainer, positive_weights


def finetune(
    config: TrainConfig,
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[TrainerCallback] = (),
    allow_leak: bool = False,
) -> tuple[Path, Evaluation]:
    """Train, and return the model's folder and its dev scores. The folder appears whole or not at all.

    `resume` goes on from the last checkpoint of a broken run; `overwrite` replaces a model, or a broken run, of that name;
    `allow_leak` trains though dev holds what train holds, and writes how much into `run.json`.
    Raises `ConfigError` for mistakes in config or data, and where a folder is in the way.
    """
    return run(
        config,
        _trainer,
        _save_model,
        set_thresholds,
        resume=resume,
        overwrite=overwrite,
        callbacks=callbacks,
        allow_leak=allow_leak,
    )


def _trainer(preparation: Preparation, work: Path) -> ReportTrainer:
    config, taxonomy = preparation.config, preparation.taxonomy
    camps = _camps(preparation)
    train = encode_reports(preparation.train, preparation.cutter, taxonomy, camps, config.data.labels == "soft")
    dev = encode_reports(preparation.dev, preparation.cutter, taxonomy)
    model = new_classifier(preparation)
    if camps:
        setattr(model, FACTION_HEAD, nn.Linear(model.config.hidden_size, len(bio_names(camps))))
    return ReportTrainer(
        taxonomy=taxonomy,
        tasks=config.tasks,
        training=config.training,
        pos_weight=positive_weights(torch.tensor(np.array(train["labels"]))),
        model=model,
        args=training_arguments(config, work, len(train)),
        train_dataset=train,
        eval_dataset=dev,
        data_collator=Collator(preparation.tokenizer.pad_token_id),
        processing_class=preparation.tokenizer,
        compute_metrics=lambda prediction: _dev_scores(prediction, taxonomy),
    )


def _camps(preparation: Preparation) -> list[str]:
    if not preparation.config.training.faction_loss:
        return []
    found = sorted({m.affiliation for report in preparation.train for m in report.factions or ()})
    if not found:
        raise ConfigError("training.faction_loss: no training report has 'factions'. Annotate some, or set it to 0.")
    return found


def new_classifier(preparation: Preparation) -> PreTrainedModel:
    """Return the base encoder under a fresh head whose labels are those of all tasks, with prefixes."""
    taxonomy, dropout = preparation.taxonomy, preparation.config.training.dropout
    single = len(taxonomy.tasks) == 1 and taxonomy.tasks[0].kind == "multiclass"
    return load_classifier(
        preparation.base,
        torch.float32,
        id2label=dict(enumerate(taxonomy.flat)),
        label2id={label: number for number, label in enumerate(taxonomy.flat)},
        problem_type="single_label_classification" if single else "multi_label_classification",
        **({} if dropout is None else dropouts(AutoConfig.from_pretrained(preparation.base), dropout)),
    )


def _dev_scores(prediction: EvalPrediction, taxonomy: Taxonomy) -> dict[str, float]:
    scores = probabilities(torch.from_numpy(np.asarray(prediction.predictions)).float(), taxonomy).numpy()
    gold = np.asarray(prediction.label_ids)
    scored = ScoredReports(taxonomy, scores, gold, 0, 0)
    tasks = measure(scored, tune_thresholds(scores, gold, taxonomy)).tasks
    found = {f"{name}_{figure}": float(tasks[name][figure]) for name in tasks for figure in ("micro_f1", "macro_f1")}
    best = sum(float(tasks[name]["macro_f1"]) for name in tasks) / len(tasks)
    return found | {BEST: best, "reports": float(len(gold))}


def _save_model(trainer: ReportTrainer, preparation: Preparation, folder: Path) -> None:
    config, model = preparation.config, trainer.model
    if hasattr(model, FACTION_HEAD):
        delattr(model, FACTION_HEAD)
    save_weights(model, folder, getattr(torch, config.save_dtype))
    save_tokenizer(preparation.tokenizer, folder)
    thresholds = {task.name: dict.fromkeys(task.ids, 0.5) for task in preparation.taxonomy.tasks if task.kind == "multilabel"}
    windows = config.windows
    pooling = {name: config.tasks[name].pooling for name in preparation.taxonomy.names}
    ModelSettings(preparation.taxonomy, pooling, preparation.length, windows.overlap, windows.date_prefix, thresholds).save(folder)


def set_thresholds(folder: Path, dev: Sequence[Report]) -> Evaluation:
    """Calibrate the saved model on `dev`, tune its thresholds, write both to its `marsad.json`, return its dev scores."""
    _calibrate(folder, dev)
    predictor = load(folder)
    scored = score_reports(predictor, dev)
    settings = predictor.settings.with_thresholds(tune_thresholds(scored.scores, scored.gold, scored.taxonomy))
    settings.save(folder)
    return measure(scored, settings.thresholds)


def _calibrate(folder: Path, dev: Sequence[Report]) -> None:
    """Divide the head by a temperature a task, fitted on `dev`, and note it in `marsad.json`."""
    predictor = load(folder)
    settings, found = predictor.settings, fit_temperatures(score_reports(predictor, dev))
    scale_head(folder, [1 / found[task.name] for task in settings.taxonomy.tasks for _ in task.ids])
    before = settings.temperatures
    replace(settings, temperatures={task: before.get(task, 1.0) * own for task, own in found.items()}).save(folder)
