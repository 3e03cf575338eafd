"""`uv run python -m benchmarks`: build, start, load and stop every recipe, and compare."""

import argparse
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from . import report
from .builds import BuildSamples, sample_builds, warm_up
from .docker import docker, require_classic_store
from .figures import figures
from .musts import musts
from .project import TEMPLATE, Project
from .recipes import FRAMEWORKS, RECIPES, Recipe, built
from .runs import Life, Load, reason_for_no_load, sample_life, sample_load

BEGIN = time.monotonic()


@dataclass(frozen=True)
class Repetitions:
    builds: int
    lives: int
    loads: int
    load_seconds: int


FULL = Repetitions(builds=3, lives=7, loads=3, load_seconds=8)
QUICK = Repetitions(builds=1, lives=3, loads=1, load_seconds=3)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--python", default="3.13", help="the project's Python (%(default)s)")
    parser.add_argument(
        "--output",
        type=Path,
        default=TEMPLATE / "benchmarks" / "results",
        metavar="DIR",
        help="where benchmark.md and benchmark.json go (benchmarks/results)",
    )
    parser.add_argument(
        "--framework",
        dest="frameworks",
        action="append",
        choices=FRAMEWORKS,
        help="measure only this one; more by more options (all)",
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: a rough idea")
    return parser.parse_args()


def say(what: str) -> None:
    print(f"{time.monotonic() - BEGIN:4.0f} s  {what}", file=sys.stderr, flush=True)


def main() -> int:
    chosen = options()
    repetitions = QUICK if chosen.quick else FULL
    require_classic_store()
    without_load = reason_for_no_load()
    if without_load:
        say(f"Requests are not measured: {without_load}.")

    frameworks = chosen.frameworks or FRAMEWORKS
    recipes = [recipe for recipe in RECIPES if recipe.framework in frameworks]
    builds = {recipe: BuildSamples() for recipe in recipes}
    lives: dict[Recipe, list[Life]] = {recipe: [] for recipe in recipes}
    loads: dict[Recipe, list[Load]] = {recipe: [] for recipe in recipes}

    with tempfile.TemporaryDirectory() as folder, ExitStack() as images:
        say("Rendering and locking the projects …")
        projects = {
            key: Project(Path(folder, *key), *key, chosen.python)
            for key in {recipe.project for recipe in recipes}
        }
        say("Warming the package caches …")
        for recipe in recipes:
            warm_up(recipe, projects[recipe.project], repetitions.builds)

        # Every round goes through all recipes, so that a slow minute hits all of them.
        for number in range(repetitions.builds):
            say(f"Builds, round {number + 1} of {repetitions.builds} …")
            for recipe in recipes:
                sample_builds(recipe, projects[recipe.project], number, builds[recipe])

        final = {
            recipe: images.enter_context(built(recipe, projects[recipe.project], "final")).image
            for recipe in recipes
        }
        for number in range(repetitions.lives):
            say(f"Starts and stops, round {number + 1} of {repetitions.lives} …")
            for recipe in recipes:
                lives[recipe].append(sample_life(recipe, final[recipe]))
        for number in range(0 if without_load else repetitions.loads):
            say(f"Requests, round {number + 1} of {repetitions.loads} …")
            for recipe in recipes:
                loads[recipe].append(sample_load(recipe, final[recipe], repetitions.load_seconds))

        measured = {
            recipe: figures(
                final[recipe],
                projects[recipe.project].base_image,
                builds[recipe],
                lives[recipe],
                loads[recipe],
            )
            for recipe in recipes
        }
        project = next(iter(projects.values()))
        conditions = {
            "base": project.base_image,
            "uv": project.uv_image,
            "engine": docker("version", "--format", "{{.Server.Version}}"),
            "CPUs": str(os.cpu_count()),
            "rounds": f"{repetitions.builds} of builds, {repetitions.lives} of starts and stops",
            "requests": f"not measured, {without_load}"
            if without_load
            else f"{repetitions.loads} rounds of {repetitions.load_seconds} s",
        }

    verdicts = musts(measured)
    report.write(chosen.output, conditions, measured, verdicts)
    print(report.markdown(conditions, measured, verdicts))
    say(f"Written to {chosen.output}/benchmark.md and benchmark.json")
    return 1 if any(must.verdict == "MISSED" for must in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
