"""The figures of one recipe, from all samples of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from .builds import BuildSamples, Push
from .docker import inspect
from .project import Change
from .runs import Life, Load


@dataclass(frozen=True)
class Figures:
    """Sizes in bytes, times in seconds, memory in MiB; none: not measured, or nothing to measure"""

    added: int
    cold: float
    rebuild: dict[Change, float]
    push: dict[Change, Push]
    first_answer: float
    healthy: float | None
    exit: float
    exit_code: int
    memory: float
    requests_per_second: float | None
    p99: float | None


def figures(
    image: str, base_image: str, builds: BuildSamples, lives: list[Life], loads: list[Load]
) -> Figures:
    return Figures(
        added=inspect("image", image)["Size"] - inspect("image", base_image)["Size"],
        cold=median(builds.cold),
        rebuild={change: median(seconds) for change, seconds in builds.rebuild.items()},
        push=builds.push,
        first_answer=median(life.first_answer for life in lives),
        healthy=median_if_any(life.healthy for life in lives),
        exit=median(life.exit for life in lives),
        exit_code=max(life.exit_code for life in lives),  # one bad exit is one too many
        memory=median(life.memory for life in lives),
        requests_per_second=median_if_any(load.requests_per_second for load in loads),
        p99=median_if_any(load.p99 for load in loads),
    )


def median_if_any(samples: Iterable[float | None]) -> float | None:
    measured = [sample for sample in samples if sample is not None]
    return median(measured) if measured else None
