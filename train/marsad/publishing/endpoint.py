"""Which hub huggingface_hub speaks to. It reads its environment once, when it is imported: choose before that."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from marsad.errors import ConfigError

PUBLIC = "huggingface.co"


def endpoint_environment(endpoint: str | None = None) -> dict[str, str]:
    """Return the variables by which a process speaks to `endpoint` (None: that of `HF_ENDPOINT`).

    hf-xet, with which uploads to others than the public hub fail, is off there. Raises `ConfigError` where it is no http address.
    """
    chosen = endpoint or os.environ.get("HF_ENDPOINT")
    if not chosen:
        return {}
    return {"HF_ENDPOINT": checked(chosen)} | ({"HF_HUB_DISABLE_XET": "1"} if is_foreign(chosen) else {})


def choose_endpoint(endpoint: str | None = None) -> None:
    """Make `endpoint` the hub of this process, before anything imports huggingface_hub; see `endpoint_environment`."""
    os.environ.update(endpoint_environment(endpoint))


def checked(endpoint: str) -> str:
    """Return an address without the slash at its end. Raises `ConfigError` unless it is http(s), without a password in it."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"endpoint: found {endpoint!r}, expected an address such as https://hub.example.org.")
    if parts.username or parts.password:
        raise ConfigError("endpoint: an address with a name or password in it. Give the token in HF_TOKEN instead.")
    return endpoint.rstrip("/")


def is_foreign(endpoint: str) -> bool:
    """Tell whether an endpoint is another than the public hub."""
    return urlsplit(endpoint).hostname != PUBLIC
