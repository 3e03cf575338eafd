"""The recipes that are compared, and how each is built and started."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .docker import PREFIX, docker, removed_afterwards
from .project import WORKSPACE, Project

FOLDER = Path(__file__).parent / "recipes"

CONSOLE_SCRIPT = ("bench-app",)
SERVE = ("--host", "0.0.0.0", "--port", "8000")
UVICORN = ("uvicorn", "--factory", "bench_app.main:create_app", *SERVE)
GUNICORN = ("gunicorn", "--bind", "0.0.0.0:8000")


@dataclass(frozen=True)
class Recipe:
    key: str
    title: str
    framework: str
    server: str
    dockerfile: Path | None = None  # none: the project's own
    command: tuple[str, ...] = ()  # empty: the image's own

    @property
    def project(self) -> tuple[str, str]:
        """What picks the project, and so the lock, that it is compared on."""
        return self.framework, self.server


@dataclass(frozen=True)
class Built:
    image: str
    seconds: float


GUIDE = FOLDER / "uv-guide.Dockerfile"
WORKSPACE_GUIDE = FOLDER / "uv-guide-workspace.Dockerfile"
USUAL = FOLDER / "common.Dockerfile"

OURS_GRANIAN = Recipe("ours-granian", "ours, granian", "fastapi", "granian")
GUIDE_GRANIAN = Recipe(
    "guide-granian", "uv's guide, granian", "fastapi", "granian", GUIDE, CONSOLE_SCRIPT
)
OURS_UVICORN = Recipe("ours-uvicorn", "ours, uvicorn", "fastapi", "uvicorn")
GUIDE_UVICORN = Recipe("guide-uvicorn", "uv's guide, uvicorn", "fastapi", "uvicorn", GUIDE, UVICORN)
COMMON = Recipe("common", "common, uvicorn", "fastapi", "uvicorn", USUAL, UVICORN)

OURS_FLASK = Recipe("ours-flask", "ours, granian", "flask", "granian")
OURS_FLASK_GUNICORN = Recipe("ours-flask-gunicorn", "ours, gunicorn", "flask", "gunicorn")
COMMON_FLASK = Recipe(
    "common-flask",
    "common, gunicorn",
    "flask",
    "gunicorn",
    USUAL,
    (*GUNICORN, "bench_app.main:create_app()"),
)
OURS_DJANGO = Recipe("ours-django", "ours, granian", "django", "granian")
OURS_DJANGO_GUNICORN = Recipe("ours-django-gunicorn", "ours, gunicorn", "django", "gunicorn")
COMMON_DJANGO = Recipe(
    "common-django",
    "common, gunicorn",
    "django",
    "gunicorn",
    USUAL,
    (*GUNICORN, "bench_app.wsgi:application"),
)
OURS_WORKSPACE = Recipe("ours-workspace", "ours, granian", WORKSPACE, "granian")
GUIDE_OF_WORKSPACE = Recipe(
    "guide-workspace", "uv's guide, granian", WORKSPACE, "granian", WORKSPACE_GUIDE, CONSOLE_SCRIPT
)

# A host that nobody asks for, but each step's cache key contains it: without it, a rebuild would
# find what an earlier run of the benchmark, or anybody's build of the same project, left behind.
OWN_CACHE = f"run-{time.time_ns()}.invalid"

# Those that are compared with each other stand side by side, and so are measured one after another.
RECIPES = (
    *(OURS_GRANIAN, GUIDE_GRANIAN, OURS_UVICORN, GUIDE_UVICORN, COMMON),
    *(OURS_FLASK, OURS_FLASK_GUNICORN, COMMON_FLASK),
    *(OURS_DJANGO, OURS_DJANGO_GUNICORN, COMMON_DJANGO),
    *(OURS_WORKSPACE, GUIDE_OF_WORKSPACE),
)
FRAMEWORKS = tuple(dict.fromkeys(recipe.framework for recipe in RECIPES))


@contextmanager
def built(
    recipe: Recipe, project: Project, tag: str, *, from_nothing: bool = False
) -> Iterator[Built]:
    """Build the project as it is now; the image goes when the block ends."""
    with removed_afterwards("image", f"{PREFIX}{recipe.key}:{tag}") as image:
        options = ["--tag", image, "--add-host", f"{OWN_CACHE}:127.0.0.1"]
        if from_nothing:
            options.append("--no-cache")
        if recipe.dockerfile:
            options += ["--file", str(recipe.dockerfile)]
            options += ["--build-arg", f"BASE_IMAGE={project.base_image}"]
            options += ["--build-arg", f"UV_IMAGE={project.uv_image}"]
        started = time.perf_counter()
        docker("build", *options, str(project.path))
        yield Built(image, time.perf_counter() - started)
