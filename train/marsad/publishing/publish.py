"""The story of a publication: pack → check the hub → send → tag → verify what arrived → let everybody read it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from marsad.errors import ModelError
from marsad.publishing.hub import Hub
from marsad.publishing.parcel import Sendable
from marsad.publishing.verify import Verification

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Publication:
    """A model or a set of reports on a hub, verified."""

    repo: str
    tag: str | None
    commit: str
    public: bool
    verification: Verification

    def to_dict(self) -> dict[str, Any]:
        """Return the fields."""
        return {**vars(self), "verification": self.verification.to_dict()}


def publish(
    parcel: Sendable,
    repo: str,
    tag: str | None = None,
    public: bool = False,
    endpoint: str | None = None,
    tell: Callable[[str], None] = log.info,
) -> Publication:
    """Send a parcel to `repo` and prove that what can be fetched from there is what was sent; `tell` hears each step.

    The repository stays private until it is proven, then it is made `public` if asked. A private one is never made public
    otherwise. Raises `HubError` where the hub refuses or cannot be reached, `ModelError` where something else arrived.
    """
    hub = Hub(endpoint)
    tell("asking the hub")
    hub.check(parcel.folder, repo, tag, public, parcel.kind)
    tell("sending")
    commit = hub.release(parcel.folder, repo, tag, f"Release {tag}" if tag else f"Update the {parcel.kind}", parcel.kind)
    tell("fetching it again, as others do")
    verification = parcel.verify(repo, tag or commit, hub.endpoint)
    if not verification.passed:
        lines = "\n".join(f"{repo}: {line}" for line in verification.differences)
        raise ModelError(f"{lines}\n{repo}: what arrived is not what was sent. Do not use it; publish again under another tag.")
    if public:
        hub.open(repo, parcel.kind)
    return Publication(repo, tag, commit, public, verification)
