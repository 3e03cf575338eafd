"""Files that are never half-written."""

from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Replace the file atomically: a reader sees the old one, the new one or none."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(text)
    unfinished.replace(path)
