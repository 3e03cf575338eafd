"""The engine, through its command: images and containers that are gone when their block ends."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PREFIX = "bench-pydocker-"  # of every image and container made here


def docker(*arguments: str) -> str:
    """Run a docker command and return what it printed; on failure, end with what it said."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"`docker {' '.join(arguments)}` failed:\n{done.stderr.strip()}")
    return done.stdout.strip()


def inspect(kind: str, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(docker(kind, "inspect", name))
    return found[0]


@contextmanager
def removed_afterwards(kind: str, name: str) -> Iterator[str]:
    try:
        yield name
    finally:
        # Also when it was never made, or only half: a missing one is no error with --force.
        docker(kind, "rm", "--force", name)


def require_classic_store() -> None:
    """With containerd's store, an image's size counts its compressed blobs as well."""
    if "io.containerd.snapshotter" in docker("info", "--format", "{{json .DriverStatus}}"):
        raise SystemExit(
            "These figures need Docker's classic image store: add"
            ' "features": {"containerd-snapshotter": false} to the engine\'s daemon.json.'
        )
