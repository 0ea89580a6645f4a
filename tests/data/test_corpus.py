from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from transformers import PreTrainedTokenizerFast

from marsad.data.corpus import TokenStream, encode_texts, joined, likeness, open_stream, read_texts
from marsad.errors import ConfigError
from marsad.modeling.tokenizer import train_tokenizer

WAR = (
    "قصفت المدفعية أطراف القرية وسقطت قذائف على الحقول",
    "اشتبك مسلحون مع دورية قرب الحاجز وقتل جندي",
    "سقطت قذائف على أطراف البلدة وجرح جندي عند الحاجز",
    "انسحبت الدورية من القرية بعد قصف المدفعية",
    "قتل جندي وجرح مسلحون حين سقطت قذائف قرب الحاجز",
    "قصفت المدفعية البلدة ثم انسحبت الدورية",
)
COOKING = (
    "يضاف الملح والزيت إلى العجين ويترك حتى يختمر",
    "يقطع البصل ويقلى في الزيت مع الثوم والكمون",
    "يطهى الأرز مع البصل ويضاف الملح والكمون",
    "يخبز العجين في الفرن ويقدم مع الثوم والزيت",
    "يقدم الأرز مع الكمون والثوم ويضاف الزيت والملح",
    "يقلى البصل ويضاف إلى العجين مع الملح",
)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer([*WAR, *COOKING] * 5, vocab_size=600, max_length=64)


def written(path: Path, texts: tuple[str, ...]) -> Path:
    lines = "".join(f"{text}\n" for text in texts)
    rows = "".join(json.dumps({"text": text, "url": "x"}, ensure_ascii=False) + "\n" for text in texts)
    content = (rows if ".jsonl" in path.suffixes else lines).encode()
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.table({"text": list(texts), "url": ["x"] * len(texts)}), path)
    elif path.suffix == ".xz":
        path.write_bytes(lzma.compress(content))
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(content))
    else:
        path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "name",
    ["a.txt", "a.txt.xz", "a.txt.gz", "a.jsonl", "a.jsonl.xz", "a.parquet", "dump.2024.v1.txt.xz", "with space.txt", "part[1].txt"],
)
def test_texts_are_read_from_every_kind_of_file_in_order(tmp_path: Path, name: str) -> None:
    assert list(read_texts(written(tmp_path / name, WAR))) == list(WAR)


def test_texts_are_read_as_a_stream(tmp_path: Path) -> None:
    texts = read_texts(written(tmp_path / "a.txt", WAR))
    assert next(texts) == WAR[0]
    assert next(texts) == WAR[1]


def test_empty_lines_are_no_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"{WAR[0]}\n\n\n{WAR[1]}", encoding="utf-8")
    assert list(read_texts(path)) == list(WAR[:2])


def test_rows_without_a_text_are_no_texts(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in ("أول", None, "", "ثان")), encoding="utf-8")
    assert list(read_texts(path)) == ["أول", "ثان"]


def test_a_missing_file_tells_path_and_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as found:
        list(read_texts(tmp_path / "none.txt"))
    assert (
        str(found.value)
        == f"{tmp_path / 'none.txt'}: no such file; expected one of .txt, .jsonl, .parquet, plain or packed (.xz, .zst, .gz)."
    )


@pytest.mark.parametrize("name", ["a.csv", "a", "a.xz", "a.txt.bak", "a.jsonl.pdf"])
def test_an_unknown_ending_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("نص\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"unknown ending .*expected one of \.txt, \.jsonl, \.parquet"):
        list(read_texts(path))


def test_a_file_without_the_column_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"body": "نص"}) + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"a\.jsonl: .*text"):
        list(read_texts(path))


def pieces(stream: TokenStream) -> list[list[int]]:
    starts = [0, *stream.ends][: len(stream)]
    return [stream.ids[start:end].tolist() for start, end in zip(starts, stream.ends, strict=True)]


def test_encoded_texts_are_the_tokenizers_pieces_and_survive_the_file(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    texts = [*WAR, "", COOKING[0]]
    stream = encode_texts(iter(texts), tokenizer, tmp_path / "war.bin")
    expected = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    assert pieces(stream) == expected
    assert len(stream) == len(texts)
    again = open_stream(tmp_path / "war.bin", len(tokenizer))
    assert pieces(again) == expected
    assert isinstance(again.ids, np.memmap)


def test_a_small_vocabulary_takes_two_bytes_a_piece(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    stream = encode_texts(WAR, tokenizer, tmp_path / "war.bin")
    assert (tmp_path / "war.bin").stat().st_size == 2 * len(stream.ids)


def test_more_texts_than_one_batch_are_all_encoded(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    stream = encode_texts((WAR[number % 5] for number in range(4_100)), tokenizer, tmp_path / "war.bin")
    few = encode_texts(WAR[:5], tokenizer, tmp_path / "few.bin")
    assert len(stream) == 4_100
    assert pieces(stream) == pieces(few) * 820


def test_no_texts_make_an_empty_stream(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    stream = encode_texts([], tokenizer, tmp_path / "none.bin")
    assert (len(stream), len(stream.ids)) == (0, 0)


def test_texts_that_fail_midway_leave_no_file_at_the_place(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    def broken() -> Iterator[str]:
        yield from WAR * 500
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        encode_texts(broken(), tokenizer, tmp_path / "war.bin")
    assert not (tmp_path / "war.bin").exists()


def test_a_stream_yields_its_texts_and_their_lengths(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    stream = encode_texts([WAR[0], "", WAR[1]], tokenizer, tmp_path / "war.bin")
    assert [text.tolist() for text in stream] == pieces(stream)
    assert stream.lengths.tolist() == [len(text) for text in pieces(stream)]


def test_joined_streams_are_their_texts_in_order(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    texts: tuple[list[str], ...] = ([*WAR, ""], [], [*COOKING])
    streams = [encode_texts(some, tokenizer, tmp_path / f"{number}.bin") for number, some in enumerate(texts)]
    assert pieces(joined(streams)) == [text for stream in streams for text in pieces(stream)]


def test_taking_texts_puts_a_separator_after_each(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    stream = encode_texts([WAR[0], "", WAR[1]], tokenizer, tmp_path / "war.bin")
    first, _, last = pieces(stream)
    assert stream.take([2, 0, 1], 3).tolist() == [*last, 3, *first, 3, 3]
    assert stream.take([], 3).tolist() == []
    assert stream.take([0], 3).dtype == stream.ids.dtype


def scores(folder: Path, tokenizer: PreTrainedTokenizerFast, texts: list[str], like: tuple[str, ...]) -> list[float]:
    stream = encode_texts(texts, tokenizer, folder / "stream.bin")
    return list(map(float, likeness(stream, encode_texts(like, tokenizer, folder / "like.bin"), len(tokenizer))))


def test_conflict_reads_more_like_conflict_than_cooking_does(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    found = scores(tmp_path, tokenizer, [COOKING[0], WAR[0], COOKING[1], WAR[1], COOKING[2], WAR[2]], WAR[3:])
    assert max(found[0::2]) < min(found[1::2])


def test_the_ranking_turns_round_with_the_target(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    found = scores(tmp_path, tokenizer, [COOKING[0], WAR[0], COOKING[1], WAR[1], COOKING[2], WAR[2]], COOKING[3:])
    assert min(found[0::2]) > max(found[1::2])


def test_a_corpus_reads_no_more_like_itself_than_like_its_copy(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    assert scores(tmp_path, tokenizer, [*WAR], WAR) == pytest.approx([0.0] * len(WAR))


def test_the_likeness_is_the_mean_of_the_pieces_gains() -> None:
    stream = TokenStream(np.array([0, 0, 1, 1, 2], np.uint16), np.array([3, 5]))
    like = TokenStream(np.array([1, 1, 1, 2], np.uint16), np.array([4]))
    own, target = np.array([3, 3, 2]) / 8, np.array([1, 4, 2]) / 7  # counts and one, over their sum
    gain = np.log(target / own)
    assert likeness(stream, like, 3) == pytest.approx([(2 * gain[0] + gain[1]) / 3, (gain[1] + gain[2]) / 2])


@pytest.mark.parametrize("ends", [[0, 3, 5], [3, 3, 5], [3, 5, 5], [3, 5, 5, 5]])
def test_an_empty_text_is_like_nothing_and_changes_no_other_score(ends: list[int]) -> None:
    ids = np.array([0, 0, 1, 1, 2], np.uint16)
    like = TokenStream(np.array([1, 1, 1, 2], np.uint16), np.array([4]))
    filled = [place for place, end in enumerate(ends) if end > ([0, *ends][place])]
    found = likeness(TokenStream(ids, np.array(ends)), like, 3)
    assert found[filled] == pytest.approx(likeness(TokenStream(ids, np.array([3, 5])), like, 3))
    assert all(found[place] == -np.inf for place in range(len(ends)) if place not in filled)
