"""Releases: which version of which app is running."""

from functools import cache
from importlib.metadata import version


@cache
def release(app: str) -> str:
    """The app's name and version, for logs and `--version`."""
    return f"{app} {version(app)}"
