"""What building costs: seconds, and bytes to push."""

import json
import tarfile
import tempfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .docker import docker, inspect
from .project import SPARE_PACKAGES, Change, Project
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
    rebuild: dict[Change, list[float]] = field(default_factory=lambda: {c: [] for c in Change})
    push: dict[Change, Push] = field(default_factory=dict)


def warm_up(recipe: Recipe, project: Project) -> None:
    """Fill the cache mounts with every package that is installed later, for all recipes alike."""
    with (
        project.edited(project.with_dependencies(*SPARE_PACKAGES)),
        built(recipe, project, "warm-up"),
    ):
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
    known = set(layers(previous))
    changed = [index for index, digest in enumerate(layers(image)) if digest not in known]
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "image.tar"
        docker("save", "--output", str(saved), image)
        with tarfile.open(saved) as archive:
            names = json.load(member(archive, "manifest.json"))[0]["Layers"]
            sizes = [compressed_size(member(archive, names[index])) for index in changed]
    return Push(sum(sizes), sum(size for size in sizes if size > DEPENDENCY_LAYER))


def layers(image: str) -> list[str]:
    digests: list[str] = inspect("image", image)["RootFS"]["Layers"]
    return digests


def member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    file = archive.extractfile(name)
    assert file is not None, f"{name} is no file"
    return file


def compressed_size(layer: IO[bytes]) -> int:
    """Its size as gzip, at the level that registries' clients use."""
    compressor = zlib.compressobj(level=6, wbits=zlib.MAX_WBITS | 16)
    size = 0
    while chunk := layer.read(1 << 20):
        size += len(compressor.compress(chunk))
    return size + len(compressor.flush())
