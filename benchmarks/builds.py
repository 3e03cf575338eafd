"""What building costs: seconds, and bytes to push."""

import subprocess
import tarfile
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import IO

from .docker import inspect
from .project import Change, Project
from .recipes import Recipe, built

# Own code is kilobytes, a venv tens of megabytes: a layer above this holds dependencies.
DEPENDENCY_LAYER = 1_000_000


@dataclass(frozen=True)
class Push:
    size: int
    dependencies: int  # as much of it as lies in layers that hold dependencies


@dataclass
class BuildSamples:
    cold: list[float] = field(default_factory=list)
    rebuild: dict[Change, list[float]] = field(default_factory=lambda: defaultdict(list))
    push: dict[Change, Push] = field(default_factory=dict)


def warm_up(recipe: Recipe, project: Project, rounds: int) -> None:
    """Fill the cache mounts with every package that is installed later, for all recipes alike."""
    for number in (None, *range(rounds)):
        files = {} if number is None else project.with_all_of(number)
        with project.edited(files), built(recipe, project, "warm-up"):
            pass


def sample_builds(recipe: Recipe, project: Project, number: int, samples: BuildSamples) -> None:
    """One cold build, and on top of it one rebuild for each kind of change."""
    edits = project.edits(number)
    with built(recipe, project, "cold", from_nothing=True) as previous:
        samples.cold.append(previous.seconds)
        for change, files in edits.items():
            with project.edited(files), built(recipe, project, change.name.lower()) as rebuilt:
                samples.rebuild[change].append(rebuilt.seconds)
                # Compressing takes long, and one edit of a kind pushes what another does.
                if change not in samples.push:
                    samples.push[change] = push(rebuilt.image, previous.image)


def push(image: str, previous: str) -> Push:
    """What a registry that has the previous image would be sent."""
    changed = layers(image) - layers(previous)
    with (
        subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saving,
        tarfile.open(fileobj=saving.stdout, mode="r|") as archive,
    ):
        sizes = [
            compressed_size(file)
            for member in archive
            if member.name.replace("blobs/sha256/", "sha256:") in changed
            and (file := archive.extractfile(member))
        ]
    assert len(sizes) == len(changed), f"{image} was saved without some of its layers"
    return Push(sum(sizes), sum(size for size in sizes if size > DEPENDENCY_LAYER))


def layers(image: str) -> set[str]:
    return set(inspect("image", image)["RootFS"]["Layers"])


def compressed_size(layer: IO[bytes]) -> int:
    """Its size as gzip, at the level that registries' clients use."""
    compressor = zlib.compressobj(level=6, wbits=zlib.MAX_WBITS | 16)
    size = 0
    while chunk := layer.read(1 << 20):
        size += len(compressor.compress(chunk))
    return size + len(compressor.flush())
