from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from marsad.errors import ConfigError
from marsad.taxonomy import Kind, Label, Task, Taxonomy, find_taxonomy, read_taxonomy

ARABIC = re.compile("[\u0621-\u064a]")
LATIN = re.compile("[A-Za-z]")
TWO = [{"id": "a"}, {"id": "b"}]


def content(**tasks: Any) -> dict[str, Any]:
    return {"version": 1, "tasks": tasks}


def task(**changes: Any) -> dict[str, Any]:
    return {"kind": "multilabel", "labels": TWO} | changes


def mistakes(found: Any) -> list[str]:
    with pytest.raises(ConfigError) as error:
        Taxonomy.from_dict(found, "war.yaml")
    lines = str(error.value).splitlines()
    assert all(line.startswith("war.yaml: ") for line in lines)
    return [line.removeprefix("war.yaml: ") for line in lines]


def written(folder: Path, text: str) -> Path:
    path = folder / "war.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_syria_asks_two_questions(syria: Taxonomy) -> None:
    assert syria.names == ("affiliation", "event_type")
    assert [len(one.labels) for one in syria.tasks] == [15, 18]
    assert {one.kind for one in syria.tasks} == {"multilabel"}


@pytest.mark.parametrize("name", ["syria", "quadclass"])
def test_every_task_and_label_that_ships_has_an_arabic_name_and_a_meaning(name: str) -> None:
    taxonomy = read_taxonomy(find_taxonomy(name))
    for one in taxonomy.tasks:
        assert ARABIC.search(one.ar), one.name
        assert LATIN.search(one.en), one.name
        assert not [label.id for label in one.labels if not ARABIC.search(label.ar)]
        assert not [label.id for label in one.labels if not label.means.strip()]
        assert not [label.id for label in one.labels if not re.fullmatch("[a-z_]+", label.id)]


@pytest.mark.parametrize("name", ["syria", "quadclass"])
def test_every_label_that_ships_has_an_english_name(name: str) -> None:
    taxonomy = read_taxonomy(find_taxonomy(name))
    assert not [f"{one.name}:{label.id}" for one in taxonomy.tasks for label in one.labels if not LATIN.search(label.en)]


def test_no_two_labels_of_a_task_that_ships_share_a_name(syria: Taxonomy) -> None:
    for one in syria.tasks:
        assert len({label.ar for label in one.labels}) == len(one.labels)


def test_syrias_events_stand_in_acleds_list(syria: Taxonomy) -> None:
    assert all(label.acled for label in syria.task("event_type").labels)


def test_quadclass_is_multiclass() -> None:
    (quad,) = read_taxonomy(find_taxonomy("quadclass")).tasks
    assert quad.kind == "multiclass"
    assert quad.ids == ("verbal_cooperation", "material_cooperation", "verbal_conflict", "material_conflict")


def test_flat_names_are_prefixed_and_in_order(syria: Taxonomy) -> None:
    assert len(syria.flat) == len(set(syria.flat)) == 33
    assert syria.flat[0] == "affiliation:assad_regime"
    assert syria.flat[15] == "event_type:armed_clash"


def test_slices_cut_the_flat_list_into_its_tasks(syria: Taxonomy) -> None:
    for one in syria.tasks:
        assert syria.flat[syria.slices[one.name]] == tuple(f"{one.name}:{id}" for id in one.ids)
    assert sorted(place for part in syria.slices.values() for place in range(33)[part]) == list(range(33))


def test_only_keeps_the_tasks_named_in_the_taxonomys_order(syria: Taxonomy) -> None:
    assert syria.only(["event_type"]).names == ("event_type",)
    assert syria.only(["event_type"]).slices == {"event_type": slice(0, 18)}
    assert syria.only(("event_type", "affiliation")) == syria


def test_an_unknown_task_is_told_with_the_known_ones(syria: Taxonomy) -> None:
    with pytest.raises(ConfigError, match=r"^unknown task 'affilation'; known: affiliation, event_type"):
        syria.task("affilation")
    with pytest.raises(ConfigError, match="'weather'"):
        syria.only(["affiliation", "weather"])


def test_a_label_is_found_by_its_id(syria: Taxonomy) -> None:
    assert syria.task("affiliation").label("sdf").ar == "قوات سوريا الديمقراطية"
    with pytest.raises(KeyError):
        syria.task("affiliation").label("nobody")


@pytest.mark.parametrize("name", ["syria", "quadclass"])
def test_what_ships_survives_the_round_trip(name: str) -> None:
    taxonomy = read_taxonomy(find_taxonomy(name))
    assert Taxonomy.from_dict(taxonomy.to_dict(), "again") == taxonomy


NAME = st.text("abcdefghijklmnop_", min_size=1, max_size=8)
WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
LABELS = st.lists(st.builds(Label, NAME, WORDS, WORDS, WORDS, WORDS), min_size=2, max_size=5, unique_by=lambda label: label.id)
TASKS = st.lists(
    st.builds(
        Task,
        NAME.map(lambda name: f"task_{name}"),
        st.sampled_from(("multilabel", "multiclass")),
        LABELS.map(tuple),
        WORDS,
        WORDS,
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.name,
)


@settings(max_examples=150, deadline=None)
@given(st.builds(Taxonomy, st.sampled_from(("1", "2.1", "2024-12-08")), TASKS.map(tuple)))
def test_any_taxonomy_survives_the_round_trip_and_its_slices_tile_the_flat_list(taxonomy: Taxonomy) -> None:
    assert Taxonomy.from_dict(taxonomy.to_dict(), "again") == taxonomy
    parts = [taxonomy.flat[part] for part in taxonomy.slices.values()]
    assert sum(parts, ()) == taxonomy.flat
    assert [len(part) for part in parts] == [len(one.labels) for one in taxonomy.tasks]


def test_another_war_needs_only_another_file(tmp_path: Path) -> None:
    text = """
    tasks:
      affiliation:
        kind: multilabel
        labels:
          - {id: saf, ar: القوات المسلحة السودانية}
          - {id: rsf, ar: قوات الدعم السريع}
    """
    taxonomy = read_taxonomy(find_taxonomy(str(written(tmp_path, text))))
    assert taxonomy.flat == ("affiliation:saf", "affiliation:rsf")
    assert taxonomy.task("affiliation").label("rsf").ar == "قوات الدعم السريع"


@pytest.mark.parametrize("found", [None, [], "words", {}, {"tasks": {}}, {"tasks": []}, {"version": 1}])
def test_a_file_without_tasks_is_told_what_is_expected(found: Any) -> None:
    (line,) = mistakes(found)
    assert line == "expected a mapping with 'version' and 'tasks', as in seeds/taxonomy/syria.yaml."


@pytest.mark.parametrize("kind", [None, "multi", 3, ["multilabel"]])
def test_an_unknown_kind_is_named(kind: Any) -> None:
    assert mistakes(content(camp=task(kind=kind))) == [f"tasks.camp.kind: found {kind!r}, expected multilabel or multiclass."]


@pytest.mark.parametrize("name", ["two words", "event-type", "1st", ""])
def test_a_task_name_that_is_no_attribute_is_named(name: str) -> None:
    (line,) = mistakes({"tasks": {name: task()}})
    assert line.startswith(f"tasks.{name}: ")
    assert "letters, digits and _" in line


@pytest.mark.parametrize("name", ["id", "text", "date", "factions", "meta"])
def test_a_task_named_as_another_key_of_a_report_is_refused(name: str) -> None:
    (line,) = mistakes({"tasks": {name: task()}})
    assert line.startswith(f"tasks.{name}: ")


@pytest.mark.parametrize("labels", [[], None, [{"id": "a"}]])
def test_fewer_than_two_labels_are_named(labels: Any) -> None:
    assert mistakes(content(camp=task(labels=labels))) == [f"tasks.camp.labels: {len(labels or [])} labels, expected two or more."]


@pytest.mark.parametrize("labels", [5, "abc", {"a": "b"}, True])
def test_labels_that_are_no_list_are_named(labels: Any) -> None:
    assert any(line.startswith("tasks.camp.labels") for line in mistakes(content(camp=task(labels=labels))))


def test_a_label_that_stands_twice_is_named() -> None:
    assert mistakes(content(camp=task(labels=[*TWO, {"id": "a"}]))) == ["tasks.camp.labels: 'a' stands twice."]


@pytest.mark.parametrize("entry", ["c", {"ar": "بلا معرف"}, {"id": ""}, {"id": None}, {"id": "c", "colour": "red"}, ["c"]])
def test_an_entry_that_is_no_label_is_named_by_its_place(entry: Any) -> None:
    (line,) = mistakes(content(camp=task(labels=[*TWO, entry])))
    assert line.startswith(f"tasks.camp.labels[2]: found {entry!r}, expected a mapping with id")


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    found = mistakes({"tasks": {"a b": task(), "camp": task(kind="x", labels=[{"id": "a"}, {"id": "a"}, 7]), "deed": 3}})
    assert [line.split(":")[0] for line in found] == [
        "tasks.a b",
        "tasks.camp.kind",
        "tasks.camp.labels[2]",
        "tasks.camp.labels",
        "tasks.deed.kind",
        "tasks.deed.labels",
    ]


@pytest.mark.parametrize("word", ["no", "yes", "on", "off", "1", "0", "1.0", "2024-12-08"])
def test_a_label_id_that_yaml_takes_for_something_else_stays_the_word_written(tmp_path: Path, word: str) -> None:
    text = f"tasks: {{answer: {{kind: multiclass, labels: [{{id: {word}}}, {{id: other}}]}}}}\n"
    assert read_taxonomy(written(tmp_path, text)).task("answer").ids == (word, "other")


@pytest.mark.parametrize("word", ["no", "yes", "0"])
def test_a_quoted_label_id_stays_the_word_written(tmp_path: Path, word: str) -> None:
    path = written(tmp_path, f"tasks: {{answer: {{kind: multiclass, labels: [{{id: '{word}'}}, {{id: other}}]}}}}\n")
    taxonomy = read_taxonomy(path)
    assert taxonomy.flat == (f"answer:{word}", "answer:other")
    assert Taxonomy.from_dict(yaml.safe_load(yaml.safe_dump(taxonomy.to_dict())), "again") == taxonomy


def test_a_name_left_empty_is_empty(tmp_path: Path) -> None:
    text = "tasks: {camp: {kind: multilabel, ar: , labels: [{id: a, ar: , means: }, {id: b}]}}\n"
    (camp,) = read_taxonomy(written(tmp_path, text)).tasks
    assert (camp.ar, camp.label("a").ar, camp.label("a").means) == ("", "", "")


def test_a_missing_file_is_told_with_the_cure(tmp_path: Path) -> None:
    path = find_taxonomy(str(tmp_path / "none.yaml"))
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot read the taxonomy \(No such file or directory\)\. Name an existing"):
        read_taxonomy(path)


def test_an_unknown_name_is_a_missing_file() -> None:
    with pytest.raises(ConfigError, match=r"^atlantis: cannot read the taxonomy"):
        read_taxonomy(find_taxonomy("atlantis"))


def test_broken_yaml_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"war\.yaml: not valid YAML"):
        read_taxonomy(written(tmp_path, "tasks: [\n"))


def test_a_file_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "war.yaml"
    path.write_bytes("tasks: {camp: {kind: multilabel, ar: الجهة}}\n".encode("cp1256"))
    with pytest.raises(ConfigError, match=r"war\.yaml: "):
        read_taxonomy(path)


def test_a_task_knows_its_kind_by_type() -> None:
    kinds: tuple[Kind, ...] = ("multilabel", "multiclass")
    assert [Taxonomy.from_dict(content(camp=task(kind=kind)), "x").task("camp").kind for kind in kinds] == list(kinds)


def test_two_taxonomies_say_where_they_differ() -> None:
    def made(**tasks: list[str]) -> Taxonomy:
        return Taxonomy("1", tuple(Task(name, "multilabel", tuple(map(Label, ids))) for name, ids in tasks.items()))

    ours = made(camp=["a", "b"], deed=["c", "d"])
    assert ours.differences(ours) == []
    assert ours.differences(made(camp=["a", "b"])) == ["deed: not among the tasks camp"]
    assert made(camp=["a", "b"]).differences(ours) == ["deed: not among the tasks camp"]
    assert ours.differences(made(camp=["a", "z"], deed=["d", "c"])) == [
        "camp: only here b; only there z",
        "deed: the same labels in another order",
    ]
