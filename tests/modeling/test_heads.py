from __future__ import annotations

import math
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from marsad.config.schema import Imbalance, Pooling
from marsad.modeling.heads import FOCUS, MARGIN, asymmetric, focal, pool, pool_tasks, probabilities, task_loss
from marsad.taxonomy import Kind, Label, Task, Taxonomy

WAYS: tuple[Pooling, ...] = get_args(Pooling)
IMBALANCES: tuple[Imbalance, ...] = get_args(Imbalance)
SCORES = st.floats(-40, 40, width=32)


def taxonomy() -> Taxonomy:
    labels = tuple(Label(id) for id in "abc")
    return Taxonomy(
        "1", (Task("camps", "multilabel", labels), Task("tone", "multiclass", labels[:2]), Task("deeds", "multilabel", labels))
    )


def pooled_by_hand(logits: Tensor, report: Tensor, reports: int, how: Pooling) -> Tensor:
    rows = []
    for number in range(reports):
        mine = torch.stack([logits[i] for i in range(len(logits)) if report[i] == number])
        by_name = {"max": mine.max(0).values, "mean": mine.mean(0), "logmeanexp": mine.logsumexp(0) - math.log(len(mine))}
        rows.append(by_name[how])
    return torch.stack(rows)


@st.composite
def windows_of_reports(draw: st.DrawFn) -> tuple[Tensor, Tensor, int]:
    """Logits of windows, whose they are (in any order), how many reports; each report has a window."""
    reports, labels = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    owners = draw(st.permutations([*range(reports), *draw(st.lists(st.integers(0, reports - 1), max_size=6))]))
    rows = [draw(st.lists(SCORES, min_size=labels, max_size=labels)) for _ in owners]
    return torch.tensor(rows), torch.tensor(owners), reports


@pytest.mark.parametrize("how", WAYS)
@settings(max_examples=150, deadline=None)
@given(found=windows_of_reports())
def test_pool_does_what_a_plain_loop_does(how: Pooling, found: tuple[Tensor, Tensor, int]) -> None:
    torch.testing.assert_close(pool(*found, how), pooled_by_hand(*found, how))


@pytest.mark.parametrize("how", WAYS)
def test_pool_has_the_gradient_of_a_plain_loop(how: Pooling) -> None:
    torch.manual_seed(0)
    logits, report = torch.randn(7, 3), torch.tensor([2, 0, 1, 0, 2, 2, 1])
    weights = torch.randn(3, 3)
    gradients = []
    for function in (pool, pooled_by_hand):
        leaf = logits.clone().requires_grad_()
        torch.autograd.backward((function(leaf, report, 3, how) * weights).sum())
        gradients.append(leaf.grad)
    torch.testing.assert_close(*gradients)
    assert gradients[0] is not None
    assert gradients[0].abs().sum() > 0


@pytest.mark.parametrize("how", WAYS)
@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.lists(SCORES, min_size=3, max_size=3), min_size=1, max_size=4))
def test_one_window_passes_unchanged_to_the_last_bit(how: Pooling, rows: list[list[float]]) -> None:
    logits = torch.tensor(rows)
    assert torch.equal(pool(logits, torch.arange(len(rows)), len(rows), how), logits)


@pytest.mark.parametrize("how", WAYS)
def test_large_logits_stay_finite(how: Pooling) -> None:
    logits = torch.tensor([[1e4, -1e4], [1e4, -1e4]], requires_grad=True)
    pooled = pool(logits, torch.tensor([0, 0]), 1, how)
    torch.autograd.backward(pooled.sum())
    assert torch.isfinite(pooled).all()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    torch.testing.assert_close(pooled.detach(), torch.tensor([[1e4, -1e4]]), atol=1.0, rtol=0)


def test_each_task_is_pooled_in_its_own_way() -> None:
    torch.manual_seed(1)
    kinds = taxonomy()
    logits, report = torch.randn(5, len(kinds.flat)), torch.tensor([0, 1, 0, 1, 1])
    how: dict[str, Pooling] = {"deeds": "logmeanexp", "camps": "max", "tone": "mean"}
    pooled = pool_tasks(logits, report, 2, kinds.slices, how)
    assert pooled.shape == (2, 8)
    for task, part in kinds.slices.items():
        torch.testing.assert_close(pooled[:, part], pooled_by_hand(logits[:, part], report, 2, how[task]))


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.lists(SCORES, min_size=8, max_size=8), min_size=1, max_size=4))
def test_probabilities(rows: list[list[float]]) -> None:
    logits, kinds = torch.tensor(rows), taxonomy()
    scores = probabilities(logits, kinds)
    assert scores.shape == logits.shape
    assert ((scores >= 0) & (scores <= 1)).all()
    torch.testing.assert_close(scores[:, kinds.slices["tone"]].sum(1), torch.ones(len(rows)))
    by_hand = [[1 / (1 + math.exp(-x)) for x in row] for row in rows]
    for task in ("camps", "deeds"):
        torch.testing.assert_close(scores[:, kinds.slices[task]], torch.tensor(by_hand)[:, kinds.slices[task]])


# losses


def report_logits(seed: int = 0, reports: int = 6, labels: int = 4) -> tuple[Tensor, Tensor]:
    torch.manual_seed(seed)
    return 3 * torch.randn(reports, labels), (torch.rand(reports, labels) > 0.6).float()


CASES = [("multilabel", imbalance) for imbalance in IMBALANCES] + [("multiclass", "none")]


@pytest.mark.parametrize(("kind", "imbalance"), CASES)
def test_a_report_that_is_not_annotated_changes_nothing(kind: Kind, imbalance: Imbalance) -> None:
    logits, target = report_logits()
    known = torch.tensor([True, False, True, True, False, True])
    weight = torch.tensor([1.0, 2.0, 3.0, 4.0])
    expected = task_loss(logits[known], target[known], known[known], kind, imbalance, weight)
    noisy = torch.where(known[:, None], logits, 100 * torch.randn_like(logits)).requires_grad_()
    unknown = torch.where(known[:, None], target, torch.nan)
    loss = task_loss(noisy, unknown, known, kind, imbalance, weight)
    torch.autograd.backward(loss)
    torch.testing.assert_close(loss.detach(), expected)
    assert noisy.grad is not None
    assert noisy.grad[~known].abs().sum() == 0
    assert noisy.grad[known].abs().sum() > 0


@pytest.mark.parametrize(("kind", "imbalance"), CASES)
def test_no_annotated_report_gives_zero_and_a_gradient(kind: Kind, imbalance: Imbalance) -> None:
    logits = report_logits()[0].requires_grad_()
    target = torch.full_like(logits, torch.nan)
    loss = task_loss(logits, target, torch.zeros(6, dtype=torch.bool), kind, imbalance, None)
    torch.autograd.backward(loss)
    assert loss.item() == 0
    assert logits.grad is not None
    assert torch.equal(logits.grad, torch.zeros_like(logits))


@pytest.mark.parametrize(("kind", "imbalance"), CASES)
def test_losses_are_computed_in_float32(kind: Kind, imbalance: Imbalance) -> None:
    logits, target = report_logits()
    half = logits.to(torch.bfloat16)
    known = torch.ones(6, dtype=torch.bool)
    loss = task_loss(half, target, known, kind, imbalance, None)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, task_loss(half.float(), target, known, kind, imbalance, None))


@pytest.mark.parametrize(("kind", "imbalance"), CASES)
def test_a_step_down_the_gradient_lowers_the_loss(kind: Kind, imbalance: Imbalance) -> None:
    logits, target = report_logits(seed=4)
    known = torch.ones(6, dtype=torch.bool)
    logits.requires_grad_()
    loss = task_loss(logits, target, known, kind, imbalance, None)
    torch.autograd.backward(loss)
    assert logits.grad is not None
    better = task_loss(logits.detach() - 0.1 * logits.grad, target, known, kind, imbalance, None)
    assert better < loss


def test_plain_multilabel_loss_is_the_cross_entropy_of_torch() -> None:
    logits, target = report_logits()
    loss = task_loss(logits, target, torch.ones(6, dtype=torch.bool), "multilabel", "none", torch.full((4,), 9.0))
    torch.testing.assert_close(loss, binary_cross_entropy_with_logits(logits, target))


def test_multiclass_loss_is_the_cross_entropy_of_torch_whatever_the_imbalance() -> None:
    logits, _ = report_logits()
    classes = torch.tensor([0, 3, 1, 1, 2, 0])
    target = torch.eye(4)[classes]
    for imbalance in IMBALANCES:
        loss = task_loss(logits, target, torch.ones(6, dtype=torch.bool), "multiclass", imbalance, None)
        torch.testing.assert_close(loss, cross_entropy(logits, classes))


def test_pos_weight_multiplies_the_positives_alone() -> None:
    logits, target = report_logits()
    weight = torch.tensor([1.0, 5.0, 0.5, 20.0])
    known = torch.ones(6, dtype=torch.bool)
    loss = task_loss(logits, target, known, "multilabel", "pos_weight", weight)
    each = binary_cross_entropy_with_logits(logits, target, reduction="none")
    torch.testing.assert_close(loss, torch.where(target == 1, each * weight, each).mean())
    none = torch.zeros_like(target)
    torch.testing.assert_close(
        task_loss(logits, none, known, "multilabel", "pos_weight", weight), binary_cross_entropy_with_logits(logits, none)
    )


def test_focal_loss_is_the_formula() -> None:
    logits, target = report_logits()
    total = 0.0
    for row, wanted in zip(logits.tolist(), target.tolist(), strict=True):
        for x, y in zip(row, wanted, strict=True):
            p = 1 / (1 + math.exp(-x))
            right = p if y else 1 - p
            total += -((1 - right) ** FOCUS) * math.log(right)
    assert focal(logits, target).item() == pytest.approx(total / logits.numel(), rel=1e-4)
    assert task_loss(logits, target, torch.ones(6, dtype=torch.bool), "multilabel", "focal", None) == focal(logits, target)


def test_focal_loss_without_focus_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, target = report_logits()
    monkeypatch.setattr("marsad.modeling.heads.FOCUS", 0.0)
    torch.testing.assert_close(focal(logits, target), binary_cross_entropy_with_logits(logits, target))


def test_asymmetric_loss_is_the_formula() -> None:
    logits, target = report_logits()
    total = 0.0
    for row, wanted in zip(logits.tolist(), target.tolist(), strict=True):
        for x, y in zip(row, wanted, strict=True):
            p = 1 / (1 + math.exp(-x))
            shifted = max(p - MARGIN, 0)
            total += -math.log(p) if y else -(shifted ** (2 * FOCUS)) * math.log(1 - shifted)
    assert asymmetric(logits, target).item() == pytest.approx(total / logits.numel(), rel=1e-4)
    assert task_loss(logits, target, torch.ones(6, dtype=torch.bool), "multilabel", "asl", None) == asymmetric(logits, target)


@pytest.mark.parametrize("logit", [-8.0, -3.0, -1.0, 0.0, 1.0])
def test_asymmetric_loss_is_lower_for_negatives_and_the_same_for_positives(logit: float) -> None:
    logits = torch.tensor([[logit]])
    plain = [binary_cross_entropy_with_logits(logits, torch.tensor([[y]])) for y in (0.0, 1.0)]
    assert asymmetric(logits, torch.tensor([[0.0]])) < plain[0]
    torch.testing.assert_close(asymmetric(logits, torch.tensor([[1.0]])), plain[1])


def test_negatives_within_the_margin_cost_nothing() -> None:
    logits = torch.tensor([[-4.0, -9.0]], requires_grad=True)
    loss = asymmetric(logits, torch.zeros(1, 2))
    torch.autograd.backward(loss)
    assert loss == 0
    assert logits.grad is not None
    assert logits.grad.abs().sum() == 0


def test_focal_loss_leaves_easy_labels_more_than_hard_ones() -> None:
    def share(logit: float) -> float:
        logits, target = torch.tensor([[logit]]), torch.tensor([[1.0]])
        return float(focal(logits, target) / binary_cross_entropy_with_logits(logits, target))

    assert share(4.0) < share(0.0) < share(-4.0) < 1


@pytest.mark.parametrize("imbalance", IMBALANCES)
@settings(max_examples=100, deadline=None)
@given(logit=st.floats(-200, 200, width=32), target=st.sampled_from([0.0, 1.0]))
def test_losses_and_gradients_are_finite_and_not_negative(imbalance: Imbalance, logit: float, target: float) -> None:
    logits = torch.tensor([[logit, 0.0]], requires_grad=True)
    loss = task_loss(logits, torch.tensor([[target, 1.0]]), torch.tensor([True]), "multilabel", imbalance, torch.tensor([3.0, 3.0]))
    torch.autograd.backward(loss)
    assert torch.isfinite(loss)
    assert loss >= 0
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
