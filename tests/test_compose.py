"""The compose files: development that follows the developer, production that holds."""

import json
import os
import re
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from .docker import (
    FILES,
    REGISTRY,
    Compose,
    Project,
    ask,
    docker,
    free_port,
    inspect,
    run,
    status,
    token,
    wait_for,
    wait_until,
)

pytestmark = pytest.mark.engine

POSTGRES: dict[str, Any] = {"services": ["postgres"], "python_version": "3.13"}

# ── Development: a bare `docker compose up`, right after the copy ────────────────────────────────


@dataclass(frozen=True)
class Development:
    """A project that runs, who owns it, and what lay in it before."""

    compose: Compose
    owner: int
    files: set[Path]
    stub: bytes
    host_environment: Path

    @property
    def project(self) -> Project:
        return self.compose.project


@pytest.fixture(scope="module")
def development(
    template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Development]]:
    """Two projects at once: one whose owner the container's user is, and one of somebody else."""
    us = os.getuid()
    # BusyBox has other commands than Debian, and another shell.
    answers = {"own": {**POSTGRES, "base_image": "alpine"}, "foreign": {}}
    folder = tmp_path_factory.mktemp("development")
    found = {}
    for name, chosen in answers.items():
        project = Project.render(template, folder / name, f"{name}-{token()}", **chosen)
        # What `uv sync` on another system left behind.
        environment = project.path / ".venv"
        (environment / "bin").mkdir(parents=True)
        (environment / "bin" / "python").write_text("#!/bin/false\n")
        (environment / "pyvenv.cfg").write_text("home = /nowhere\n")
        user = str(us + 1000)
        ids = project.give_to_developer() if name == "own" else {"UID": user, "GID": user}
        compose = Compose(project, variables={"APP_PORT": str(free_port()), **ids})
        owner = project.path.stat().st_uid
        stub = (project.path / "uv.lock").read_bytes()
        found[name] = Development(compose, owner, project.files, stub, environment)
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda each: each.compose.up(), found.values()))
        yield found
    finally:
        for each in found.values():
            each.compose.remove(f"{each.project.slug}-development")


both = pytest.mark.parametrize("name", ["own", "foreign"])


@both
def test_it_runs_with_the_empty_lock_beside_another_project(
    development: dict[str, Development], name: str
) -> None:
    running = development[name]
    assert ask(running.compose.port, "/health").json() == {"status": "healthy"}
    assert ask(running.compose.port, "/ready").status == 200
    title = ask(running.compose.port, "/openapi.json").json()["info"]["title"]
    assert title == running.project.slug.title(), "each answers on its own port"


def test_its_database_has_its_tables(development: dict[str, Development]) -> None:
    port = development["own"].compose.port
    created = ask(port, "/notes", {"text": "milk"})
    assert created.status == 201
    assert created.json() in ask(port, "/notes").json()


@both
def test_the_hosts_environment_is_not_in_the_way(
    development: dict[str, Development], name: str
) -> None:
    running = development[name]
    prefix = running.compose("exec", "app", "python", "-c", "import sys; print(sys.prefix)")
    assert not prefix.stdout.startswith("/project")
    assert sorted(path.name for path in running.host_environment.rglob("*")) == [
        "bin",
        "python",
        "pyvenv.cfg",
    ]


@both
def test_a_saved_file_is_served(development: dict[str, Development], name: str) -> None:
    running = development[name]
    assert status(running.compose.port, "/planted") == 404
    end = "    return app\n"
    planted = f'    app.add_route("/planted", health.health)\n{end}'
    running.project.edit(f"src/{running.project.module}/main.py", end, planted)
    wait_for(running.compose.port, "/planted", 200, seconds=30)


@both
def test_a_new_dependency_is_installed_without_a_build(
    development: dict[str, Development], name: str
) -> None:
    running = development[name]
    app = running.compose.container("app")

    def importable() -> bool:
        return app.exec("python", "-c", "import itsdangerous", check=False).returncode == 0

    assert not importable()
    running.project.add_dependency("itsdangerous>=2")
    wait_until(importable, "the new package is there", seconds=120)
    wait_for(running.compose.port, "/health")
    assert running.compose.container("app") == app


def test_a_package_is_added_by_a_command_in_the_container(
    development: dict[str, Development],
) -> None:
    running = development["own"]
    app = running.compose.container("app")
    assert app.exec("python", "-c", "import blinker", check=False).returncode != 0
    running.compose("run", "--rm", "app", "uv", "add", "blinker")
    declared = tomllib.loads((running.project.path / "pyproject.toml").read_text())
    assert any(each.startswith("blinker") for each in declared["project"]["dependencies"])
    lock = tomllib.loads((running.project.path / "uv.lock").read_text())
    assert "blinker" in {each["name"] for each in lock["package"]}
    app.exec("python", "-c", "import blinker")
    wait_for(running.compose.port, "/health")
    assert running.project.owners == {running.owner}


@both
def test_the_projects_tests_run_in_the_container(
    development: dict[str, Development], name: str
) -> None:
    running = development[name]
    done = running.compose("run", "--rm", "app", "pytest")
    assert re.search(r"\d+ passed", done.stdout)
    assert running.project.owners == {running.owner}


def test_the_pipeline_runs_the_tests_on_the_real_database(
    development: dict[str, Development],
) -> None:
    compose = development["own"].compose
    folder = compose.project.path
    workflow = yaml.safe_load((folder / ".github/workflows/ci.yml").read_text())
    steps = [step["run"] for step in workflow["jobs"]["services"]["steps"] if "run" in step]
    ran = run("bash", "-e", "-c", "\n".join(steps), cwd=folder, variables=compose.variables)
    (folder / ".env").unlink()
    assert re.search(r"\d+ passed", ran.stdout)
    assert "skipped" not in ran.stdout
    # It is the one that they are given: with another one they fail.
    nowhere = "TEST_DATABASE_URL=postgresql://nobody@postgres/nothing"
    refused = compose("run", "--rm", "--env", nowhere, "tests", "pytest", "-x", check=False)
    assert "nobody" in refused.stdout
    assert refused.returncode != 0


def test_it_writes_the_lock_for_the_projects_owner(development: dict[str, Development]) -> None:
    running = development["own"]
    lock = running.project.path / "uv.lock"
    assert "fastapi" in {each["name"] for each in tomllib.loads(lock.read_text())["package"]}
    assert running.project.owners == {running.owner}


def test_it_writes_nothing_to_a_project_of_somebody_else(
    development: dict[str, Development],
) -> None:
    running = development["foreign"]
    assert running.project.files == running.files
    assert (running.project.path / "uv.lock").read_bytes() == running.stub
    assert running.project.owners == {running.owner}


# ── Production on one host ───────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def prepared(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with its lock and its secrets, ready to run. Its name is in no other run."""
    name = f"notes-{token()}"
    path = tmp_path_factory.mktemp("production") / name
    project = Project.render(template, path, name, registry=f"{REGISTRY}/acme", **POSTGRES)
    project.lock()
    project.make_secrets()
    return project


@pytest.fixture(scope="module")
def production(prepared: Project) -> Iterator[Compose]:
    """The stack, running. A test that disturbs it waits until it has recovered."""
    compose = Compose(prepared, FILES, {"APP_PORT": str(free_port())})
    try:
        compose.up()
        yield compose
    finally:
        compose.remove(f"{REGISTRY}/acme/{prepared.slug}:dev")


def password(compose: Compose) -> str:
    return (compose.project.path / "secrets" / "database_password").read_text().strip()


def test_the_manuals_command_makes_secrets_once(prepared: Project) -> None:
    secret = prepared.path / "secrets" / "postgres_password"
    made = secret.read_text()
    assert re.fullmatch(r"\w{32,}\n", made)
    assert secret.parent.stat().st_mode & 0o077 == 0, "nobody else on the host can look for it"
    prepared.make_secrets()
    assert secret.read_text() == made


def test_notes_can_be_written_and_read(production: Compose) -> None:
    created = ask(production.port, "/notes", {"text": "milk"})
    assert created.status == 201
    assert ask(production.port, f"/notes/{created.json()['id']}").json() == created.json()


def test_the_migration_ran_once_and_ended_well(production: Compose) -> None:
    migrate = production.container("migrate").inspect()
    assert migrate["State"]["Status"] == "exited"
    assert migrate["State"]["ExitCode"] == 0
    assert migrate["RestartCount"] == 0
    assert migrate["HostConfig"]["RestartPolicy"]["Name"] == "no"
    app = production.container("app").inspect()
    assert app["State"]["StartedAt"] > migrate["State"]["FinishedAt"], "the app waits for it"


# ── … with no more rights than it needs


@pytest.mark.parametrize("service", ["app", "migrate", "postgres", "postgres-databases"])
def test_the_engine_limits_what_a_container_may_do(production: Compose, service: str) -> None:
    production.container(service).assert_limited()


@pytest.mark.parametrize("service", ["app", "postgres"])
def test_what_stops_by_itself_is_started_again(production: Compose, service: str) -> None:
    host = production.container(service).inspect()["HostConfig"]
    assert host["RestartPolicy"]["Name"] == "unless-stopped"


@pytest.mark.parametrize("service", ["app", "postgres"])
def test_a_running_container_has_no_privilege_and_a_file_system_that_root_cannot_write_to(
    production: Compose, service: str
) -> None:
    container = production.container(service)
    process = container.exec("cat", "/proc/1/status").stdout
    assert re.search(r"^Uid:\s+[1-9]", process, re.M)
    for capabilities in ("CapPrm", "CapEff", "CapBnd"):
        assert re.search(rf"^{capabilities}:\s+0+$", process, re.M)
    assert re.search(r"^NoNewPrivs:\s+1$", process, re.M)

    written = container.exec("sh", "-c", "echo > /planted", user="0", check=False)
    assert written.returncode != 0
    assert "Read-only file system" in written.stderr
    container.exec("sh", "-c", "echo > /tmp/planted")


def test_only_the_app_is_published_and_to_this_machine_alone(production: Compose) -> None:
    ports = {
        service: production.container(service).inspect()["HostConfig"]["PortBindings"]
        for service in ("app", "migrate", "postgres")
    }
    assert ports == {
        "app": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(production.port)}]},
        "migrate": {},
        "postgres": {},
    }


def test_the_database_is_on_a_network_without_a_way_out(production: Compose) -> None:
    (name,) = production.container("postgres").inspect()["NetworkSettings"]["Networks"]
    assert inspect(name, "network")["Internal"] is True


def test_every_volume_has_a_name_and_the_data_its_place(production: Compose) -> None:
    mounts = [
        mount
        for service in ("app", "migrate", "postgres")
        for mount in production.container(service).inspect()["Mounts"]
        if mount["Type"] == "volume"
    ]
    assert [(mount["Destination"], mount["Name"]) for mount in mounts] == [
        ("/var/lib/postgresql", f"{production.project.slug}-production_postgres")
    ]


def test_the_password_is_nowhere_but_in_its_file(production: Compose) -> None:
    ids = production("ps", "--all", "--quiet").stdout.split()
    assert len(ids) == 4
    app = production.container("app")
    image = app.inspect()["Image"]
    places = {
        "inspect": docker("inspect", *ids),
        "logs": production("logs").stdout,
        "image": docker("image", "inspect", image),
        "history": docker("history", "--no-trunc", image),
        "environment": app.exec("cat", "/proc/1/environ").stdout,
    }
    files = sorted((production.project.path / "secrets").iterdir())
    assert [file.name for file in files] == ["database_password", "postgres_password"]
    assert [place for place, text in places.items() if not text] == []
    for file in files:
        secret = file.read_text().strip()
        assert [place for place, text in places.items() if secret in text] == []
    known = app.exec("cat", "/run/secrets/database_password").stdout
    assert known.strip() == password(production)
    assert app.exec("ls", "/run/secrets").stdout.split() == ["database_password"]


def test_the_app_is_no_superuser_of_its_database(production: Compose) -> None:
    address = f"postgresql://app_owner:{password(production)}@127.0.0.1/app"
    program = ["exec", "-T", "postgres", "psql", address, "-c", "COPY notes TO PROGRAM 'true'"]
    refused = production(*program, check=False)
    assert refused.returncode != 0
    assert "permission denied to COPY" in refused.stderr


# ── … through failures


def started(compose: Compose) -> tuple[str, int]:
    app = compose.container("app").inspect()
    return app["State"]["StartedAt"], app["RestartCount"]


def test_the_app_outlives_its_database_and_finds_it_again(production: Compose) -> None:
    before = started(production)
    production("kill", "postgres")
    try:
        wait_for(production.port, "/ready", 503)
        answer = ask(production.port, "/ready").json()
        assert answer["status"] == "not ready"
        assert answer["services"]["postgres"] in {"unreachable", "no answer"}
        assert password(production) not in json.dumps(answer)
        assert ask(production.port, "/health").status == 200
    finally:
        production("start", "postgres")
    wait_for(production.port, "/ready", 200)
    assert ask(production.port, "/notes").status == 200
    assert started(production) == before


def test_a_database_that_hangs_does_not_hang_the_readiness_check(production: Compose) -> None:
    assert ask(production.port, "/ready").status == 200
    production("pause", "postgres")
    try:
        asked = time.monotonic()
        answer = ask(production.port, "/ready")
        assert time.monotonic() - asked < 5
        assert answer.status == 503
        assert answer.json()["services"] == {"postgres": "no answer"}
        assert ask(production.port, "/health").status == 200
    finally:
        production("unpause", "postgres")
    wait_for(production.port, "/ready", 200)


def test_data_survives_down_and_up(production: Compose) -> None:
    created = ask(production.port, "/notes", {"text": "to be kept"}).json()
    production("down")
    assert status(production.port, "/health") is None
    production.up()
    assert ask(production.port, f"/notes/{created['id']}").json() == created


BROKEN = '''"""A migration that cannot succeed."""

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    raise RuntimeError("planted")
'''


@pytest.fixture
def broken(prepared: Project, tmp_path: Path) -> Iterator[Compose]:
    """The stack with a migration that fails, beside the one that works."""
    project = prepared.copy(tmp_path / "broken")
    (project.source / "migrations" / "versions" / "0002_broken.py").write_text(BROKEN)
    variables = {
        "APP_PORT": str(free_port()),
        "COMPOSE_PROJECT_NAME": f"{project.slug}-broken",
        "VERSION": "broken",
    }
    compose = Compose(project, FILES, variables)
    try:
        yield compose
    finally:
        compose.remove(f"{REGISTRY}/acme/{project.slug}:broken")


def test_the_app_does_not_start_where_the_migration_fails(broken: Compose) -> None:
    assert broken.up(check=False).returncode != 0
    assert "planted" in broken("logs", "migrate").stdout
    assert broken.container("migrate").inspect()["State"]["ExitCode"] == 1
    assert broken.container("app").inspect()["State"]["Status"] == "created"


def test_a_wrong_password_stops_the_start_and_is_not_shown(production: Compose) -> None:
    secret = production.project.path / "secrets" / "postgres_password"
    right = secret.read_text()
    production("down")
    try:
        secret.chmod(0o600)
        secret.write_text("wrong-battery-staple\n")
        secret.chmod(0o444)
        assert production.up(check=False).returncode != 0
        assert production.container("app").inspect()["State"]["Status"] == "created"
        said = production("logs", "postgres-databases").stdout
        assert "password authentication failed" in said
        assert "wrong-battery-staple" not in said
    finally:
        production("down")
        secret.chmod(0o600)
        secret.write_text(right)
        secret.chmod(0o444)
        production.up()


def test_a_new_password_of_the_app_counts_from_the_next_start_on(production: Compose) -> None:
    secret = production.project.path / "secrets" / "database_password"
    secret.chmod(0o600)
    secret.write_text(f"{token()}{token()}\n")
    secret.chmod(0o444)
    production("down")
    production.up()
    assert ask(production.port, "/notes").status == 200
