"""The mistakes that recipes for Python images are known for are in no generated project."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from .catalogue import BASES
from .conftest import Render
from .variants import FIRST_BASE
from .workspaces import answers_of


class Instruction(NamedTuple):
    name: str
    text: str


class Made(NamedTuple):
    """What a project is made of, and where its first Dockerfile is."""

    answers: dict[str, Any]
    dockerfile: str = "Dockerfile"
    last: str = "dependencies"  # from which the last stage starts


# Between them every kind, base, server and layout: most of a file depends on few answers.
MADE = {
    "fastapi": Made({"framework": "fastapi", "services": ["postgres"]}),
    "django": Made({"framework": "django", "base_image": "alpine", "server": "gunicorn"}),
    "worker": Made({"framework": "worker", "services": ["rabbitmq"]}),
    "all-kinds": Made(answers_of("all-kinds"), last="app-${APP}"),
    "per-app": Made(answers_of("per-app"), "apps/api/Dockerfile"),
}


def instructions(dockerfile: Path) -> list[Instruction]:
    """What a Dockerfile says, comments and line continuations aside."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


@pytest.fixture(scope="module", params=list(MADE.values()), ids=list(MADE))
def made(request: pytest.FixtureRequest) -> Made:
    chosen: Made = request.param
    return chosen


@pytest.fixture(scope="module")
def project(made: Made, render: Render) -> Path:
    return render(**made.answers)


@pytest.fixture(scope="module")
def system(made: Made) -> str:
    """The image that everything starts from."""
    base = made.answers.get("base_image", FIRST_BASE)
    return f"python:${{PYTHON_VERSION}}-{BASES[base]['tag']}"


@pytest.fixture
def production(project: Path, made: Made) -> list[Instruction]:
    return instructions(project / made.dockerfile)


@pytest.fixture(params=["production", "development"])
def each(request: pytest.FixtureRequest, project: Path, made: Made) -> list[Instruction]:
    name = made.dockerfile if request.param == "production" else "Dockerfile.dev"
    return instructions(project / name)


def stage(production: list[Instruction], name: str) -> list[Instruction]:
    starts = [i for i, instruction in enumerate(production) if instruction.name == "FROM"]
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        if production[start].text.endswith(f" AS {name}"):
            return production[start:end]
    raise AssertionError(f"no stage is called {name}")


def values(steps: list[Instruction], name: str) -> list[str]:
    return [instruction.text for instruction in steps if instruction.name == name]


def compose(project: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(project.glob("compose*.yaml")):
        yield path.name, yaml.safe_load(path.read_text())


def test_no_image_floats(each: list[Instruction]) -> None:
    defaults = dict(text.split("=", 1) for text in values(each, "ARG") if "=" in text)
    for text in values(each, "FROM"):
        image = text.split(" AS ")[0]
        for name, value in defaults.items():
            image = image.replace(f"${{{name}}}", value)
        if "/" in image or ":" in image:
            tag = image.partition(":")[2]
            assert re.search(r"\d", tag), text
            assert "latest" not in tag


def test_every_stage_grows_from_the_one_base_that_was_chosen(
    production: list[Instruction], system: str, made: Made
) -> None:
    stages = [text.split(" AS ") for text in values(production, "FROM")]
    # What is not made from another stage comes from outside.
    names = {name for _, name in stages}
    outside = {name: source for source, name in stages if source not in names}
    assert stages[-1] == [made.last, "production"], "what a plain build makes"
    if made.last not in names:
        assert outside.pop("production") == "app-${APP}", "one of the apps' stages"
    assert outside == {
        "uv": "ghcr.io/astral-sh/uv:${UV_VERSION}",
        "base": system,
        "lock": "scratch",  # it holds a file, not a system
    }


def test_development_stands_on_the_same_base(project: Path, system: str) -> None:
    *_, last = values(instructions(project / "Dockerfile.dev"), "FROM")
    assert last == system


def test_versions_are_arguments(each: list[Instruction]) -> None:
    assert "python:${PYTHON_VERSION}" in "\n".join(values(each, "FROM"))
    assert "uv:${UV_VERSION}" in "\n".join(values(each, "FROM"))


def test_the_source_is_never_copied_before_the_dependencies(production: list[Instruction]) -> None:
    """Nor at all: what a stage needs from the context is mounted while it is needed."""
    for text in values(production, "COPY"):
        assert text.startswith(("--from=", "docker/health/"))


def downloads(production: list[Instruction]) -> list[str]:
    """The steps that may use the network."""
    return [text for text in values(production, "RUN") if "uv " in text and "=none" not in text]


def test_downloads_are_cached_outside_the_image(production: list[Instruction]) -> None:
    assert len(downloads(production)) == 4, "lock, compiled packages, pure ones, tools"
    for text in downloads(production):
        assert "--mount=type=cache" in text


def test_installs_are_exact(production: list[Instruction]) -> None:
    lock, *installs = downloads(production)
    assert "uv lock" in lock
    for text in installs:
        assert "--require-hashes" in text
    assert "--check" in values(stage(production, "plan"), "RUN")[0]


def test_nothing_is_installed_into_the_system(production: list[Instruction]) -> None:
    for text in values(production, "RUN"):
        assert not re.search(r"\b(apt|apt-get|apk) ", text)
        assert "pip install" not in text or "uv pip install" in text
        assert "uv pip" not in text or "--python /opt/venv" in text


def test_the_container_runs_as_a_number_that_is_not_root(production: list[Instruction]) -> None:
    (user,) = values(stage(production, "production"), "USER")
    assert user == "10001:10001"


def test_commands_are_lists_without_a_shell_or_an_argument_in_them(
    each: list[Instruction],
) -> None:
    for text in values(each, "CMD") + values(each, "ENTRYPOINT"):
        assert text.startswith("[")
        assert "$" not in text
        assert '"sh"' not in text
        assert '"run"' not in text


def test_no_secret_is_written_into_an_image(each: list[Instruction]) -> None:
    for instruction in each:
        if instruction.name in {"ARG", "ENV", "LABEL"}:
            assert not re.search(r"(?i)password|secret|token|api_key", instruction.text)


def test_the_context_starts_empty(project: Path) -> None:
    """A list of what to leave out misses the file that nobody thought of."""
    rules = (project / ".dockerignore").read_text().splitlines()
    assert next(rule for rule in rules if rule and not rule.startswith("#")) == "*"
    for shut_out in ("**/.venv", "**/__pycache__", "**/.env*"):
        assert shut_out in rules


def test_compose_files_have_no_version(project: Path) -> None:
    for name, content in compose(project):
        assert "version" not in content, name


def test_images_of_services_have_a_version(project: Path) -> None:
    for name, content in compose(project):
        for service in content["services"].values():
            image = service.get("image", "")
            assert "latest" not in image, name
            if image and "${" not in image and "development" not in image:
                assert re.search(r":\d", image), image


def test_dependencies_are_waited_for_by_their_health(project: Path) -> None:
    for name, content in compose(project):
        for service in content["services"].values():
            for awaited in service.get("depends_on", {}).values():
                assert awaited["condition"] != "service_started", name


def test_production_holds_no_password_in_a_variable(project: Path) -> None:
    content = yaml.safe_load((project / "compose.prod.yaml").read_text())
    for service in content["services"].values():
        for variable in service.get("environment", {}):
            assert "PASSWORD" not in variable or variable.endswith("_FILE")


def test_every_production_container_is_confined(project: Path) -> None:
    content = yaml.safe_load((project / "compose.prod.yaml").read_text())
    for name, service in content["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert re.fullmatch(r"\d+:\d+", service["user"]), name
        assert {"cpus", "memory", "pids"} <= service["deploy"]["resources"]["limits"].keys(), name
        assert "restart" in service, name


def test_ports_are_published_to_this_machine_only(project: Path) -> None:
    for name, content in compose(project):
        for service in content["services"].values():
            for port in service.get("ports", []):
                assert port.startswith("127.0.0.1:"), name


def test_dockerfiles_and_compose_files_explain_themselves(project: Path, made: Made) -> None:
    """At least one line in four is a comment, as in the files that people learn from.

    One in five, where several apps need not be told the same again.
    """
    share = 5 if len(made.answers.get("apps", {})) > 2 else 4
    for path in [*project.rglob("Dockerfile*"), *project.glob("compose*.yaml")]:
        lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
        assert sum(line.startswith("#") for line in lines) >= len(lines) / share, path.name
