"""The YAML of `marsad train --search`, as typed fields: which keys of a config to vary, and how far."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from marsad.config.schema import Section


class Dimension(Section):
    """What a key of the config may be: exactly one of these."""

    uniform: tuple[float, float] | None = None
    """Lowest and highest number, all between them as likely."""
    log: tuple[float, float] | None = None
    """Lowest and highest number, all magnitudes between them as likely."""
    integer: tuple[int, int] | None = None
    """Lowest and highest whole number."""
    choices: tuple[bool | int | float | str | None, ...] | None = Field(None, min_length=2)
    """The values themselves."""

    @model_validator(mode="after")
    def is_one_range(self) -> Self:
        """Refuse none or two kinds of range, and a range that holds nothing to choose from."""
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"found {', '.join(given) or 'nothing'}; expected exactly one of uniform, log, integer, choices")
        for low, high in filter(None, (self.uniform, self.log, self.integer)):
            if low >= high or (self.log and low <= 0):
                raise ValueError(
                    f"found [{low:g}, {high:g}]; expected a lower and a higher number{', above 0' if self.log else ''}"
                )
        return self

    @property
    def extremes(self) -> tuple[bool | int | float | str | None, ...]:
        """The ends of the range, or all choices."""
        return self.uniform or self.log or self.integer or self.choices or ()


class SearchConfig(Section):
    """One study: trials of a config with some keys varied."""

    trials: int = Field(20, ge=1)
    """Trials that the study ends with, those of all workers and earlier calls counted, pruned ones too."""
    seed: int = Field(13, ge=0)
    """Seed of what is tried; together with a trial's number."""
    startup_trials: int = Field(5, ge=1)
    """Trials drawn by chance and left to finish; from then on Optuna's TPE draws, and the median pruner stops the worse."""
    startup_epochs: int = Field(1, ge=0)
    """Epochs that no trial is stopped before."""
    space: dict[str, Dimension] = Field(min_length=1)
    """What is varied: `training.learning_rate: {log: [1.0e-5, 1.0e-3]}`."""
