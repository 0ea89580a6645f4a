"""A release on the stand-in hub, and every fault on the way to it."""

from __future__ import annotations

import shutil
import traceback
from pathlib import Path

import huggingface_hub.constants
import pytest
from tests.publishing.stand_in_hub import TOKEN, Commit, Repo, StandInHub

from marsad.errors import ConfigError, HubError, ModelError
from marsad.inference.predictor import load
from marsad.publishing.hub import Hub
from marsad.publishing.parcel import Parcel

REPO = "org/tiny"


def release(packed: Parcel, tag: str | None = "v1.0.0", public: bool = False, folder: Path | None = None) -> str:
    hub = Hub()
    hub.check(folder or packed.folder, REPO, tag, public)
    return hub.release(folder or packed.folder, REPO, tag, f"Release {tag}")


def test_a_release_is_one_commit_with_a_tag_in_a_private_repository(hub: StandInHub, packed: Parcel) -> None:
    commit = release(packed)
    repo = hub.repos[REPO]
    assert repo.private
    assert [one.message for one in repo.commits] == ["initial", "Release v1.0.0"]
    assert repo.tags == {"v1.0.0": commit}
    sent = {path.name: path.read_bytes() for path in packed.folder.iterdir()}
    assert repo.commits[-1].files == sent | {".gitattributes": b""}


def test_what_the_new_version_no_longer_has_is_removed(hub: StandInHub, packed: Parcel) -> None:
    release(packed)
    hub.repos[REPO].commits[-1].files["old.safetensors"] = b"old"
    release(packed, "v2.0.0")
    assert "old.safetensors" not in hub.repos[REPO].commits[-1].files
    assert ".gitattributes" in hub.repos[REPO].commits[-1].files


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "another.json"])
def test_a_tag_is_never_moved(hub: StandInHub, packed: Parcel, tmp_path: Path, name: str) -> None:
    commit = release(packed)
    other = Path(shutil.copytree(packed.folder, tmp_path / "other"))
    (other / name).write_bytes(b"{}")
    with pytest.raises(HubError, match=rf"tag v1\.0\.0 exists \(commit {commit[:8]}\), holds something else"):
        release(packed, folder=other)
    assert len(hub.repos[REPO].commits) == 2


def test_the_same_release_again_goes_on_where_it_stopped(hub: StandInHub, packed: Parcel) -> None:
    commit = release(packed)
    hub.repos[REPO].commits.append(Commit("2" * 40, "the next version", {"config.json": b"{}", "marsad-check.json": b"{}"}))
    assert release(packed, public=True) == commit
    assert [one.message for one in hub.repos[REPO].commits] == ["initial", "Release v1.0.0", "the next version"]
    assert hub.repos[REPO].tags == {"v1.0.0": commit}


def test_an_opening_that_failed_is_made_up_for_by_the_same_command(hub: StandInHub, packed: Parcel) -> None:
    hub.breaks["/settings"] = 99
    commit = release(packed, public=True)
    with pytest.raises(HubError, match="run the same command again"):
        Hub().open(REPO)
    assert hub.repos[REPO].private
    hub.breaks.clear()
    assert release(packed, public=True) == commit
    Hub().open(REPO)
    assert not hub.repos[REPO].private


def test_the_same_model_under_another_tag_is_no_new_commit(hub: StandInHub, packed: Parcel) -> None:
    assert release(packed) == release(packed, "v1.0.1")
    assert len(hub.repos[REPO].commits) == 2


def test_a_repository_of_something_else_is_not_overwritten(hub: StandInHub, packed: Parcel) -> None:
    hub.repos[REPO] = Repo(True, [Commit("1" * 40, "theirs", {"model.safetensors": b"theirs"})])
    with pytest.raises(HubError, match="marsad did not make it"):
        release(packed)
    assert hub.repos[REPO].commits[-1].files == {"model.safetensors": b"theirs"}


def test_an_empty_repository_is_used(hub: StandInHub, packed: Parcel) -> None:
    hub.repos[REPO] = Repo(True)
    assert release(packed) == hub.repos[REPO].commits[-1].oid


def test_nothing_private_goes_into_a_public_repository(hub: StandInHub, packed: Parcel) -> None:
    hub.repos[REPO] = Repo(False)
    with pytest.raises(HubError, match="is public already"):
        release(packed)
    assert release(packed, public=True)


def test_an_upload_that_breaks_off_in_the_middle_is_finished(hub: StandInHub, packed: Parcel) -> None:
    hub.breaks["/lfs/"] = 1
    hub.breaks["/commit/"] = 1
    release(packed)
    assert hub.breaks == {"/lfs/": 0, "/commit/": 0}
    assert len(hub.repos[REPO].commits) == 2


def test_a_second_run_finishes_what_the_first_began(hub: StandInHub, packed: Parcel) -> None:
    hub.breaks["/commit/"] = 99
    with pytest.raises(HubError, match="run the same command again"):
        release(packed)
    assert (len(hub.repos[REPO].commits), len(hub.stored)) == (1, 1)
    hub.breaks.clear()
    release(packed)
    assert len(hub.repos[REPO].commits) == 2
    assert hub.seen("PUT", "/lfs/") == 1


def test_a_run_that_died_before_the_tag_doubles_no_commit(hub: StandInHub, packed: Parcel) -> None:
    hub.breaks["/tag/"] = 99
    with pytest.raises(HubError, match="broke off"):
        release(packed)
    hub.breaks.clear()
    commit = release(packed)
    assert hub.repos[REPO].tags == {"v1.0.0": commit}
    assert len(hub.repos[REPO].commits) == 2


def test_a_wrong_token_is_refused_and_not_told(hub: StandInHub, packed: Parcel, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "hf_wrongWrongWrongWrongWrongWrongWr"
    monkeypatch.setenv("HF_TOKEN", wrong)
    with pytest.raises(HubError, match=r"does not know the token\. Set HF_TOKEN") as refused:
        release(packed)
    assert wrong not in "".join(traceback.format_exception(refused.value))
    assert not hub.repos


@pytest.mark.usefixtures("hub")
def test_no_token_is_told(packed: Parcel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(HubError, match="HF_TOKEN"):
        release(packed)


@pytest.mark.usefixtures("hub")
def test_a_hub_that_is_not_there_is_told() -> None:
    with pytest.raises(HubError, match="not to be reached") as refused:
        Hub("http://127.0.0.1:9").check(Path(), REPO, None, False)
    assert TOKEN not in str(refused.value)


def test_xet_must_be_off_for_another_hub(hub: StandInHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", False)
    with pytest.raises(ConfigError, match="HF_HUB_DISABLE_XET=1"):
        Hub(hub.url)


def test_a_model_of_the_hub_is_loaded_by_tag_and_again_from_the_cache(
    hub: StandInHub, packed: Parcel, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = release(packed)
    first = load(REPO, device="cpu", revision="v1.0.0")
    assert first.path.name == commit
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    asked = len(hub.requests)
    again = load(REPO, device="cpu", revision="v1.0.0")
    assert again.predict("سوق") == first.predict("سوق")
    assert len(hub.requests) == asked


@pytest.mark.usefixtures("hub")
def test_a_revision_that_is_not_there_is_told(packed: Parcel) -> None:
    release(packed)
    with pytest.raises(ModelError, match=r"no revision 'v9'. Name one of its tags"):
        load(REPO, revision="v9")


@pytest.mark.usefixtures("hub")
def test_a_private_model_without_a_token_is_told(packed: Parcel, monkeypatch: pytest.MonkeyPatch) -> None:
    release(packed)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(ModelError, match="set HF_TOKEN"):
        load(REPO)


@pytest.mark.parametrize("name", ["../../../evil.json", "/tmp/marsad-evil.json", "a/../../../../evil.json"])  # noqa: S108
def test_a_file_name_that_leads_out_of_the_cache_is_refused(hub: StandInHub, tmp_path: Path, name: str) -> None:
    hub.repos[REPO] = Repo(True, [Commit("1" * 40, "trap", {name: b"{}", "config.json": b"{}"})])
    with pytest.raises(ModelError, match="refused"):
        load(REPO)
    assert not list(tmp_path.rglob("*evil.json"))
    assert not Path("/tmp/marsad-evil.json").exists()  # noqa: S108
