"""What a user gets works at once, without Docker: its own checks pass, and it runs."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from .catalogue import FRAMEWORKS, role_of, servers_of, services_of
from .conftest import Render
from .docker import free_port
from .variants import Variant
from .workspaces import ALL_KINDS

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "CI"}}


def uv_run(project: Path, *command: str) -> str:
    done = subprocess.run(
        ["uv", "run", "--quiet", "--python", PYTHON, *command],
        cwd=project,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
    return done.stdout


def of_kind(kind: str) -> set[Variant]:
    """As it is by default, and with its services under its last server."""
    *_, server = servers_of(kind) or ("",)
    return {
        Variant(kind, python=PYTHON),
        Variant(kind, server=server, services=services_of(kind), python=PYTHON),
    }


@pytest.fixture(
    scope="module",
    params=[variant for kind in FRAMEWORKS for variant in sorted(of_kind(kind), key=str)],
    ids=str,
)
def variant(request: pytest.FixtureRequest) -> Variant:
    chosen: Variant = request.param
    return chosen


@pytest.fixture(scope="module")
def project(variant: Variant, render: Render) -> Path:
    return render(**variant.answers)


def fetch(url: str, body: dict[str, str] | None = None) -> tuple[int, dict[str, object]]:
    data = json.dumps(body).encode() if body else None
    request = Request(url, data, headers={"content-type": "application/json"})
    with urlopen(request, timeout=5) as answer:
        return answer.status, json.load(answer)


def test_its_own_checks_pass(project: Path) -> None:
    uv_run(project, "ruff", "check", ".")
    uv_run(project, "ruff", "format", "--check", ".")
    uv_run(project, "mypy")
    uv_run(project, "pytest", "--quiet", "--cov")


def test_its_commit_hooks_pass(project: Path) -> None:
    assert_hooks_pass(project)


def assert_hooks_pass(project: Path) -> None:
    for command in (["git", "init", "--quiet"], ["git", "add", "--all"]):
        subprocess.run(command, cwd=project, check=True)
    uv_run(project, "pre-commit", "run", "--all-files")
    status = subprocess.run(
        ["git", "diff", "--name-only"], cwd=project, capture_output=True, text=True, check=True
    )
    assert status.stdout in {"", "uv.lock\n"}, "a hook rewrote what the template made"


@pytest.mark.parametrize(
    "variant", [Variant(kind, python=PYTHON) for kind in FRAMEWORKS], ids=str, scope="module"
)
def test_its_coverage_floor_is_a_floor(project: Path) -> None:
    """With one test alone the project fails: the floor is not zero."""
    one, *_ = uv_run(project, "pytest", "--collect-only", "--quiet").splitlines()
    with pytest.raises(AssertionError, match="is less than fail-under"):
        uv_run(project, "pytest", one, "--cov")


@contextmanager
def running(project: Path, command: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Its command, until the end of the block; a stop is no failure."""
    words = ["uv", "run", "--quiet", "--python", PYTHON, command]
    process = subprocess.Popen(
        words, cwd=project, env={**ENVIRONMENT, **variables}, text=True, stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 0


def serve(project: Path, command: str) -> None:
    port = free_port()
    with running(project, command, PORT=str(port)) as server:
        deadline = time.monotonic() + 120
        while True:
            try:
                status, health = fetch(f"http://127.0.0.1:{port}/health")
                break
            except (URLError, ConnectionError):
                assert server.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.1)
        assert (status, health["status"]) == (200, "healthy")
        assert fetch(f"http://127.0.0.1:{port}/ready")[1]["status"] == "ready"
        if list(project.rglob(f"src/{command.replace('-', '_')}/notes.py")):
            status, note = fetch(f"http://127.0.0.1:{port}/notes", {"text": "milk"})
            assert (status, note["text"]) == (201, "milk")


def wait_for_tasks(project: Path, command: str) -> None:
    with running(project, command) as worker:
        assert worker.stdout is not None
        assert any("ready" in line for line in worker.stdout), "it ended before it was ready"


def run_once(project: Path, command: str) -> None:
    uv_run(project, command)


def show_help(project: Path, command: str) -> None:
    assert "--help" in uv_run(project, command, "--help")


# What somebody tries first, by role.
FIRST: dict[str, Callable[[Path, str], None]] = {
    "web": serve,
    "worker": wait_for_tasks,
    "job": run_once,
    "cli": show_help,
}


def test_it_runs_with_no_service_at_hand(project: Path, variant: Variant) -> None:
    FIRST[variant.role](project, "myapp")


# ── A workspace ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def workspace(render: Render) -> Path:
    project = render(
        layout="workspace",
        apps=ALL_KINDS,
        packages=["core", "prices"],
        services=["postgres", "rabbitmq"],
        python_version=PYTHON,
    )
    for command in (["git", "init", "--quiet"], ["git", "add", "--all"]):
        subprocess.run(command, cwd=project, check=True)
    return project


@pytest.fixture(scope="module")
def tests_pass(workspace: Path) -> Callable[[], str]:
    """All members' tests together, run once."""
    return cache(lambda: uv_run(workspace, "pytest", "--quiet"))


@pytest.fixture(scope="module")
def runs(workspace: Path) -> Callable[[str], None]:
    """An app, as somebody tries it first; once each."""
    return cache(lambda app: FIRST[role_of(ALL_KINDS[app])](workspace, app))


def test_all_members_are_tested_together(tests_pass: Callable[[], str]) -> None:
    assert "passed" in tests_pass()


def test_a_workspaces_commit_hooks_pass_which_check_every_members_types(workspace: Path) -> None:
    assert_hooks_pass(workspace)


# An app with settings of its own for the coverage, one with its own for mypy, and a package.
@pytest.mark.parametrize("member", ["apps/fastapi-app", "apps/django-app", "packages/prices"])
def test_a_member_passes_its_own_checks_in_its_folder(workspace: Path, member: str) -> None:
    uv_run(workspace / member, "mypy")
    uv_run(workspace / member, "pytest", "--quiet", "--cov")


@pytest.mark.parametrize("app", ALL_KINDS)
def test_an_app_runs_from_the_root_with_no_service_at_hand(
    runs: Callable[[str], None], app: str
) -> None:
    runs(app)


def test_git_takes_nothing_that_running_and_testing_left_behind(
    workspace: Path, tests_pass: Callable[[], str], runs: Callable[[str], None]
) -> None:
    """Databases, a job's files, caches."""
    tests_pass()
    for app in ALL_KINDS:
        runs(app)
    left = ["git", "status", "--porcelain", "--untracked-files=all"]
    done = subprocess.run(left, cwd=workspace, capture_output=True, text=True, check=True)
    new = [line for line in done.stdout.splitlines() if line.startswith("??")]
    assert new == []


def test_two_django_apps_are_not_tested_in_one_process_and_it_says_so(render: Render) -> None:
    """Django has one app's settings in a process; half of the tests would see the wrong ones."""
    apps = {"shop": "django", "web-shop": "django"}
    project = render(layout="workspace", apps=apps, python_version=PYTHON)
    with pytest.raises(
        AssertionError, match=r"Test each app on its own: uv run pytest apps/web-shop"
    ):
        uv_run(project, "pytest")
    assert "one by one" in (project / "docs/workspace.md").read_text()
