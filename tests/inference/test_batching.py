"""Reports in blocks, windows in batches: each once, in order or like with like, within the budget."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count, islice

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from marsad.inference.batching import FULLNESS, LEAST, LOOK_AHEAD, TOKENS_A_WINDOW, blocks, length_batches, one_ahead, pad
from marsad.modeling.windows import Window


def windows(lengths: list[int]) -> list[Window]:
    return [Window(tuple(range(1, length + 1)), ((0, 0),) * length) for length in lengths]


@given(st.lists(st.integers(1, TOKENS_A_WINDOW), max_size=120), st.integers(1, 8))
@settings(max_examples=200, deadline=None)
def test_every_window_is_in_one_batch_and_every_batch_in_the_budget(lengths: list[int], batch_size: int) -> None:
    batches = list(length_batches(windows(lengths), batch_size))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(batches)
    assert all(len(batch) * max(lengths[i] for i in batch) <= batch_size * TOKENS_A_WINDOW for batch in batches)
    assert all(min(lengths[i] for i in batch) >= FULLNESS * max(lengths[i] for i in batch) for batch in batches)


@given(st.lists(st.integers(1, 4 * TOKENS_A_WINDOW), min_size=1, max_size=60), st.integers(1, 3))
@settings(max_examples=200, deadline=None)
def test_a_window_over_the_budget_goes_alone(lengths: list[int], batch_size: int) -> None:
    batches = list(length_batches(windows(lengths), batch_size))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    over = [b for b in batches if len(b) * max(lengths[i] for i in b) > batch_size * TOKENS_A_WINDOW]
    assert all(len(batch) == 1 for batch in over)


def test_the_longest_come_first_so_memory_runs_out_at_once_or_never() -> None:
    lengths = [5, 512, 40, 300, 300, 7]
    order = [lengths[i] for batch in length_batches(windows(lengths), 1) for i in batch]
    assert order == sorted(lengths, reverse=True)


@pytest.mark.parametrize(("batch_size", "batches"), [(1, 3), (2, 2), (3, 1), (16, 1)])
def test_batch_size_counts_full_windows(batch_size: int, batches: int) -> None:
    assert len(list(length_batches(windows([512, 512, 512]), batch_size))) == batches


def test_short_windows_go_many_at_once() -> None:
    assert [len(batch) for batch in length_batches(windows([64] * 20), 2)] == [16, 4]


def test_no_windows_no_batches() -> None:
    assert list(length_batches([], 4)) == []


def test_padding_is_masked() -> None:
    ids, mask = pad(windows([3, 1, 2]), pad_id=9)
    assert ids.tolist() == [[1, 2, 3], [1, 9, 9], [1, 2, 9]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    assert ids.dtype == mask.dtype == torch.long


@given(st.lists(st.integers(1, LOOK_AHEAD + 10), max_size=30))
@settings(max_examples=50, deadline=None)
def test_blocks_hold_every_report_in_order_and_few_characters(lengths: list[int]) -> None:
    rows = [("x" * length, str(number)) for number, length in enumerate(lengths)]
    found = list(blocks(rows))
    assert [row for block in found for row in block] == rows
    assert all(len(block) == 1 or sum(len(text) for text, _ in block) <= LOOK_AHEAD for block in found)


def test_a_block_of_short_posts_is_bounded_too() -> None:
    assert [len(block) for block in blocks([("x", None)] * 10_000)] == [LOOK_AHEAD // LEAST] * 2 + [
        10_000 - 2 * LOOK_AHEAD // LEAST
    ]


def test_work_is_done_in_order_in_another_thread_and_one_item_ahead() -> None:
    drawn, workers = [], set()

    def items() -> Iterator[int]:
        for number in count():
            drawn.append((number, threading.get_ident()))
            yield number

    def square(number: int) -> int:
        workers.add(threading.get_ident())
        return number * number

    assert list(islice(one_ahead(square, items()), 4)) == [0, 1, 4, 9]
    assert drawn == [(number, threading.get_ident()) for number in range(5)]
    assert len(workers) == 1
    assert threading.get_ident() not in workers


def test_what_goes_wrong_ahead_is_raised_where_the_result_is_awaited() -> None:
    found = one_ahead(lambda number: 6 // number, [3, 2, 0, 1])
    assert [next(found), next(found)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert list(one_ahead(str, [])) == []
