"""A workspace: several apps on one lock, each in an image without anything of the others."""

import json
import os
import re
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .catalogue import (
    DATABASES,
    FRAMEWORKS,
    is_called,
    keeps_data,
    services_of,
    uses_database,
)
from .conftest import RunHardened
from .docker import (
    FILES,
    REGISTRY,
    Compose,
    Container,
    Done,
    Project,
    ask,
    container,
    docker,
    free_port,
    in_image,
    inspect,
    printed,
    remove_images,
    run,
    token,
    wait_for,
    wait_until,
)
from .variants import PYTHON, RUNNING, Variant

pytestmark = pytest.mark.engine

VERSION = "1.2.3"

# Everyone uses `core` but one; only two use `extra`.
PACKAGES = ["core", "extra"]
NAMED: dict[str, Any] = {
    "api": {"framework": "fastapi", "packages": ["core"]},
    "flask-api": {"framework": "flask", "packages": ["core"]},
    "web": "django",
    "tool": "cli",
    "cleaner": {"framework": "job", "packages": []},
    "worker": {"framework": "worker", "packages": ["core"]},
}


def kind_of(entry: Any) -> str:
    return str(entry["framework"] if isinstance(entry, dict) else entry)


# And every other kind, whichever there are.
APPS = NAMED | {
    f"{kind}-app": {"framework": kind, "packages": ["core"]}
    for kind in FRAMEWORKS
    if kind not in map(kind_of, NAMED.values())
}
ANSWERS: dict[str, Any] = {
    "layout": "workspace",
    "apps": APPS,
    "packages": PACKAGES,
    "services": ["postgres"],
    "python_version": PYTHON,
}


@dataclass(frozen=True)
class Member(Variant):
    """An app of the workspace, for what is known of its kind."""

    name: str = ""

    @property
    def slug(self) -> str:
        return self.name

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    @property
    def packages(self) -> list[str]:
        entry = APPS[self.name]
        return list(entry["packages"] if isinstance(entry, dict) else PACKAGES)

    @property
    def sends(self) -> bool:
        """Whether it sends tasks to the worker, with which it shares their names."""
        row = FRAMEWORKS[self.kind]
        return "celery" in row["clients"] and not row["needs"] and "core" in self.packages

    @property
    def backing(self) -> tuple[str, ...]:
        return (*self.services, "redis") if self.sends else super().backing

    @property
    def broker(self) -> str:
        return "redis" if self.sends else super().broker


def member(name: str) -> Member:
    kind = kind_of(APPS[name])
    used = tuple(service for service in ANSWERS["services"] if service in services_of(kind))
    return Member(kind, services=used, name=name)


MEMBERS = [member(name) for name in APPS]
WEB = [app.name for app in MEMBERS if app.role == "web"]
STAYING = [app.name for app in MEMBERS if not is_called(app.kind)]
MIGRATING = [app for app in MEMBERS if uses_database(app.kind)]
BACKING = {service for app in MEMBERS for service in app.backing}

each = pytest.mark.parametrize("app", MEMBERS, ids=lambda app: app.name)


@dataclass(frozen=True)
class Baked:
    """What one `docker buildx bake` made."""

    project: Project
    registry: str

    def image(self, app: str) -> str:
        return f"{self.registry}/{self.project.slug}-{app}:{VERSION}"

    @property
    def images(self) -> list[str]:
        return [self.image(app) for app in APPS]

    def layers(self, app: str) -> list[str]:
        """The digests of the image's layers, lowest first."""
        return layers_of(self.image(app))

    def config(self, app: str) -> dict[str, Any]:
        found: dict[str, Any] = inspect(self.image(app), "image")["Config"]
        return found


def layers_of(image: str) -> list[str]:
    found: list[str] = inspect(image, "image")["RootFS"]["Layers"]
    return found


@pytest.fixture(scope="module")
def workspace(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All kinds, with a lock. Copy it before you change it."""
    slug = f"shop-{token()}"
    path = tmp_path_factory.mktemp("workspace") / slug
    project = Project.render(template, path, slug, registry=f"{REGISTRY}/{token()}", **ANSWERS)
    project.bake("lock")
    return project


Bake = Callable[[Project], Baked]


@pytest.fixture(scope="module")
def bake() -> Iterator[Bake]:
    made = []

    def build(project: Project) -> Baked:
        made.append(Baked(project, f"{REGISTRY}/{token()}"))
        project.bake("--load", REGISTRY=made[-1].registry, VERSION=VERSION)
        return made[-1]

    yield build
    for each in made:
        remove_images(*each.images)


@pytest.fixture(scope="module")
def baked(workspace: Project, bake: Bake) -> Baked:
    return bake(workspace)


# ── One command builds an image for each app ─────────────────────────────────────────────────────


def test_bake_builds_every_app_in_one_go_each_under_its_own_name(baked: Baked) -> None:
    found = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", f"{baked.registry}/*")
    assert sorted(found.splitlines()) == sorted(baked.images)
    title = baked.project.slug.title()
    for app in APPS:
        labels = baked.config(app)["Labels"]
        assert labels["org.opencontainers.image.title"] == f"{title} {app}"
        assert labels["org.opencontainers.image.version"] == VERSION


@each
def test_each_image_has_its_own_command_and_no_shell_before_it(baked: Baked, app: Member) -> None:
    config = baked.config(app.name)
    given, other = ("Entrypoint", "Cmd") if is_called(app.kind) else ("Cmd", "Entrypoint")
    assert config[given] == [app.name]
    assert not config[other]
    assert config["User"] == "10001:10001"
    assert bool(config.get("Healthcheck")) == RUNNING[app.role].probed
    assert bool(config.get("Volumes")) == keeps_data(app.kind)


@each
def test_each_image_runs_hardened_becomes_healthy_and_stops(
    baked: Baked, run_hardened: RunHardened, app: Member
) -> None:
    with run_hardened(baked.image(app.name), app) as started:
        first = started.exec("cat", "/proc/1/cmdline").stdout.split("\0")
        assert first[1] == f"/opt/venv/bin/{app.name}"
        assert re.search(r"^CapEff:\s+0+$", started.process(), re.MULTILINE)
        if RUNNING[app.role].probed:
            started.wait_until_healthy()
        assert started.stop() == RUNNING[app.role].exit_code


def needed_by(lock: dict[str, Any], name: str, extras: tuple[str, ...] = ()) -> Iterator[str]:
    """What uv.lock says that it needs, itself too, on any system."""
    packages = {package["name"]: package for package in lock["package"]}
    seen = set()
    open_ends = [(name, extra) for extra in ("", *extras)]
    while open_ends:
        seen.add(one := open_ends.pop())
        name, extra = one
        package = packages[name]
        if not extra:
            yield name
        needs = package.get("optional-dependencies", {}).get(extra, []) if extra else None
        for need in package.get("dependencies", []) if needs is None else needs:
            for wanted in ("", *need.get("extra", [])):
                if (need["name"], wanted) not in seen:
                    open_ends.append((need["name"], wanted))


@pytest.fixture(scope="module")
def distributions(baked: Baked) -> Callable[[str], set[str]]:
    program = """
import json
from importlib.metadata import distributions
names = [each.name.lower().replace("_", "-").replace(".", "-") for each in distributions()]
print(json.dumps(names))
"""
    return cache(lambda app: set(in_image(baked.image(app), program)))


def declared(project: Project, folder: str) -> set[str]:
    content = tomllib.loads((project.path / folder / "pyproject.toml").read_text())
    requirements = content["project"]["dependencies"]
    return {re.split(r"[\[>=]", requirement)[0] for requirement in requirements}


@each
def test_each_image_holds_what_its_app_needs_and_nothing_of_the_others(
    workspace: Project, distributions: Callable[[str], set[str]], app: Member
) -> None:
    lock = tomllib.loads((workspace.path / "uv.lock").read_text())
    installed = distributions(app.name)
    assert installed & {*APPS, *PACKAGES} == {app.name, *app.packages}
    assert declared(workspace, f"apps/{app.name}") <= installed
    assert installed <= set(needed_by(lock, app.name))


def test_a_client_is_only_where_its_service_is_used(
    distributions: Callable[[str], set[str]],
) -> None:
    drivers = {"psycopg": "postgres", "redis": "redis"}
    clients = {
        driver: {app.name for app in MEMBERS if service in app.backing}
        for driver, service in drivers.items()
    }
    found = {name: {app for app in APPS if name in distributions(app)} for name in clients}
    assert found == clients


def test_the_checks_of_every_app_and_package_pass_in_one_go(template: Path, tmp_path: Path) -> None:
    """With apps that only a workspace has: those that send tasks to its worker."""
    slug = f"checked-{token()}"
    apps = {"api": "fastapi", "page": "flask", "worker": "worker"}
    new = Project.render(template, tmp_path / slug, slug, layout="workspace", apps=apps)
    new.bake("lock")
    done = new.bake("test")
    assert set(re.findall(r"\[test-([\w-]+) test \d+/\d+\] RUN --network=none", done.stderr)) == {
        *apps,
        "core",
    }


# ── Both kinds of Dockerfile make the same images ────────────────────────────────────────────────


@pytest.fixture(scope="module")
def per_app(
    template: Path, workspace: Project, baked: Baked, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """The same workspace with a Dockerfile in each app's folder; built after the other one."""
    path = tmp_path_factory.mktemp("per-app") / workspace.slug
    project = Project.render(template, path, workspace.slug, dockerfiles="per-app", **ANSWERS)
    (path / "uv.lock").write_bytes((workspace.path / "uv.lock").read_bytes())
    return project


@pytest.fixture(scope="module")
def baked_per_app(per_app: Project, bake: Bake) -> Baked:
    return bake(per_app)


@each
def test_a_dockerfile_of_its_own_makes_the_same_image(
    baked: Baked, baked_per_app: Baked, app: Member
) -> None:
    assert not (baked_per_app.project.path / "Dockerfile").exists()
    assert baked_per_app.layers(app.name) == baked.layers(app.name)
    assert baked_per_app.config(app.name) == baked.config(app.name)


def test_a_plain_build_makes_the_app_that_is_named(
    baked: Baked, workspace: Project, per_app: Project, tag: Callable[[str], str]
) -> None:
    built = {
        "api": (workspace, []),
        "worker": (workspace, ["--build-arg", "APP=worker"]),
        "web": (per_app, ["--file", "apps/web/Dockerfile"]),
    }
    for app, (project, options) in built.items():
        image = tag(f"plain-{app}")
        project.build("--load", "--tag", image, *options)
        assert layers_of(image) == baked.layers(app)


def test_an_app_that_is_not_there_is_not_built(workspace: Project) -> None:
    build = workspace.build("--build-arg", "APP=nobody", "--output", "type=cacheonly", check=False)
    assert build.returncode != 0
    assert "app-nobody" in build.stderr


def test_a_package_is_checked_by_the_dockerfile_of_an_app(per_app: Project) -> None:
    assert re.search(r"\d+ passed", printed(per_app.bake("test-extra")))


def test_a_new_workspace_gets_its_lock_from_any_dockerfile(
    template: Path, tmp_path: Path, workspace: Project
) -> None:
    answers = {**ANSWERS, "dockerfiles": "per-app", "apps": {"tool": "cli"}, "services": []}
    project = Project.render(template, tmp_path / "new", workspace.slug, **answers)
    build = project.build("--file", "apps/tool/Dockerfile", check=False)
    assert build.returncode != 0
    (way,) = re.findall(r"^or without uv: +(docker .*)$", printed(build), re.MULTILINE)
    run("sh", "-euc", way, cwd=project.path)
    lock = tomllib.loads((project.path / "uv.lock").read_text())
    assert {"tool", *PACKAGES, "click"} <= {package["name"] for package in lock["package"]}


# ── A change rebuilds and pushes only what it touches ────────────────────────────────────────────


def bump_version(project: Project) -> None:
    project.edit("apps/api/pyproject.toml", 'version = "0.1.0"', 'version = "0.1.1"')
    name = 'name = "api"\n'  # as `uv lock` does
    project.edit("uv.lock", f'{name}version = "0.1.0"', f'{name}version = "0.1.1"')


def change_code(project: Project) -> None:
    project.append("apps/api/src/api/health.py", "\nCHANGED = True\n")


def change_tests(project: Project) -> None:
    project.append("apps/api/tests/test_health.py", "\n# changed\n")


def change_tool_settings(project: Project) -> None:
    project.edit("pyproject.toml", "line-length = 100", "line-length = 99")


def change_core(project: Project) -> None:
    project.append("packages/core/src/core/release.py", "\nCHANGED = True\n")


def change_extra(project: Project) -> None:
    project.append("packages/extra/src/extra/__init__.py", "\nCHANGED = True\n")


def add_to_the_lock(project: Project) -> None:
    project.add_dependency("itsdangerous>=2", "apps/worker")
    project.bake("lock")


USERS = {package: {app.name for app in MEMBERS if package in app.packages} for package in PACKAGES}
Change = Callable[[Project], None]


@pytest.fixture
def baked_after(workspace: Project, bake: Bake, tmp_path: Path) -> Callable[[Change], Baked]:
    def build(change: Change) -> Baked:
        project = workspace.copy(tmp_path / workspace.slug)
        change(project)
        return bake(project)

    return build


def touched(before: Baked, after: Baked) -> set[str]:
    """The apps that are not what they were; of all others a push sends nothing."""
    return {app for app in APPS if after.layers(app) != before.layers(app)}


def assert_only_the_last_layer_changed(before: Baked, after: Baked, app: str) -> None:
    assert after.layers(app)[:-1] == before.layers(app)[:-1]
    sizes = docker("history", "--human=false", "--format", "{{.Size}}", after.image(app)).split()
    last = next(int(size) for size in sizes if size != "0")
    assert last < 200_000


@pytest.mark.parametrize("change", [change_code, bump_version])
def test_a_change_of_an_apps_code_or_version_pushes_kilobytes_of_it_and_nothing_of_the_others(
    baked: Baked, baked_after: Callable[[Change], Baked], change: Change
) -> None:
    after = baked_after(change)
    assert touched(baked, after) == {"api"}
    assert_only_the_last_layer_changed(baked, after, "api")


@pytest.mark.parametrize("change", [change_tests, change_tool_settings])
def test_a_change_of_tests_or_tool_settings_pushes_nothing_of_any_app(
    baked: Baked, baked_after: Callable[[Change], Baked], change: Change
) -> None:
    assert touched(baked, baked_after(change)) == set()


def test_a_dependency_that_one_app_gets_touches_no_other(
    baked: Baked, baked_after: Callable[[Change], Baked]
) -> None:
    after = baked_after(add_to_the_lock)
    assert touched(baked, after) == {"worker"}
    assert after.layers("worker")[:-1] != baked.layers("worker")[:-1]


@pytest.mark.parametrize(
    ("package", "change"), [("core", change_core), ("extra", change_extra)], ids=PACKAGES
)
def test_a_change_of_a_package_pushes_kilobytes_of_those_that_use_it_and_nothing_of_the_others(
    baked: Baked, baked_after: Callable[[Change], Baked], package: str, change: Change
) -> None:
    after = baked_after(change)
    assert touched(baked, after) == USERS[package]
    for app in USERS[package]:
        assert_only_the_last_layer_changed(baked, after, app)


# ── Development: the whole system by a bare `docker compose up` ──────────────────────────────────

# One web app has no database; `core` is used by two of the three.
DEVELOPED: dict[str, Any] = {
    **ANSWERS,
    "packages": ["core"],
    "apps": {
        "api": "fastapi",
        "flask-api": {"framework": "flask", "services": [], "packages": []},
        "web": "django",
        "tool": "cli",
        "worker": "worker",
    },
}
WATCHED = ["api", "flask-api", "web", "worker"]

# The app's process under the one that watches the files: the number of the oldest.
PROCESS = """
import json, pathlib, sys
found = []
for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    try:
        if file.read_text().split("\\0")[1:2] == ["/home/dev/venv/bin/" + sys.argv[1]]:
            found.append(int(file.parent.name))
    except OSError:
        pass
print(min(found, default=0))
"""


def processes(containers: dict[str, Container]) -> dict[str, int]:
    return {
        app: int(container.exec("python", "-I", "-S", "-c", PROCESS, app).stdout)
        for app, container in containers.items()
    }


def ports() -> dict[str, str]:
    return {f"{app.replace('-', '_').upper()}_PORT": str(free_port()) for app in WEB}


def query(compose: Compose, database: str, statement: str) -> list[str]:
    asked = ["psql", "--username", "app", "--dbname", database, "--no-align", "--tuples-only"]
    return compose("exec", "-T", "postgres", *asked, "-c", statement).stdout.split()


TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


@pytest.fixture(scope="module")
def development(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    slug = f"shop-{token()}"
    path = tmp_path_factory.mktemp("development") / slug
    project = Project.render(template, path, slug, **DEVELOPED)
    compose = Compose(project, variables={**project.give_to_developer(), **ports()})
    try:
        compose.up()
        yield compose
    finally:
        compose.remove(f"{slug}-development")


def running_services(compose: Compose) -> set[str]:
    return set(compose("ps", "--services", "--status", "running").stdout.split())


def test_all_apps_run_but_the_command(development: Compose) -> None:
    assert running_services(development) == {*WATCHED, "postgres", "redis"}
    assert "tool" not in development("ps", "--all", "--services").stdout.split()


def test_each_web_app_answers_on_its_own_port(development: Compose) -> None:
    port = {app: development.container(app).port for app in WEB}
    expected = {name: int(value) for name, value in development.variables.items() if "PORT" in name}
    assert sorted(port.values()) == sorted(expected.values())
    assert ask(port["api"], "/openapi.json").json()["info"]["title"].endswith(" api")
    assert ask(port["flask-api"], "/greetings/Ada").status == 200
    assert "Django" in ask(port["web"], "/admin/login/").body
    for app in WEB:
        assert ask(port[app], "/ready").status == 200


def test_each_database_app_migrates_a_database_of_its_own(development: Compose) -> None:
    services = development("ps", "--all", "--services").stdout.split()
    assert {name for name in services if name.endswith("-migrate")} == {
        "api-migrate",
        "web-migrate",
        "worker-migrate",
    }
    databases = ("app", "api", "web", "worker")
    tables = {name: set(query(development, name, TABLES)) for name in databases}
    assert "alembic_version" in tables["api"]
    assert "django_migrations" in tables["web"]
    assert "deliveries" in tables["worker"]
    assert tables["app"] == set()
    assert not tables["web"] & {"alembic_version"}
    assert not tables["api"] & {"django_migrations", "auth_permission"}


def test_what_one_app_stores_the_other_does_not_see(development: Compose) -> None:
    api, web = (development.container(app).port for app in ("api", "web"))
    created = ask(api, "/notes", {"text": "milk"})
    assert created.status == 201
    assert "milk" in ask(api, "/notes").body
    seen = ask(web, "/notes/")
    assert seen.status == 200
    assert "milk" not in seen.body


@pytest.mark.parametrize(
    ("file", "restarted"),
    [
        ("apps/flask-api/src/flask_api/health.py", {"flask-api"}),
        ("apps/worker/src/worker/tasks.py", {"worker"}),
        ("packages/core/src/core/release.py", {"api", "web", "worker"}),
    ],
    ids=["app", "other-app", "package"],
)
def test_a_saved_file_restarts_those_that_use_it_and_nobody_else(
    development: Compose, file: str, restarted: set[str]
) -> None:
    containers = {app: development.container(app) for app in WATCHED}
    before = processes(containers)
    assert all(before.values())
    development.project.append(file, "\n# changed\n")

    def others() -> set[str]:
        return {app for app, process in processes(containers).items() if process != before[app]}

    wait_until(lambda: others() >= restarted, "those that use it start anew", seconds=30)
    time.sleep(3)  # whoever else had noticed is being stopped by then
    assert others() == restarted
    for app in restarted & set(WEB):
        wait_for(containers[app].port, "/ready")


def test_the_command_runs_when_it_is_called(development: Compose) -> None:
    done = development("run", "--rm", "tool", "--help")
    assert "Usage: tool" in done.stdout
    assert "tool" not in running_services(development)


def test_a_package_is_added_to_one_app_by_a_command_in_its_container(
    development: Compose,
) -> None:
    containers = {app: development.container(app) for app in WATCHED}
    before = processes(containers)
    development("run", "--rm", "--no-deps", "api", "uv", "add", "sortedcontainers")
    holders = {
        app
        for app in DEVELOPED["apps"]
        if "sortedcontainers" in declared(development.project, f"apps/{app}")
    }
    assert holders == {"api"}

    def started_anew() -> bool:
        now = processes(containers)
        return all(now[app] not in {0, before[app]} for app in WATCHED)

    # They share one environment and one lock.
    wait_until(started_anew, "all follow the new lock")
    containers["api"].exec("python", "-c", "import sortedcontainers")
    for app in WEB:
        wait_for(containers[app].port, "/ready")
    containers["worker"].wait_until_healthy()


def test_an_apps_tests_run_in_its_container(development: Compose) -> None:
    done = development("run", "--rm", "--no-deps", "api", "pytest")
    assert re.search(r"\d+ passed", done.stdout)


def test_what_is_made_in_the_project_belongs_to_the_user(development: Compose) -> None:
    lock = tomllib.loads((development.project.path / "uv.lock").read_text())
    assert {"fastapi", "django", "celery"} <= {package["name"] for package in lock["package"]}
    assert development.project.owners == {int(development.variables["UID"])}


def test_it_runs_and_writes_nothing_in_a_workspace_of_somebody_else(
    template: Path, tmp_path: Path
) -> None:
    slug = f"shop-{token()}"
    answers = {**ANSWERS, "apps": {"cleaner": "job", "tool": "cli"}, "packages": ["core"]}
    project = Project.render(template, tmp_path / slug, slug, **answers)
    before = {path: path.read_bytes() for path in project.path.rglob("*") if path.is_file()}
    foreign = str(os.getuid() + 1000)
    compose = Compose(project, variables={"UID": foreign, "GID": foreign})
    try:
        compose("build", "tool")
        assert "Usage: tool" in compose("run", "--rm", "tool", "--help").stdout
        find = "import cleaner, core; print(core.__file__)"
        found = compose("run", "--rm", "--entrypoint", "dev", "tool", "python", "-c", find).stdout
        assert found.strip() == "/project/packages/core/src/core/__init__.py"
        assert {
            path: path.read_bytes() for path in project.path.rglob("*") if path.is_file()
        } == before
    finally:
        compose.remove(f"{slug}-development")


def test_an_app_that_comes_later_gets_its_database_in_the_old_volume(
    template: Path, development: Compose
) -> None:
    project = development.project
    created = ask(development.container("api").port, "/notes", {"text": "bread"}).json()
    apps = {**DEVELOPED["apps"], "later": {"framework": "flask", "packages": []}}
    Project.render(template, project.path, project.slug, **{**DEVELOPED, "apps": apps})
    project.give_to_developer()
    with_later = Compose(project, variables={**development.variables, "LATER_PORT": "0"})
    try:
        with_later("up", "--detach", "--wait", "--wait-timeout", "300", "later", "api")
        assert "alembic_version" in query(with_later, "later", TABLES)
        assert ask(with_later.container("later").port, "/notes").json() == []
        assert created in ask(with_later.container("api").port, "/notes").json()
    finally:
        with_later("rm", "--stop", "--force", "later", "later-migrate")
        Project.render(template, project.path, project.slug, **DEVELOPED)
        project.give_to_developer()


# ── Production on one host ───────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def production(
    workspace: Project, baked: Baked, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Compose]:
    """All of them on the images that bake has made."""
    project = workspace.copy(tmp_path_factory.mktemp("production") / workspace.slug)
    for file in FILES:
        text = (project.path / file).read_text()
        (project.path / file).write_text(re.sub(rf"{REGISTRY}/\w+", baked.registry, text))
    project.make_secrets()
    (project.path / "apps/web/.env").write_text("ALLOWED_HOSTS=127.0.0.1\n")
    (project.path / "apps/worker/.env").write_text("RECEIVERS=http://receiver:8000/hook\n")
    compose = Compose(project, FILES, {"VERSION": VERSION, **ports()})
    try:
        compose.up()
        yield compose
    finally:
        compose.remove()


def test_production_runs_the_images_that_bake_has_made(production: Compose, baked: Baked) -> None:
    assert running_services(production) == {*STAYING, *BACKING}
    for app in STAYING:
        found = production.container(app).inspect()["Image"]
        assert found == inspect(baked.image(app), "image")["Id"]
    for app in WEB:
        assert ask(production.container(app).port, "/ready").status == 200
    for app in STAYING:
        assert production.container(app).inspect()["State"]["Health"]["Status"] == "healthy"


def migrate(app: Member) -> str:
    return f"{app.name}-migrate"


ONE_SHOT = [*map(migrate, MIGRATING), *(f"{name}-databases" for name in DATABASES & BACKING)]


@pytest.mark.parametrize("service", [*STAYING, *ONE_SHOT, *sorted(BACKING)])
def test_the_engine_limits_what_a_container_may_do(production: Compose, service: str) -> None:
    production.container(service).assert_limited()


def test_every_volume_has_a_name(production: Compose) -> None:
    ids = production("ps", "--all", "--quiet").stdout.split()
    mounts = [mount for each in ids for mount in inspect(each)["Mounts"]]
    volumes = {mount["Name"] for mount in mounts if mount["Type"] == "volume"}
    name = f"{production.project.slug}-production"
    keeping = {app.name for app in MEMBERS if keeps_data(app.kind)} | BACKING
    assert volumes == {f"{name}_{volume}" for volume in keeping}


def secrets_of(container: Container) -> set[str]:
    return {
        mount["Destination"].removeprefix("/run/secrets/")
        for mount in container.inspect()["Mounts"]
        if mount["Type"] == "bind"
    }


def test_each_app_has_the_secrets_that_it_needs_as_files_and_no_others(
    production: Compose,
) -> None:
    assert {app: secrets_of(production.container(app)) for app in STAYING} == {
        "api": {"api_database_password", "redis_password"},
        "flask-api": {
            "flask_api_database_password",
            "flask_api_flask_secret_key",
            "redis_password",
        },
        "web": {"web_database_password", "web_django_secret_key"},
        "cleaner": {"cleaner_database_password"},
        "worker": {"worker_database_password", "redis_password"},
    }
    known = [path.read_text().strip() for path in (production.project.path / "secrets").iterdir()]
    assert len(known) == 9
    told = docker("inspect", *production("ps", "--all", "--quiet").stdout.split())
    assert [secret for secret in known if secret in told] == []


def test_each_migration_ran_once_in_a_database_of_its_own(production: Compose) -> None:
    for app in MIGRATING:
        state = production.container(migrate(app)).inspect()["State"]
        assert (state["Status"], state["ExitCode"]) == ("exited", 0)
    histories = {app.module: set(query(production, app.module, TABLES)) for app in MIGRATING}
    assert "alembic_version" in histories["api"]
    assert "alembic_version" in histories["flask_api"]
    assert "django_migrations" in histories["web"]
    assert "alembic_version" not in histories["web"]


def test_no_app_can_read_the_database_of_another(production: Compose) -> None:
    for app, other in zip(MIGRATING, [*MIGRATING[1:], MIGRATING[0]], strict=True):
        secret = production.project.path / "secrets" / f"{app.module}_database_password"
        user = f"postgresql://{app.module}_owner:{secret.read_text().strip()}@127.0.0.1"

        def query_as(database: str, user: str = user) -> Done:
            command = ["exec", "-T", "postgres", "psql", f"{user}/{database}", "-Atc", "SELECT 1"]
            return production(*command, check=False)

        assert query_as(app.module).stdout.strip() == "1"
        refused = query_as(other.module)
        assert refused.returncode != 0
        assert f'permission denied for database "{other.module}"' in refused.stderr


RECEIVER = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.path, self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
HTTPServer(("", 8000), Hook).serve_forever()
"""


@pytest.mark.parametrize("app", [app.name for app in MEMBERS if app.sends])
def test_an_event_goes_from_a_request_through_the_worker_to_whoever_subscribed(
    production: Compose, baked: Baked, app: str
) -> None:
    name = f"order placed by {app}"
    event = {"name": name, "data": {"order": 1}}
    network = ["--network", f"{production.project.slug}-production_default"]
    with container(
        baked.image("api"),
        *network,
        *("--network-alias", "receiver"),
        command=("python", "-u", "-c", RECEIVER),
    ) as receiver:
        wait_for(receiver.port, "/")
        answer = ask(production.container(app).port, "/events", event)
        assert answer.status == 202
        wait_until(lambda: name in receiver.logs().stdout, "the event has arrived")
        (line,) = receiver.logs().stdout.splitlines()
        path, _, body = line.partition(" ")
        assert (path, json.loads(body)) == ("/hook", event)
    wait_until(
        lambda: "receiver" in query(production, "worker", "SELECT receiver FROM deliveries"),
        "the worker has written it down",
    )


def test_the_command_runs_in_production_when_it_is_called(production: Compose) -> None:
    assert "Usage: tool" in production("run", "--rm", "tool", "--help").stdout


@pytest.mark.parametrize("dockerfiles", ["workspace", "per_app"], ids=["shared", "per-app"])
def test_production_builds_what_the_registry_does_not_have(
    request: pytest.FixtureRequest, baked: Baked, dockerfiles: str
) -> None:
    project = request.getfixturevalue(dockerfiles)
    version = f"built-{token()}"
    compose = Compose(project, FILES, {"VERSION": version})
    services = json.loads(compose("config", "--format", "json").stdout)["services"]
    images = {app: services[app]["image"] for app in ("web", "worker")}
    try:
        compose("build", *images)
        for app, image in images.items():
            assert image.endswith(version)
            assert layers_of(image) == baked.layers(app)
    finally:
        remove_images(*images.values())


def test_what_is_stored_is_there_after_down_and_up(production: Compose) -> None:
    stored = ask(production.container("api").port, "/notes", {"text": "to be kept"}).json()
    production("down", "--timeout", "60")
    assert production("ps", "--all", "--quiet").stdout == ""
    production.up()
    assert stored in ask(production.container("api").port, "/notes").json()


# ── Many members ─────────────────────────────────────────────────────────────────────────────────


def test_two_apps_of_each_kind_and_eight_packages_are_locked_and_planned(
    template: Path, tmp_path: Path
) -> None:
    packages = [f"part-{number}" for number in range(1, 9)]
    apps = {
        f"{kind}-{number}": {"framework": kind, "packages": packages[number - 1 :: 2]}
        for number in (1, 2)
        for kind in FRAMEWORKS
    }
    slug = f"shop-{token()}"
    answers = {**ANSWERS, "apps": apps, "packages": packages}
    project = Project.render(template, tmp_path / slug, slug, **answers)
    project.bake("lock")
    members = {*apps, *packages}
    plan = json.loads(project.bake("--print", "default", "test").stdout)
    assert plan["target"].keys() == {*apps, *(f"test-{name}" for name in members)}
    lock = tomllib.loads((project.path / "uv.lock").read_text())
    for app, entry in apps.items():
        assert set(needed_by(lock, app)) & members == {app, *entry["packages"]}
