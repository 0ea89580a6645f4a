"""What goes wrong, told to the user: the place, what was found, what was expected, the cure."""

from __future__ import annotations


class MarsadError(Exception):
    """The family of all mistakes that a user can mend; the message is complete, so no traceback is shown for it."""


class ConfigError(MarsadError):
    """A config, or a file or folder that it names, is not usable."""


class DataError(MarsadError):
    """A report, or a file of reports, is not usable."""


class ModelError(MarsadError):
    """A model's folder is not usable."""


class HubError(MarsadError):
    """A model hub cannot be reached, or refuses."""
