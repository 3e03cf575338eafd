"""What the tests share: the template as it lies here, projects made from it, and their images."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import copier
import jinja2
import pytest

from .catalogue import DATABASES, SERVICES
from .docker import (
    Container,
    Project,
    container,
    docker,
    remove_images,
    token,
    wait_for,
    wait_until,
)
from .variants import (
    RUNNING,
    SERVING,
    WITH_MEMORY,
    Variant,
    command,
    environment,
    needed,
    settings_of,
)

ROOT = Path(__file__).resolve().parent.parent

Render = Callable[..., Path]
Projects = Callable[[Variant], Project]
Images = Callable[[Variant], str]
Tag = Callable[[str], str]
RunHardened = Callable[..., AbstractContextManager[Container]]


@pytest.fixture(scope="session", autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads the defaults that this machine's user gave to Copier."""
    settings = tmp_path_factory.mktemp("copier") / "settings.yml"
    settings.write_text("{}\n")
    os.environ["COPIER_SETTINGS_PATH"] = str(settings)


@pytest.fixture(scope="session", autouse=True)
def each_template_is_compiled_once() -> Iterator[None]:
    """Jinja would compile every file again for every project, which takes most of a rendering."""
    compile_again = jinja2.Environment.compile
    compiled: dict[tuple[Any, ...], CodeType] = {}

    def compile_once(
        self: jinja2.Environment, source: str, name: str | None = None, filename: str | None = None
    ) -> CodeType:
        # Copier's extension notes here that another source begins, so it sees each one.
        text = self.preprocess(source, name, filename)
        key = (type(self), self.lexer, *self.extensions, text, name)
        if key not in compiled:
            compiled[key] = compile_again(self, source, name, filename)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jinja2.Environment, "compile", compile_once)
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working tree without its history: what is not committed yet is tested too."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    copy = tmp_path_factory.mktemp("template")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="session")
def render(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Make a project from these answers, the rest by default. Never trusted: unsafe is off."""

    def make(folder: str = "myapp", into: Path | None = None, **answers: Any) -> Path:
        destination = (into or tmp_path_factory.mktemp("rendered")) / folder
        copier.run_copy(
            str(template), destination, data=answers, defaults=True, quiet=True, unsafe=False
        )
        return destination

    return make


@pytest.fixture(scope="session")
def fresh(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Projects:
    """Projects as they are copied, with the stub for a lock. Copy one before you change it."""

    @cache
    def make(variant: Variant) -> Project:
        path = tmp_path_factory.mktemp("fresh") / variant.slug
        return Project.render(template, path, variant.slug, **variant.answers)

    return make


@pytest.fixture(scope="session")
def locked(fresh: Projects, tmp_path_factory: pytest.TempPathFactory) -> Projects:
    """The same with a lock. Copy one before you change it."""
    locks: dict[bytes, bytes] = {}

    @cache
    def make(variant: Variant) -> Project:
        project = fresh(variant).copy(tmp_path_factory.mktemp("locked") / variant.slug)
        declared = (project.path / "pyproject.toml").read_bytes()
        lock = project.path / "uv.lock"
        if declared in locks:  # as on another base
            lock.write_bytes(locks[declared])
        else:
            project.lock()
            locks[declared] = lock.read_bytes()
        return project

    return make


@pytest.fixture(scope="session")
def tag() -> Iterator[Tag]:
    """Names for images, which are removed at the end."""
    repository = f"pydocker-template-test-{token()}"
    names = []

    def make(name: str) -> str:
        names.append(f"{repository}:{name}")
        return names[-1]

    yield make
    remove_images(*names)


@pytest.fixture(scope="session")
def images(locked: Projects, tag: Tag) -> Images:
    """The production images of the projects as they are copied."""

    @cache
    def make(variant: Variant) -> str:
        image = tag(str(variant))
        locked(variant).build("--load", "--tag", image)
        return image

    return make


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    name = f"pydocker-template-test-{token()}"
    docker("network", "create", name)
    yield name
    docker("network", "rm", name)


@pytest.fixture(scope="module")
def service_settings(network: str) -> Iterator[Callable[[str], dict[str, str]]]:
    """Services that answer, and the settings with which an app on their network reaches them."""
    with ExitStack() as stack:

        @cache
        def start(name: str) -> dict[str, str]:
            settings = settings_of(list(SERVICES[name]["uses"].values()))
            options, command = SERVING[name]
            given = [*options, "--network", network, "--network-alias", name]
            stack.enter_context(container(SERVICES[name]["image"], *given, command=command))
            return settings

        yield start


@pytest.fixture(scope="module")
def at_hand(
    network: str, service_settings: Callable[[str], dict[str, str]]
) -> Callable[[str, Variant], dict[str, str]]:
    """The settings with which an app finds what it does not work without: services, or tables."""

    @cache
    def with_tables(image: str, variant: Variant) -> dict[str, str]:
        """A database of its own, as every kind begins with a revision of the same number."""
        given = service_settings("postgres")
        name = f"tables_{token()}"
        client = ["docker", "run", "--rm", "--network", network]
        client += [
            "--env",
            f"PGPASSWORD={given['DATABASE_PASSWORD']}",
            SERVICES["postgres"]["image"],
        ]
        create = [*client, "psql", "-h", "postgres", "-U", "app_owner", "-d", "app"]
        create += ["-c", f"CREATE DATABASE {name}"]

        def created() -> bool:
            return subprocess.run(create, capture_output=True).returncode == 0

        wait_until(created, "the server creates a database")
        url = given["DATABASE_URL"].removesuffix("/app") + f"/{name}"
        settings = needed(variant) | {"DATABASE_URL": url}
        module = variant.slug.replace("-", "_")
        options = ["--rm", "--network", network, *environment(settings)]
        docker("run", *options, image, "python", "-m", f"{module}.migrate")
        return settings

    def find(image: str, variant: Variant) -> dict[str, str]:
        role = RUNNING[variant.role]
        settings = needed(variant)
        if role.needs_services:
            for name in variant.backing:
                settings |= service_settings(name)
        if role.needs_tables and DATABASES & set(variant.services):
            settings |= with_tables(image, variant)
        return settings

    return find


@pytest.fixture(scope="module")
def run_hardened(network: str, at_hand: Callable[[str, Variant], dict[str, str]]) -> RunHardened:
    """A container that stays, as a hardened host runs it, when it has begun to work."""

    @contextmanager
    def run(image: str, variant: Variant, **variables: str) -> Iterator[Container]:
        role = RUNNING[variant.role]
        options = [*WITH_MEMORY, "--interactive", "--network", network]
        options += environment(at_hand(image, variant) | variables)
        with container(image, *options, command=command(variant, role.stays)) as started:
            wait_until_it_works(started, variant)
            yield started

    return run


def wait_until_it_works(started: Container, variant: Variant) -> None:
    if variant.role == "web":
        wait_for(started.port, "/health")
        return
    # A container's first process would not hear the signal before.
    wait_until(started.handles_sigterm, "it has prepared for a stop")
    if RUNNING[variant.role].probed:
        started.wait_until_healthy()


@cache
def missing_engine() -> str | None:
    """Why the tests that need an engine cannot run here, if they cannot."""
    try:
        asked = subprocess.run(["docker", "info"], capture_output=True, text=True, timeout=30)
    except FileNotFoundError:
        return "no docker command on this machine"
    return None if asked.returncode == 0 else f"no Docker engine answers: {asked.stderr.strip()}"


@pytest.fixture(scope="session", autouse=True)
def engine_where_ci_promises_one(request: pytest.FixtureRequest) -> None:
    chosen = any(item.get_closest_marker("engine") for item in request.session.items)
    if chosen and os.environ.get("CI") and (reason := missing_engine()):
        pytest.fail(f"CI is set, and a pipeline must test the images, but {reason}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    engine_tests = [item for item in items if item.get_closest_marker("engine")]
    if engine_tests and not os.environ.get("CI") and (reason := missing_engine()):
        for item in engine_tests:
            item.add_marker(pytest.mark.skip(reason=reason))
