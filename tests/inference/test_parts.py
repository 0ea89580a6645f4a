"""Answers in parts: each input once, whatever breaks off; the engine here is a row of numbers, so that only parts are on trial."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from marsad.errors import ConfigError, DataError
from marsad.inference.parts import PART, Totals, open_parts, rejects_of, write_in_parts

JOB = {"input": [["in.jsonl", "0f"]], "options": {"evidence": False}}


class Numbers:
    """An engine of `count` inputs, every seventh of them bad, that breaks off before the input `broken`."""

    def __init__(self, count: int, broken: int | None = None) -> None:
        self.count, self.broken, self.told = count, broken, count

    def lines(self, done: int) -> Iterator[str]:
        for number in range(done, self.count):
            if number == self.broken:
                raise KeyboardInterrupt
            yield json.dumps({"id": str(number), "error": "bad"} if number % 7 == 0 else [{"id": str(number)}])

    def read(self) -> int:
        return self.told


def write(rows: Iterator[dict[str, Any]], path: Path) -> None:
    path.write_text("".join(row["id"] + "\n" for row in rows))


def ids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()]


def rejected(output: Path) -> list[int]:
    return [int(json.loads(line)["id"]) for line in rejects_of(output).read_text().splitlines()]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.txt"


@pytest.fixture
def begun(out: Path) -> Path:
    """The folder of a run that broke off in its third part."""
    with pytest.raises(KeyboardInterrupt):
        write_in_parts(out, JOB, Numbers(3 * PART, broken=2 * PART + 10), write)
    assert not out.exists()
    return out.with_name(".out.txt.partial")


@pytest.mark.parametrize("count", [0, 1, PART - 1, PART, PART + 1, 2 * PART + 3])
def test_each_input_once_in_order(out: Path, count: int) -> None:
    totals = write_in_parts(out, JOB, Numbers(count), write)
    bad = len(range(0, count, 7))
    assert totals == Totals(count, count - bad, bad, 0)
    assert ids(out) == [number for number in range(count) if number % 7]
    assert (rejected(out) if bad else []) == list(range(0, count, 7))
    assert rejects_of(out).exists() == bool(bad)
    assert not out.with_name(".out.txt.partial").exists()


def test_a_run_that_broke_off_goes_on_behind_its_parts(out: Path, begun: Path) -> None:
    (begun / ".part-000002.jsonl.123.part").write_text("half a li")
    totals = write_in_parts(out, JOB, Numbers(3 * PART), write)
    assert totals.resumed == 2 * PART
    assert ids(out) == [number for number in range(3 * PART) if number % 7]
    assert rejected(out) == list(range(0, 3 * PART, 7))
    assert not begun.exists()


@pytest.mark.usefixtures("begun")
def test_what_is_finished_is_not_read_again(out: Path) -> None:
    """Done parts come from the folder, not from the engine: it would break off at once before their end."""
    assert write_in_parts(out, JOB, Numbers(3 * PART, broken=2 * PART - 1), write).read == 3 * PART


@pytest.mark.parametrize("missing", [0, 1])
def test_nothing_is_taken_from_behind_a_missing_part(out: Path, begun: Path, missing: int) -> None:
    (begun / f"part-{missing:06}.jsonl").unlink()
    totals = write_in_parts(out, JOB, Numbers(3 * PART), write)
    assert totals.resumed == missing * PART
    assert ids(out) == [number for number in range(3 * PART) if number % 7]


@pytest.mark.parametrize("job", [JOB | {"input": [["in.jsonl", "1e"]]}, JOB | {"model": {"config.json": "2d"}}])
def test_another_job_is_refused_with_the_cure(out: Path, begun: Path, job: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"changed: (input|model)\..*rm -r .*out\.txt\.partial"):
        write_in_parts(out, job, Numbers(3 * PART), write)
    assert len(list(begun.glob("part-*"))) == 2, "the parts are kept"


def test_what_can_be_read_only_once_never_goes_on(out: Path, begun: Path) -> None:
    totals = write_in_parts(out, None, Numbers(PART + 1), write)
    assert totals.resumed == 0
    assert ids(out) == [number for number in range(PART + 1) if number % 7]
    with pytest.raises(KeyboardInterrupt):
        write_in_parts(out, None, Numbers(3 * PART, broken=2 * PART), write)
    assert not begun.exists()


def test_counts_that_do_not_agree_write_nothing(out: Path) -> None:
    out.write_text("old")
    engine = Numbers(PART + 5)
    engine.told += 1
    with pytest.raises(DataError, match="1,006 inputs were read, but 1,005 answered"):
        write_in_parts(out, JOB, engine, write)
    assert out.read_text() == "old"
    assert not rejects_of(out).exists()


def test_rejects_of_an_earlier_answer_go(out: Path) -> None:
    rejects_of(out).write_text("old")
    write_in_parts(out, JOB, Numbers(0), write)
    assert not rejects_of(out).exists()


def test_one_process_at_a_time(out: Path, begun: Path) -> None:
    with FileLock(begun / "lock"), pytest.raises(ConfigError, match="another process"):
        write_in_parts(out, JOB, Numbers(1), write)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DataError, match=r"file/\.out\.txt\.partial: cannot write there"),
        open_parts(tmp_path / "file" / "out.txt", JOB),
    ):
        pass


@pytest.mark.usefixtures("begun")
def test_each_input_is_shown(out: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_in_parts(out, JOB, Numbers(2 * PART + 3), write, lambda done, resumed: seen.append((done, resumed)))
    assert seen == [(2 * PART + number, 2 * PART) for number in (1, 2, 3)]


def test_lines_are_taken_a_part_at_a_time(out: Path) -> None:
    def lines() -> Iterator[str]:
        for number in range(3 * PART):
            assert len(parts.files) == number // PART, "what is taken beyond a part is written first"
            yield "[]"

    with open_parts(out, JOB) as parts:
        parts.extend(lines())
        assert len(parts.files) == 3
