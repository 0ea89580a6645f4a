"""A model hub as marsad uses it: one commit a release, a tag that is never moved, faults told with their cure."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants, get_token
from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError is httpx's, whichever version the hub speaks
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
)
from huggingface_hub.hf_api import RepoFile

from marsad.errors import ConfigError, HubError
from marsad.files import sha256, sizes
from marsad.publishing.endpoint import checked, is_foreign

WAITS = (1.0, 4.0, 10.0)
"""Seconds before the second, third and fourth attempt at a call that the network broke."""
OURS = ("marsad-check.json", "marsad-data.json")
"""One of these is in every repository that marsad has published."""
KEPT = (".gitattributes",)
"""Files of the hub's own."""
LOG_IN = "Set HF_TOKEN to a token that may write, or run `hf auth login`."
Answer = TypeVar("Answer")


class Hub:
    """The hub at `endpoint` (None: that of `HF_ENDPOINT`, else huggingface.co); the token is that of `HF_TOKEN` or the login."""

    def __init__(self, endpoint: str | None = None) -> None:
        self.endpoint = checked(endpoint or constants.ENDPOINT)
        if is_foreign(self.endpoint) and not constants.HF_HUB_DISABLE_XET and find_spec("hf_xet"):
            raise ConfigError("with hf-xet, uploads to other hubs fail. Set HF_HUB_DISABLE_XET=1 before Python starts.")
        self.api = HfApi(endpoint=self.endpoint, library_name="marsad")

    def check(self, folder: Path, repo: str, tag: str | None, public: bool, kind: str = "model") -> None:
        """Make sure that `folder` can be released, before anything is sent: token, name, tag, who may read.

        A tag that holds what `folder` does is no hindrance: an earlier run came so far. Raises `HubError`.
        """
        with self._told(repo):
            self._patiently(self.api.whoami)
            if not self._patiently(lambda: self.api.repo_exists(repo, repo_type=kind)):
                return
            taken = self._patiently(lambda: self._tagged(repo, tag, kind))
            same = taken is not None and self._patiently(lambda: self._holds(folder, repo, taken, kind))
            files = set(self._patiently(lambda: self.api.list_repo_files(repo, repo_type=kind)))
            info = self._patiently(lambda: self.api.repo_info(repo, repo_type=kind))
        if taken is not None and not same:
            raise HubError(
                f"{repo}: the tag {tag} exists (commit {taken[:8]}), holds something else and is never moved. "
                "Choose the next version."
            )
        if files - {*KEPT, "README.md"} and not files & set(OURS):
            raise HubError(f"{repo}: exists, and marsad did not make it; it would be overwritten. Choose another name.")
        if not public and not info.private:
            raise HubError(f"{repo}: is public already. Publish with --public, or make it private on {self.endpoint}/{repo} first.")

    def release(self, folder: Path, repo: str, tag: str | None, message: str, kind: str = "model") -> str:
        """Make the repository hold what `folder` does, in one commit, and tag it; return the commit.

        A new repository is private. Run again after a fault it sends only what is not there yet, and never the same commit
        twice; what stands under the tag already, `check` has found to be the same. Raises `HubError`.
        """
        with self._told(repo):
            self._patiently(lambda: self.api.create_repo(repo, repo_type=kind, private=True, exist_ok=True))
            taken = self._patiently(lambda: self._tagged(repo, tag, kind))
            if taken is not None:
                return taken
            commit = self._patiently(lambda: self._commit(folder, repo, message, kind))
            if tag is not None:
                self._patiently(lambda: self.api.create_tag(repo, tag=tag, revision=commit, repo_type=kind))
        return commit

    def open(self, repo: str, kind: str = "model") -> None:
        """Let everybody read the repository. Raises `HubError`."""
        with self._told(repo):
            self._patiently(lambda: self.api.update_repo_settings(repo, private=False, repo_type=kind))

    def _tagged(self, repo: str, tag: str | None, kind: str) -> str | None:
        """Return the commit of a tag, None where there is none."""
        tags = self.api.list_repo_refs(repo, repo_type=kind).tags if tag is not None else []
        return next((ref.target_commit for ref in tags if ref.name == tag), None)

    def _holds(self, folder: Path, repo: str, revision: str, kind: str) -> bool:
        """Tell whether a revision holds what `folder` does, file by file, by the ids that the hub keeps of them."""
        tree = self.api.list_repo_tree(repo, recursive=True, revision=revision, repo_type=kind)
        there = {file.path: file for file in tree if isinstance(file, RepoFile) and file.path not in KEPT}
        return there.keys() == sizes(folder).keys() and all(_is_file(folder / name, file) for name, file in there.items())

    def _commit(self, folder: Path, repo: str, message: str, kind: str) -> str:
        names = list(sizes(folder))
        there = set(self.api.list_repo_files(repo, repo_type=kind))
        gone = sorted(there - {*names, *KEPT})
        add = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=folder / name) for name in names]
        delete = [CommitOperationDelete(path_in_repo=name) for name in gone]
        return str(self.api.create_commit(repo, [*delete, *add], commit_message=message, repo_type=kind).oid)

    def _patiently(self, call: Callable[[], Answer]) -> Answer:
        """Call until it works; after a refusal, or the last of `WAITS`, let the error pass."""
        for wait in WAITS:
            try:
                return call()
            except (HTTPError, RuntimeError) as error:
                status = _status(error)
                if status is not None and status < 500 and status != 429:
                    raise
            time.sleep(wait)
        return call()

    @contextmanager
    def _told(self, repo: str) -> Iterator[None]:
        """Turn what goes wrong into a `HubError` in which no token stands."""
        try:
            yield
        except (HTTPError, RuntimeError, ValueError, LocalTokenNotFoundError, OfflineModeIsEnabled) as error:
            raise HubError(without_token(self._explain(error, repo))) from None

    def _explain(self, error: Exception, repo: str) -> str:
        told = {
            LocalTokenNotFoundError: f"{self.endpoint}: no token. {LOG_IN}",
            OfflineModeIsEnabled: "HF_HUB_OFFLINE is set, so nothing can be sent. Unset it, or write the folder with --to-dir.",
            HFValidationError: f"{repo}: {_first_line(error)}",
        }
        if type(error) in told:
            return told[type(error)]
        status = _status(error)
        if status is None and isinstance(error, ValueError):
            return f"{self.endpoint}: does not answer as a hub does ({_first_line(error)}). Check the address."
        if status is None or status >= 500:
            return (
                f"{self.endpoint}: not to be reached, or it broke off ({_cause(error)}). What was sent is kept: "
                "run the same command again and it goes on from there."
            )
        refusals = {
            401: f"{self.endpoint}: does not know the token. {LOG_IN}",
            403: f"{repo}: the token may not write there. Make one with write access, or name a repository of your own.",
        }
        said = getattr(error, "server_message", None) or _first_line(error)
        return refusals.get(status, f"{repo}: {self.endpoint} refuses ({status}): {said}")


def _is_file(path: Path, there: RepoFile) -> bool:
    """Tell whether a file is the one of the hub, by its SHA-256 in the large storage, else by its id in git."""
    if there.lfs is not None:
        return sha256(path) == there.lfs.sha256
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == there.blob_id


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _status(error: BaseException | None) -> int | None:
    """Return the HTTP status behind an error, None where the connection itself broke."""
    while error is not None:
        if isinstance(error, HfHubHTTPError):
            return int(error.response.status_code)
        error = error.__cause__
    return None


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return type(error).__name__


def without_token(text: str) -> str:
    """Return `text` with three asterisks wherever the hub's token stands in it."""
    token = get_token()
    return text.replace(token, "***") if token else text
