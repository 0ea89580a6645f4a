"""The YAML of `marsad train`, as typed fields; a field's docstring is its help."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

Pooling = Literal["logmeanexp", "max", "mean"]
Imbalance = Literal["none", "pos_weight", "focal", "asl"]
Subject = Literal["reports", "factions"]


class Section(BaseModel):
    """A mapping of the YAML: unknown keys are refused, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class DataSection(Section):
    """Which reports to learn from, and which to choose on."""

    train: Path
    """Annotated reports (JSONL or CSV)."""
    also: tuple[Path, ...] = ()
    """More files of training reports, read after `train`."""
    dev: Path | None = None
    """Reports to stop early and to set thresholds on; never trained on. Without it, `dev_share` of `train` is kept apart."""
    dev_share: float = Field(0.15, gt=0, lt=0.5)
    """Share of the stories (`group`) of `train` kept as dev where no dev file is given."""
    labels: Literal["hard", "soft"] = "hard"
    """What training reports are learned by: their labels; or, where several annotators differed, the share of them that gave
    each (`label_shares`, which `marsad data adjudicate` writes). Dev reports are always measured by their labels."""
    test_share: float = Field(0.0, ge=0, lt=0.5)
    """Share of the stories kept out of everything and written to `held-out.jsonl` beside the model."""


class TaskSection(Section):
    """How one task of the taxonomy is learned."""

    pooling: Pooling = "max"
    """How the logits of a report's windows become one, a label at a time."""
    imbalance: Imbalance = "none"
    """Answer to rare labels: `pos_weight` (capped at 20), `focal` loss or `asl` (asymmetric loss); multilabel tasks only."""
    weight: float = Field(1.0, gt=0)
    """Weight of the task's loss in the sum."""


class WindowSection(Section):
    """How long reports are cut."""

    length: int | None = Field(None, ge=16)
    """Word pieces a window, special tokens included; without it, as many as the encoder's positions allow."""
    overlap: int = Field(32, ge=0)
    """Word pieces that neighbouring windows may share, at most half a window."""
    date_prefix: bool = False
    """Put the report's date in front of every window: camps change with it."""

    @model_validator(mode="after")
    def overlap_leaves_progress(self) -> Self:
        """Refuse windows that would hardly move."""
        if self.length is not None and self.overlap > self.length // 2:
            raise ValueError(f"overlap {self.overlap} is more than half the window's length {self.length}")
        return self


class TrainingSection(Section):
    """How long and how fast."""

    epochs: float = Field(8.0, gt=0)
    """Passes over the training reports at the most; early stopping may end before."""
    patience: int = Field(3, ge=1)
    """Epochs without a better dev figure (macro-F1; entity F1 of factions) before training stops."""
    batch_size: int = Field(16, ge=1)
    """Reports a step, shared out among the processes of torchrun; windows of reports with `task: factions`."""
    gradient_accumulation: int = Field(1, ge=1)
    """Steps whose gradients are added up before the weights move."""
    learning_rate: float = Field(3.0e-5, gt=0)
    """Peak learning rate of AdamW."""
    head_learning_rate: float | None = Field(None, gt=0)
    """Peak learning rate of the new layers (pooler and classifier); without it, `learning_rate`."""
    layer_decay: float = Field(1.0, gt=0, le=1)
    """Factor on the learning rate for each layer further from the head."""
    average: float = Field(0.0, ge=0, lt=1)
    """Decay, a step, of a moving average of the weights; the average is measured and saved. 0: none; 0.99: over about a hundred
    steps."""
    weight_decay: float = Field(0.01, ge=0)
    """Decay of AdamW, on matrices only."""
    warmup: float = Field(0.1, ge=0, lt=1)
    """Share of the steps in which the rate rises."""
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = "linear"
    """Course of the learning rate after warm-up."""
    dropout: float | None = Field(None, ge=0, lt=1)
    """Dropout of encoder and head; without it, the encoder's own."""
    word_dropout: float = Field(0.0, ge=0, lt=1)
    """Share of the word pieces that training hides behind [MASK], others at every step."""
    faction_loss: float = Field(0.0, ge=0)
    """Weight of a helper loss that tags the annotated faction spans with their camps; its head is dropped after training."""
    bf16: bool | Literal["auto"] = "auto"
    """Mixed precision; `auto`: where the device computes in bfloat16."""
    report_to: str = "none"
    """`tensorboard`, `wandb` …, as in transformers."""


class TrainConfig(Section):
    """One run: a base encoder, a taxonomy, reports, and how to learn."""

    name: str = Field(pattern=r"^[\w.-]+$")
    """Folder of the result, under `output`."""
    output: Path = Path("models")
    """Folder that the result's folder is made in."""
    seed: int = Field(13, ge=0)
    """Seed of split, weights, order and dropout."""
    encoder: str = "mini-base"
    """Base encoder: the name of a shipped one, a folder, or a hub id."""
    revision: str | None = None
    """Commit of a hub encoder; demanded there, so that a run can be repeated."""
    task: Subject = "reports"
    """What is labelled: whole `reports`, by `tasks`; or the `factions` named in them, by the taxonomy's affiliations."""
    taxonomy: str = "syria"
    """Tasks and labels: a YAML, or the name of one that comes with marsad."""
    gazetteer: str | None = None
    """With `task: factions`, the forces by which mentions are grouped: a YAML, or the name of one that comes with marsad."""
    data: DataSection
    """Reports."""
    tasks: dict[str, TaskSection] = Field(default={}, validate_default=True)
    """Tasks to learn, by their names in the taxonomy; needed for `reports`, none for `factions`."""
    windows: WindowSection = WindowSection()
    """Cutting of long reports."""
    training: TrainingSection = TrainingSection()
    """Optimisation."""
    save_dtype: Literal["float16", "float32"] = "float16"
    """Numbers in the saved weights."""

    @field_validator("tasks")
    @classmethod
    def tasks_are_of_reports(cls, tasks: dict[str, TaskSection], info: ValidationInfo) -> dict[str, TaskSection]:
        """Refuse a run on reports without a task, and a run on factions with any."""
        factions = info.data.get("task") == "factions"
        if factions and tasks:
            raise ValueError("a run with 'task: factions' learns the camps alone; take 'tasks' out")
        if not factions and not tasks:
            raise ValueError("expected at least one task, by its name in the taxonomy")
        return tasks
