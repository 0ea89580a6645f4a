"""The whole way, with the real client, in processes of their own: publish, fetch, compare."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.publishing.stand_in_hub import TOKEN, StandInHub

from marsad.errors import ModelError
from marsad.inference.predictor import load
from marsad.publishing import publish as story
from marsad.publishing.hub import Hub
from marsad.publishing.parcel import Parcel, deliver
from marsad.publishing.verify import verify
from marsad.taxonomy import Taxonomy

REPO = "org/tiny"


def marsad(*words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-m", "marsad", *words], capture_output=True, text=True, encoding="utf-8", env=environment, check=False
    )


@pytest.mark.slow
def test_the_command_publishes_verifies_and_only_then_lets_everybody_read(hub: StandInHub, model_folder: Path) -> None:
    done = marsad("publish", str(model_folder), REPO, "--tag", "v1.0.0", "--public", "--yes", "--endpoint", hub.url)
    assert done.returncode == 0, done.stderr
    assert "20 reports answered as here" in done.stdout
    assert TOKEN not in done.stdout + done.stderr
    repo = hub.repos[REPO]
    assert not repo.private
    assert repo.tags == {"v1.0.0": repo.commits[-1].oid}
    last_fetch = max(number for number, line in enumerate(hub.requests) if "/resolve/" in line)
    assert last_fetch < next(number for number, line in enumerate(hub.requests) if line.endswith("/settings"))
    assert all(TOKEN.encode() not in content for content in repo.commits[-1].files.values())


@pytest.mark.slow
def test_without_yes_nothing_is_sent(hub: StandInHub, model_folder: Path) -> None:
    done = marsad("publish", str(model_folder), REPO)
    assert done.returncode == 0, done.stderr
    assert "Nothing was sent" in done.stdout
    assert "model.safetensors" in done.stdout
    assert "## What it is for, and what not" in done.stdout
    assert not hub.requests


@pytest.mark.slow
def test_a_tokenizer_that_was_changed_on_the_way_is_found(hub: StandInHub, packed: Parcel, monkeypatch: pytest.MonkeyPatch) -> None:
    class Meddler(Hub):
        """A hub on whose way the vocabulary is shuffled."""

        def release(self, folder: Path, repo: str, tag: str | None, message: str, kind: str = "model") -> str:
            commit = super().release(folder, repo, tag, message, kind)
            files = hub.repos[repo].commits[-1].files
            content = json.loads(files["tokenizer.json"])
            words = sorted(content["model"]["vocab"], key=content["model"]["vocab"].get)
            content["model"]["vocab"] = {word: number for number, word in enumerate(words[:5] + words[:4:-1])}
            files["tokenizer.json"] = json.dumps(content).encode()
            return commit

    monkeypatch.setattr(story, "Hub", Meddler)
    with pytest.raises(ModelError, match="what arrived is not what was sent") as found:
        story.publish(packed, REPO, "v1.0.0", public=True, endpoint=hub.url)
    for part in ("tokenizer.json: not the file that was published", "other word pieces", "with marsad", "with transformers alone"):
        assert part in str(found.value)
    assert hub.repos[REPO].private


@pytest.mark.slow
def test_a_folder_verifies_and_says_which_labels_are_not_yours(packed: Parcel, syria: Taxonomy) -> None:
    narrower = syria.only(["affiliation"])
    result = verify(str(packed.folder), taxonomy=narrower)
    assert result.reports == 20
    assert list(result.differences) == ["taxonomy (here: the model's, there: yours): event_type: not among the tasks affiliation"]


def test_a_delivered_folder_is_loaded_only_as_it_was_sent(packed: Parcel, tmp_path: Path) -> None:
    target = tmp_path / "delivered"
    deliver(packed, target)
    assert subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=target, check=False).returncode == 0
    assert load(target, device="cpu").predict("سوق").windows == 1
    weights = target / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    with pytest.raises(ModelError, match=r"model.safetensors: another content than the one that was delivered"):
        load(target)


def test_a_stranger_among_the_delivered_files_is_refused(packed: Parcel, tmp_path: Path) -> None:
    target = tmp_path / "delivered"
    deliver(packed, target)
    (target / "model-2.safetensors").write_bytes(b"stranger")
    with pytest.raises(ModelError, match=r"model-2.safetensors: not in SHA256SUMS"):
        load(target)


def test_nothing_is_verified_that_recorded_no_answers(model_folder: Path) -> None:
    with pytest.raises(ModelError, match="not published by marsad"):
        verify(str(model_folder))
