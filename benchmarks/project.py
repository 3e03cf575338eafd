"""The project that is built: rendered from the working tree, locked, and edited."""

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from string import Template
from typing import Any

import copier
from copier.errors import DirtyLocalWarning

from .docker import docker

TEMPLATE = Path(__file__).resolve().parent.parent

# One for each round of builds: small, pure, without dependencies, used by nothing in the project.
SPARE_PACKAGES = ("cachetools", "sortedcontainers", "toolz")
# And a version of a package with compiled libraries: one that the project does not have.
OTHER_VERSIONS = ("sqlalchemy==2.1.8", "sqlalchemy==2.1.7", "sqlalchemy==2.1.6")
OTHER_VERSIONS_FOR_DJANGO = (
    "psycopg-binary==3.3.8",
    "psycopg-binary==3.3.7",
    "psycopg-binary==3.3.6",
)

Files = dict[str, str]  # path in the project → text


class Change(StrEnum):
    """What somebody changes between two builds."""

    CODE = "code change"
    PURE = "one pure dependency added"
    COMPILED = "one compiled package upgraded"
    VERSION = "version bump"
    TESTS = "tests-only edit"
    TOOLS = "tool-config edit"
    SHARED = "change of a package that it uses"
    UNUSED = "change of a package that it does not use"
    NEIGHBOUR = "change of another app's code"
    NEIGHBOURS_LOCK = "one dependency added to another app"


WORKSPACE = "workspace"  # stands where a framework would: its app is a FastAPI app


def answers_of(framework: str) -> dict[str, Any]:
    """Of the workspace, bench-app is what is built; the worker is its neighbour."""
    if framework != WORKSPACE:
        return {"project_name": "Bench App", "framework": framework}
    return {
        "project_name": "Bench",
        "layout": "workspace",
        "apps": {
            "bench-app": {"framework": "fastapi", "packages": ["core"]},
            "worker": {"framework": "worker", "packages": ["core", "extra"]},
        },
        "packages": ["core", "extra"],
    }


class Project:
    """A rendered project with its lock. What it is in `path` is the same before and after."""

    def __init__(self, path: Path, framework: str, server: str, python: str) -> None:
        warnings.simplefilter("ignore", DirtyLocalWarning)  # the working tree is what is measured
        answers = {
            **answers_of(framework),
            "services": ["postgres"],
            "server": server,
            "python_version": python,
            "ci": "github",
        }
        self.other_versions = OTHER_VERSIONS_FOR_DJANGO if framework == "django" else OTHER_VERSIONS
        self.app = "apps/bench-app/" if framework == WORKSPACE else ""
        copier.run_copy(
            str(TEMPLATE), path, answers, defaults=True, quiet=True, unsafe=False, vcs_ref="HEAD"
        )
        self.path = path
        self.base_image = self._image_of_stage("base")
        self.uv_image = self._image_of_stage("uv")
        self._lock()

    def _image_of_stage(self, stage: str) -> str:
        """The image that a stage of the project's Dockerfile starts from, its versions filled in"""
        dockerfile = (self.path / "Dockerfile").read_text()
        defaults = dict(re.findall(r"^ARG (\w+)=(\S+)$", dockerfile, re.MULTILINE))
        found = re.search(rf"^FROM (\S+) AS {stage}$", dockerfile, re.MULTILINE)
        if not found:
            raise SystemExit(f"the project's Dockerfile has no stage named {stage}")
        return Template(found[1]).substitute(defaults)

    def _lock(self) -> None:
        docker("build", "--target", "lock", "--output", str(self.path), str(self.path))

    @contextmanager
    def edited(self, files: Files) -> Iterator[None]:
        originals = {name: (self.path / name).read_text() for name in files}
        self._write(files)
        try:
            yield
        finally:
            self._write(originals)

    def _write(self, files: Files) -> None:
        for name, text in files.items():
            (self.path / name).write_text(text)

    def edits(self, number: int) -> dict[Change, Files]:
        """One edit of each kind; another number makes other edits."""
        edit = f"\nEDIT = {number}\n"
        tests = self.path / self.app / "tests"
        test = min(path.name for path in tests.glob("test_*.py"))
        version = (r'^version = ".*"$', f'version = "9.9.{number}"')
        edits = {
            Change.CODE: self._appended(f"{self.app}src/bench_app/health.py", edit),
            Change.PURE: self.with_dependencies(SPARE_PACKAGES[number]),
            Change.COMPILED: self.with_dependencies(self.other_versions[number]),
            Change.VERSION: self._relocked(self._pyproject(self.app, *version)),
            Change.TESTS: self._appended(f"{self.app}tests/{test}", edit),
            Change.TOOLS: self._pyproject(
                "", r"^line-length = .*$", f"line-length = {110 + number}"
            ),
        }
        if not self.app:
            return edits
        return edits | {
            Change.SHARED: self._appended("packages/core/src/core/release.py", edit),
            Change.UNUSED: self._appended("packages/extra/src/extra/release.py", edit),
            Change.NEIGHBOUR: self._appended("apps/worker/src/worker/tasks.py", edit),
            Change.NEIGHBOURS_LOCK: self._with(SPARE_PACKAGES[number : number + 1], "apps/worker/"),
        }

    def with_all_of(self, number: int) -> Files:
        """Every package that the edits of this number install."""
        return self.with_dependencies(SPARE_PACKAGES[number], self.other_versions[number])

    def with_dependencies(self, *packages: str) -> Files:
        return self._with(packages, self.app)

    def _with(self, packages: Iterable[str], member: str) -> Files:
        added = "".join(f'    "{package}",\n' for package in packages)
        return self._relocked(self._pyproject(member, r"^dependencies = \[\n", rf"\g<0>{added}"))

    def _appended(self, name: str, text: str) -> Files:
        return {name: (self.path / name).read_text() + text}

    def _pyproject(self, folder: str, pattern: str, replacement: str) -> Files:
        name = f"{folder}pyproject.toml"
        text = (self.path / name).read_text()
        edited, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        if count != 1:
            raise SystemExit(f"{name} matches {pattern!r} {count} times instead of once")
        return {name: edited}

    def _relocked(self, files: Files) -> Files:
        """The files and the lock that goes with them, made here so that no timing contains it."""
        with self.edited({"uv.lock": (self.path / "uv.lock").read_text(), **files}):
            self._lock()
            return {**files, "uv.lock": (self.path / "uv.lock").read_text()}
