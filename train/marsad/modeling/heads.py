"""What stands on the encoder: the flat list of labels, the pooling of windows, a loss for each task."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, logsigmoid

from marsad.config.schema import Imbalance, Pooling
from marsad.taxonomy import Kind, Taxonomy

FOCUS = 2.0
"""Gamma of the focal loss (Lin et al. 2017) and of the asymmetric loss for positives zero, for negatives twice this."""
MARGIN = 0.05
"""Probability that the asymmetric loss subtracts from negatives (Ridnik et al. 2021)."""


def pool(logits: Tensor, report: Tensor, reports: int, how: Pooling) -> Tensor:
    """Return logits (reports, labels) from those of windows (windows, labels); `report` (windows,) tells whose each is.

    One window's logits pass unchanged under every `how`, so a plain pipeline gives the same scores on short texts.
    """
    index = report[:, None].expand_as(logits)
    empty = logits.new_zeros(reports, logits.shape[1])
    if how == "mean":
        return empty.scatter_reduce(0, index, logits, "mean", include_self=False)
    top = empty.scatter_reduce(0, index, logits, "amax", include_self=False)
    if how == "max":
        return top
    peak = top.detach()
    return empty.scatter_reduce(0, index, (logits - peak[report]).exp(), "mean", include_self=False).log() + peak


def pool_tasks(logits: Tensor, report: Tensor, reports: int, slices: Mapping[str, slice], how: Mapping[str, Pooling]) -> Tensor:
    """Return pooled logits (reports, labels), each task's slice in its own way."""
    return torch.cat([pool(logits[:, part], report, reports, how[task]) for task, part in slices.items()], dim=1)


def probabilities(logits: Tensor, taxonomy: Taxonomy) -> Tensor:
    """Return scores (reports, labels) in 0 to 1: sigmoid for multilabel tasks, softmax within a multiclass task."""
    parts = [
        logits[:, part].softmax(-1) if taxonomy.task(name).kind == "multiclass" else logits[:, part].sigmoid()
        for name, part in taxonomy.slices.items()
    ]
    return torch.cat(parts, dim=1)


def task_loss(logits: Tensor, target: Tensor, known: Tensor, kind: Kind, imbalance: Imbalance, pos_weight: Tensor | None) -> Tensor:
    """Return the mean loss of one task over the reports annotated for it, zero where there is none.

    `logits`, `target` (reports, labels) with values in 0 to 1; `known` (reports,) is true where the task is annotated.
    """
    if not known.any():
        return logits.sum() * 0.0
    logits, target = logits[known].float(), target[known].float()
    if kind == "multiclass":
        return cross_entropy(logits, target)
    if imbalance == "focal":
        return focal(logits, target)
    if imbalance == "asl":
        return asymmetric(logits, target)
    return binary_cross_entropy_with_logits(logits, target, pos_weight=pos_weight if imbalance == "pos_weight" else None)


def focal(logits: Tensor, target: Tensor) -> Tensor:
    """Return the focal loss of Lin et al. (2017), gamma `FOCUS`, without alpha."""
    miss = (target - logits.sigmoid()).abs()
    return (miss.pow(FOCUS) * binary_cross_entropy_with_logits(logits, target, reduction="none")).mean()


def asymmetric(logits: Tensor, target: Tensor) -> Tensor:
    """Return the asymmetric loss of Ridnik et al. (2021): gamma 0 for positives, 2 × `FOCUS` for negatives, `MARGIN`."""
    shifted = (logits.sigmoid() - MARGIN).clamp(min=0)
    negative = -shifted.pow(2 * FOCUS) * torch.log1p(-shifted.clamp(max=1 - 1e-6))
    return (-target * logsigmoid(logits) + (1 - target) * negative).mean()
