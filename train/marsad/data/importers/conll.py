"""CoNLL columns: a word a line, its tag (BIO, IOB1 or BIOES) in the last column, an empty line between sentences.

Documents end at `-DOCSTART-`; without any, every sentence is one. Comments `# id = …` and `# text = …` are read: where the
text is given, words are found in it, else it is put together with a space between words and a line for each sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from marsad.data.importers.mapping import ImportMap
from marsad.data.importers.record import Name, Record, Span
from marsad.data.rows import read_text
from marsad.errors import DataError

START = "-DOCSTART-"
Token = tuple[int, str, str]
"""Line number, word, tag."""


def read_conll(path: Path, _: ImportMap) -> Iterator[Record]:
    """Yield a record for each document."""
    content = read_text(path)
    whole = any(line.startswith(START) for line in content.splitlines())
    for number, (line, sentences, comments) in enumerate(_documents(content, whole, path), start=1):
        place = f"{path}:{line}"
        text, spans = _assemble(sentences, comments.get("text"), place)
        id = comments.get("id", str(number))
        yield Record(place, id, {**comments, "id": id, "text": text}, spans=tuple(spans))


def _documents(content: str, whole: bool, path: Path) -> Iterator[tuple[int, list[list[Token]], dict[str, str]]]:
    """Yield (first line, sentences of tokens, comments) of each document."""
    sentences: list[list[Token]] = [[]]
    comments: dict[str, str] = {}
    for number, line in enumerate([*content.splitlines(), START if whole else ""], start=1):
        if line.startswith(START) or (not whole and not line.strip()):
            if sentences[0]:
                yield sentences[0][0][0], [sentence for sentence in sentences if sentence], comments
            sentences, comments = [[]], {}
        elif not line.strip():
            sentences += [[]] if sentences[-1] else []
        elif line.startswith("# "):
            key, _, value = line[2:].partition(" = ")
            comments[key.strip()] = value.strip()
        else:
            sentences[-1].append(_token(number, line, path))


def _token(number: int, line: str, path: Path) -> Token:
    columns = line.split("\t") if "\t" in line else line.split()
    if len(columns) < 2:
        raise DataError(f"{path}:{number}: found {line!r}, expected a word and a tag. Separate the columns by tabs.")
    return number, columns[0], columns[-1].strip()


def _assemble(sentences: list[list[Token]], text: str | None, place: str) -> tuple[str, list[Span]]:
    """Return the document's text and its spans."""
    whole = text if text is not None else "\n".join(" ".join(word for _, word, _ in sentence) for sentence in sentences)
    spans: list[Span] = []
    end = 0
    for sentence in sentences:
        before = "O"
        for line, word, tag in sentence:
            start = whole.find(word, end)
            if start < 0:
                raise DataError(
                    f"{place.rpartition(':')[0]}:{line}: the word {word!r} does not follow in the text. Mend '# text ='."
                )
            end = start + len(word)
            spans = _grown(spans, start, end, tag, before)
            before = tag
    return whole, [Span(span.start, span.end, span.name, whole[span.start : span.end]) for span in spans]


def _grown(spans: list[Span], start: int, end: int, tag: str, before: str) -> list[Span]:
    """Return the spans with the next word in: `I-` and `E-` go on with the span of the word before, where it is of one kind."""
    mark, _, label = tag.partition("-")
    if not label:
        return spans
    goes_on = mark in "IE" and before.partition("-")[2] == label and before[0] not in "ES"
    if goes_on:
        return [*spans[:-1], Span(spans[-1].start, end, spans[-1].name)]
    return [*spans, Span(start, end, Name(label))]
