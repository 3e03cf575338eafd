"""Releases: which version of which app is running."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def release(app: str) -> str:
    """The app's name and version, for logs and `--version`."""
    try:
        return f"{app} {version(app)}"
    except PackageNotFoundError:  # as in a step of a build that only reads the source
        return f"{app}, not installed"
