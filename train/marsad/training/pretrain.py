"""The story of an encoder: tokenizer → token streams → selection → word vectors → masked words → a folder."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from marsad.config.loading import dump_config
from marsad.config.pretrain import Architecture, PretrainConfig, Source
from marsad.data.corpus import TokenStream, encode_texts, joined, likeness, open_stream, read_texts
from marsad.errors import ConfigError
from marsad.files import sha256
from marsad.modeling.folders import dropouts, find_model, load_tokenizer, no_bars, save_tokenizer, save_weights
from marsad.modeling.hardware import computes_in_bf16
from marsad.modeling.tokenizer import train_tokenizer
from marsad.training.encoding import cache_folder
from marsad.training.masking import SHAPES, MaskedBatches, PretrainTrainer, WordMasking, masked_accuracy, only
from marsad.training.record import origin
from marsad.training.vectors import start_embeddings, train_vectors
from marsad.training.vocabulary import carry_embeddings
from marsad.training.work import close_work, full_disk_told, last_checkpoint, open_work, processes, write_json

TOKENIZER_SAMPLE = 15_000
"""Texts of each source that a new tokenizer is trained on."""
DROPOUT = 0.1
"""Dropout that fine-tuning finds in the saved config; pre-training itself reads every text about once and needs none."""


def pretrain(
    config: PretrainConfig, resume: bool = False, overwrite: bool = False, callbacks: Sequence[TrainerCallback] = ()
) -> tuple[Path, dict[str, float]]:
    """Train an encoder by masked language modelling; return its folder, and loss and accuracy on held-out text.

    `resume` goes on from the last checkpoint, exactly; `overwrite` replaces a model or a broken run of that name.
    Raises `ConfigError` for mistakes in config or sources, and where a folder is in the way.
    """
    target = config.output / config.name
    _check(config)
    work = open_work(target, dump_config(config), resume, overwrite)
    set_seed(config.seed)
    started = time.time()
    with processes().main_process_first():
        base = find_model(config.init_from, config.revision) if config.init_from else None
        tokenizer = _tokenizer(config, base, work)
        streams = [_stream(source.path, tokenizer) for source in config.sources]
    ids, held_out = _choose(config, streams, tokenizer)
    model = _model(config, base, tokenizer, streams, start=not resume)
    with full_disk_told(work):
        trainer = _trainer(config, model, tokenizer, ids, held_out, work, callbacks)
        trainer.train(resume_from_checkpoint=last_checkpoint(work) if resume else None)
        scores = {name: float(value) for name, value in trainer.evaluate().items()}
        if trainer.is_world_process_zero():
            _save(config, trainer, tokenizer, work / "model", scores, ids.size, time.time() - started)
            close_work(work, work / "model", target)
    return target, scores


def _check(config: PretrainConfig) -> None:
    mistakes = []
    if config.init_from is None and config.vocabulary is None:
        mistakes.append("vocabulary: missing. A new encoder needs the number of word pieces of its tokenizer, such as 20480.")
    if abs(sum(stage.share for stage in config.stages) - 1) > 1e-6:
        mistakes.append(f"stages: the shares add up to {sum(stage.share for stage in config.stages):g}, expected 1.")
    longest = max(stage.length for stage in config.stages)
    if config.init_from is None and longest > config.architecture.positions:
        mistakes.append(f"stages: length {longest} is more than architecture.positions, {config.architecture.positions}.")
    if any(source.select for source in config.sources) != (config.selection is not None):
        mistakes.append("selection: goes with 'select: true' on the sources it chooses from; give both or neither.")
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def _tokenizer(config: PretrainConfig, base: Path | None, work: Path) -> PreTrainedTokenizerBase:
    """Return the base's tokenizer, the one that a broken run made, or a new one, kept in `work` for a resumed run."""
    made = work / "tokenizer"
    if config.vocabulary is None:
        assert base is not None
        return load_tokenizer(base)
    if not made.exists():
        positions = config.architecture.positions if base is None else load_tokenizer(base).model_max_length
        save_tokenizer(train_tokenizer(_samples(config.sources), config.vocabulary, positions), made)
    return load_tokenizer(made)


def _samples(sources: Sequence[Source]) -> Iterator[str]:
    for source in sources:
        for _ in range(min(source.repeat, 3)):
            yield from islice(read_texts(source.path), TOKENIZER_SAMPLE)


def _stream(path: Path, tokenizer: PreTrainedTokenizerBase) -> TokenStream:
    """Return a source's word pieces, from the cache if this file was cut by this tokenizer before."""
    digest = hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()[:16]
    kept = cache_folder() / "tokens" / f"{digest}-{sha256(path)[:16]}.bin"
    if kept.exists():
        return open_stream(kept, len(tokenizer))
    kept.parent.mkdir(parents=True, exist_ok=True)
    return encode_texts(read_texts(path), tokenizer, kept)


def _choose(
    config: PretrainConfig, streams: Sequence[TokenStream], tokenizer: PreTrainedTokenizerBase
) -> tuple[np.ndarray, np.ndarray]:
    """Return the word pieces to train on and the held-out ones: texts selected, repeated, shuffled."""
    everything = joined(streams)
    firsts = np.cumsum([0, *map(len, streams)])
    dice = np.random.default_rng(config.seed)
    numbers = [np.arange(first, first + len(stream)) for first, stream in zip(firsts, streams, strict=False)]
    if config.selection is not None:
        chosen = [place for place, source in enumerate(config.sources) if source.select]
        kept = _select(config, joined([streams[place] for place in chosen]), tokenizer)
        pool = np.concatenate([numbers[place] for place in chosen])[kept]
        for place in chosen:
            numbers[place] = pool[np.isin(pool, numbers[place])]
    pools = [dice.permutation(part) for part in numbers]
    largest = max(range(len(pools)), key=lambda place: len(pools[place]))
    if len(pools[largest]) <= config.held_out:
        raise ConfigError(f"held_out: {config.held_out} texts is all there is to train on ({len(pools[largest])}).")
    held_out, pools[largest] = pools[largest][: config.held_out], pools[largest][config.held_out :]
    repeated = [np.repeat(part, source.repeat) for part, source in zip(pools, config.sources, strict=True)]
    order = dice.permutation(np.concatenate(repeated))
    separator = tokenizer.sep_token_id
    return everything.take(order, separator), everything.take(held_out, separator)


def _select(config: PretrainConfig, stream: TokenStream, tokenizer: PreTrainedTokenizerBase) -> np.ndarray:
    selection = config.selection
    assert selection is not None
    gain = likeness(stream, _stream(selection.like, tokenizer), len(tokenizer))
    best = np.argsort(-gain, kind="stable")
    return best[: np.searchsorted(np.cumsum(stream.lengths[best]), selection.tokens)]


def _model(
    config: PretrainConfig, base: Path | None, tokenizer: PreTrainedTokenizerBase, streams: Sequence[TokenStream], start: bool
) -> PreTrainedModel:
    settings = _shape(config.architecture, tokenizer) if base is None else AutoConfig.from_pretrained(base, trust_remote_code=False)
    if settings.model_type not in SHAPES:
        raise ConfigError(f"init_from: {config.init_from} is a {settings.model_type}; marsad takes {', '.join(SHAPES)} further.")
    settings.update(dropouts(settings, 0.0))
    attention = "sdpa" if torch.cuda.is_available() else "eager"
    model_class = SHAPES[settings.model_type]
    if base is not None:
        with no_bars():
            model = model_class.from_pretrained(
                base, config=settings, dtype=torch.float32, use_safetensors=True, attn_implementation=attention
            )
        if config.vocabulary is not None and start:
            carry_embeddings(model, _samples(config.sources), load_tokenizer(base), tokenizer)
        elif config.vocabulary is not None:
            model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        return model
    settings._attn_implementation = attention
    model = model_class(settings)
    if start and config.word_vectors.epochs:
        threads = torch.get_num_threads()
        start_embeddings(
            model, train_vectors(streams, len(tokenizer), settings.hidden_size, config.word_vectors, config.seed, threads)
        )
    return model


def _shape(shape: Architecture, tokenizer: PreTrainedTokenizerBase) -> PreTrainedConfig:
    settings = {
        "vocab_size": len(tokenizer),
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.width // 64,
        "intermediate_size": {"bert": 4 * shape.width, "modernbert": 3 * shape.width // 2}[shape.shape],
        "max_position_embeddings": shape.positions,
        "pad_token_id": tokenizer.pad_token_id,
    }
    if shape.shape == "modernbert":
        special = {"bos_token_id": None, "eos_token_id": None}
        special |= {"cls_token_id": tokenizer.cls_token_id, "sep_token_id": tokenizer.sep_token_id}
        settings |= special | {"classifier_pooling": "mean", "global_attn_every_n_layers": 3, "local_attention": 128}
    return AutoConfig.for_model(shape.shape, **settings)


def _trainer(
    config: PretrainConfig,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    ids: np.ndarray,
    held_out: np.ndarray,
    work: Path,
    callbacks: Sequence[TrainerCallback],
) -> PretrainTrainer:
    cls = tokenizer.cls_token_id
    train = MaskedBatches(ids, config.stages, WordMasking(tokenizer, config.mask_rate, config.seed), cls)
    whole = config.stages[0].model_copy(update={"share": 1.0, "batch_size": 1})
    held = MaskedBatches(held_out, [whole], WordMasking(tokenizer, config.mask_rate, config.seed + 1), cls)
    if not len(train) or not len(held):
        raise ConfigError(f"sources: {ids.size:,} word pieces are too few for one step. Add text, or make the stages smaller.")
    if config.compile:
        torch._dynamo.config.automatic_dynamic_shapes = False
        model.compile(dynamic=False)
    trainer = PretrainTrainer(
        model=model,
        args=_arguments(config, work),
        train_dataset=train,
        eval_dataset=held,
        data_collator=only,
        compute_metrics=masked_accuracy,
        callbacks=list(callbacks),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _arguments(config: PretrainConfig, work: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(work),
        use_cpu=not torch.cuda.is_available(),
        seed=config.seed,
        per_device_train_batch_size=1,
        per_device_eval_batch_size=1,
        num_train_epochs=config.epochs,
        learning_rate=config.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        adam_beta2=0.98,
        max_grad_norm=1.0,
        optim="adamw_torch_fused",
        bf16=computes_in_bf16(),
        eval_strategy="steps",
        eval_steps=config.save_steps,
        save_steps=config.save_steps,
        save_total_limit=2,
        logging_steps=min(25, config.save_steps),
        label_names=["labels"],
        remove_unused_columns=False,
        include_num_input_tokens_seen="all",
        ddp_find_unused_parameters=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        report_to=config.report_to,
        disable_tqdm=True,
    )


def _save(
    config: PretrainConfig,
    trainer: PretrainTrainer,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    scores: dict[str, float],
    pieces: int,
    seconds: float,
) -> None:
    model = trainer.model
    model.config.update(dropouts(model.config, DROPOUT))
    save_weights(model, folder, torch.float16)
    save_tokenizer(tokenizer, folder)
    _name_plain_class(folder, model)
    files = [source.path for source in config.sources]
    record: dict[str, Any] = origin(files) | {
        "seed": config.seed,
        "tokens": round(pieces * config.epochs),
        "seconds": round(seconds, 1),
        "held_out": scores,
        "history": trainer.state.log_history,
    }
    (folder / "config.yaml").write_text(dump_config(config), encoding="utf-8")
    write_json(folder / "run.json", record)


def _name_plain_class(folder: Path, model: PreTrainedModel) -> None:
    """Name the plain class in the saved config: the subclass is marsad's own, its weights are the plain class's."""
    path, own = folder / "config.json", type(model)
    path.write_text(path.read_text(encoding="utf-8").replace(own.__name__, own.__bases__[1].__name__), encoding="utf-8")
