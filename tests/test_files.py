from __future__ import annotations

from pathlib import Path

import pytest

from marsad.files import SUMS, atomic, broken_sums, write_atomically, write_sums


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def fail_midway(path: Path, error: type[BaseException]) -> None:
    with atomic(path) as file:
        file.write("half")
        file.flush()
        raise error


def test_what_was_written_is_there_at_the_end_and_nothing_else(tmp_path: Path) -> None:
    with atomic(tmp_path / "out.txt") as file:
        file.write("سطر أول\n")
        file.write("سطر ثان\n")
    assert contents(tmp_path) == {"out.txt": "سطر أول\nسطر ثان\n"}


def test_nothing_stands_at_the_place_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    with atomic(path) as file:
        file.write("half")
        file.flush()
        assert not path.exists()
    assert path.exists()


def test_the_old_content_is_read_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old", encoding="utf-8")
    with atomic(path) as file:
        file.write("new")
        file.flush()
        assert path.read_text(encoding="utf-8") == "old"
    assert contents(tmp_path) == {"out.txt": "new"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_body_that_fails_leaves_no_file(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        fail_midway(tmp_path / "out.txt", error)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_body_that_fails_leaves_the_old_content(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "out.txt").write_text("old", encoding="utf-8")
    with pytest.raises(error):
        fail_midway(tmp_path / "out.txt", error)
    assert contents(tmp_path) == {"out.txt": "old"}


def test_text_that_utf_8_cannot_hold_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")
    assert contents(tmp_path) == {"out.txt": "old"}


def test_a_folder_that_is_not_there_is_an_os_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as found:
        write_atomically(tmp_path / "none" / "out.txt", "text")
    assert str(tmp_path / "none") in str(found.value.filename)


def test_line_ends_are_written_as_they_are(tmp_path: Path) -> None:
    write_atomically(tmp_path / "out.txt", "a\nb\r\nc")
    assert (tmp_path / "out.txt").read_bytes() == b"a\nb\r\nc"


def test_two_files_of_one_folder_can_be_open_at_once(tmp_path: Path) -> None:
    with atomic(tmp_path / "a.txt") as a, atomic(tmp_path / "b.txt") as b:
        a.write("A")
        b.write("B")
    assert contents(tmp_path) == {"a.txt": "A", "b.txt": "B"}


def test_sums_name_what_is_broken_and_never_lead_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.json").write_text("{}", encoding="utf-8")
    assert broken_sums(folder) == []
    write_sums(folder)
    assert broken_sums(folder, ("*.json",)) == []
    (folder / "b.json").write_text("{}", encoding="utf-8")
    with (folder / SUMS).open("a", encoding="utf-8") as file:
        file.write(f"{'0' * 64}  ../outside\n{'0' * 64}  gone.json\n")
    (folder / "a.json").write_text("[]", encoding="utf-8")
    assert broken_sums(folder, ("*.json",)) == [
        "a.json: another content than the one that was delivered",
        f"{SUMS}:2: found '{'0' * 64}  ../outside', expected a sum, two spaces and the name of a file beside it",
        "gone.json: missing",
        f"b.json: not in {SUMS}",
    ]
