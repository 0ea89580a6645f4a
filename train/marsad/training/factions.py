"""The story of a tagger of factions: encode → train → save → measure. `run.py` has what every run does."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, EvalPrediction, PreTrainedModel, TrainerCallback

from marsad.config.schema import TrainConfig
from marsad.evaluation.spans import FactionEvaluation, Place, evaluate_factions, score_spans
from marsad.gazetteer import find_gazetteer
from marsad.inference.tagger import GAZETTEER, open_tagger
from marsad.modeling.folders import dropouts, load_tagger, save_tokenizer, save_weights
from marsad.modeling.names import Names
from marsad.modeling.settings import ModelSettings
from marsad.modeling.tagging import UNKNOWN, best_path, bio_names, runs
from marsad.training.arguments import BEST_FACTIONS, training_arguments
from marsad.training.encoding import WindowCollator, encode_windows
from marsad.training.preparation import Preparation
from marsad.training.run import run
from marsad.training.trainer import LayerwiseTrainer


def train_tagger(
    config: TrainConfig,
    resume: bool = False,
    overwrite: bool = False,
    callbacks: Sequence[TrainerCallback] = (),
    allow_leak: bool = False,
) -> tuple[Path, FactionEvaluation]:
    """Train a tagger of factions, and return its folder and its dev scores; otherwise as `finetune`."""
    return run(
        config,
        _trainer,
        _save_model,
        lambda folder, dev: evaluate_factions(open_tagger(folder), dev),
        resume=resume,
        overwrite=overwrite,
        callbacks=callbacks,
        allow_leak=allow_leak,
    )


def _trainer(preparation: Preparation, work: Path) -> LayerwiseTrainer:
    config, camps = preparation.config, preparation.taxonomy.tasks[0].ids
    train = encode_windows(preparation.train, preparation.cutter, camps)
    return LayerwiseTrainer(
        training=config.training,
        model=new_tagger(preparation),
        args=training_arguments(config, work, len(train)),
        train_dataset=train,
        eval_dataset=encode_windows(preparation.dev, preparation.cutter, camps),
        data_collator=WindowCollator(preparation.tokenizer.pad_token_id),
        processing_class=preparation.tokenizer,
        compute_metrics=lambda prediction: _dev_scores(prediction, camps),
    )


def new_tagger(preparation: Preparation) -> PreTrainedModel:
    """Return the base encoder under a fresh head whose labels are the BIO tags of all camps of the taxonomy, in its order."""
    tags = bio_names(preparation.taxonomy.tasks[0].ids)
    dropout = preparation.config.training.dropout
    return load_tagger(
        preparation.base,
        torch.float32,
        id2label=dict(enumerate(tags)),
        label2id={tag: number for number, tag in enumerate(tags)},
        **({} if dropout is None else dropouts(AutoConfig.from_pretrained(preparation.base), dropout)),
    )


def _dev_scores(prediction: EvalPrediction, camps: Sequence[str]) -> dict[str, float]:
    """Return the scores of the words of each window by themselves: near to those of whole reports, and cheap."""
    gold: list[list[Place]] = []
    found: list[list[Place]] = []
    for logits, tags in zip(np.asarray(prediction.predictions), np.asarray(prediction.label_ids), strict=True):
        words = tags != UNKNOWN
        scores = torch.from_numpy(logits[words]).float().log_softmax(-1).numpy()
        gold.append([(run.first, run.last, camps[run.camp]) for run in runs(tags[words].tolist())])
        found.append([(run.first, run.last, camps[run.camp]) for run in runs(best_path(scores))])
    scored = score_spans(gold, found, camps)
    figures = {"span_f1": scored.span.f1, "camp_accuracy": scored.camp_accuracy or 0.0, "windows": float(len(gold))}
    return figures | {BEST_FACTIONS: scored.entity.f1}


def _save_model(trainer: LayerwiseTrainer, preparation: Preparation, folder: Path) -> None:
    config = preparation.config
    save_weights(trainer.model, folder, getattr(torch, config.save_dtype))
    save_tokenizer(preparation.tokenizer, folder)
    windows = config.windows
    settings = ModelSettings(
        preparation.taxonomy, {}, preparation.length, windows.overlap, windows.date_prefix, thresholds={}, task="factions"
    )
    settings.save(folder)
    reports = preparation.train
    Names.collect((r.text[m.start : m.end], m.affiliation, 1) for r in reports for m in r.factions or ()).save(folder)
    if config.gazetteer is not None:
        shutil.copyfile(find_gazetteer(config.gazetteer), folder / GAZETTEER)
