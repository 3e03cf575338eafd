"""The production image of one project: what stops its build, what is in it, what a change costs.

What holds for every kind of app and every base is in test_kinds.py.
"""

import json
import re
import shutil
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import Images, Projects, Render, Tag
from .docker import (
    Layer,
    Project,
    container,
    docker,
    inspect,
    layers,
    printed,
    remove_images,
    run,
    token,
    wait_for,
)
from .variants import FIRST_BASE, PYTHON, Variant

pytestmark = pytest.mark.engine

# Without services, and with a database.
HELLO = Variant("fastapi")
NOTES = Variant("fastapi", FIRST_BASE, services=("postgres",), python=PYTHON)
ALPINE = Variant("fastapi", "alpine", services=("postgres",), python=PYTHON)
TOOL = Variant("cli")

both = pytest.mark.parametrize("variant", [HELLO, NOTES], ids=str)


@pytest.fixture(scope="module")
def layers_of(images: Images) -> Callable[[Variant], list[Layer]]:
    return cache(lambda variant: layers(images(variant)))


# ── Nothing is built from a lock that does not say what to install ───────────────────────────────


def assert_stopped_with_both_ways(project: Project) -> None:
    build = project.build("--output", "type=cacheonly", check=False)
    assert build.returncode != 0
    assert re.search(r"Write it with: +uv lock$", printed(build), re.MULTILINE)
    assert "docker build --target lock --output . ." in printed(build)


@both
def test_the_empty_lock_stops_a_build_and_the_message_names_both_ways(
    fresh: Projects, variant: Variant
) -> None:
    assert_stopped_with_both_ways(fresh(variant))


def test_a_lock_older_than_the_dependencies_stops_a_build_too(
    locked: Projects, tmp_path: Path
) -> None:
    project = locked(HELLO).copy(tmp_path / "stale")
    project.add_dependency("itsdangerous>=2")
    assert_stopped_with_both_ways(project)


@both
def test_docker_alone_writes_a_complete_lock(locked: Projects, variant: Variant) -> None:
    project = locked(variant)
    lock = tomllib.loads((project.path / "uv.lock").read_text())
    names = {package["name"] for package in lock["package"]}
    declared = tomllib.loads((project.path / "pyproject.toml").read_text())
    wanted = declared["project"]["dependencies"] + declared["dependency-groups"]["dev"]
    assert {re.split(r"[\[>=]", requirement)[0] for requirement in wanted} <= names
    assert "starlette" in names, "what the dependencies need is locked too"


def test_locking_again_keeps_the_versions_that_are_locked(locked: Projects, tmp_path: Path) -> None:
    project = locked(HELLO).copy(tmp_path / "again")
    project.add_dependency("itsdangerous==2.1.2")
    project.lock()
    project.edit("pyproject.toml", "itsdangerous==2.1.2", "itsdangerous>=2.1")
    project.lock()
    lock = tomllib.loads((project.path / "uv.lock").read_text())
    versions = {package["name"]: package["version"] for package in lock["package"]}
    assert versions["itsdangerous"] == "2.1.2"


# ── … or from a package that its base cannot have ────────────────────────────────────────────────

# The last version with wheels for glibc alone; from source it needs a compiler.
WITHOUT_MUSL_WHEEL = "lmdb==1.6.2"


def test_a_package_without_a_wheel_for_alpine_stops_the_build_and_the_way_out_is_named(
    locked: Projects, tmp_path: Path
) -> None:
    project = locked(ALPINE).copy(tmp_path / "alpine")
    project.add_dependency(WITHOUT_MUSL_WHEEL)
    project.lock()
    build = project.build("--output", "type=cacheonly", check=False)
    assert build.returncode == 1
    reason, _, way_out = printed(build).splitlines()[-3:]
    assert "no wheel for Alpine (musl)" in reason
    assert "copier update" in way_out
    assert "base_image=slim-trixie" in way_out

    on_debian = locked(NOTES).copy(tmp_path / "debian")
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(project.path / name, on_debian.path)
    on_debian.build("--target", "dependencies", "--output", "type=cacheonly")


# ── The test stage checks what is built ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "code", "complaint"),
    [
        ("src/{module}/planted.py", '"""Planted."""\n\nimport os\n', "F401"),
        ("tests/test_planted.py", "def test_it() -> None:\n    assert not 1\n", "test_planted.py"),
    ],
    ids=["lint", "test"],
)
def test_the_test_stage_stops_at_a_failing(
    locked: Projects, tmp_path: Path, name: str, code: str, complaint: str
) -> None:
    project = locked(HELLO).copy(tmp_path / "planted")
    (project.path / name.format(module=project.module)).write_text(code)
    build = project.build("--target", "test", "--output", "type=cacheonly", check=False)
    assert build.returncode != 0
    assert complaint in printed(build)


# ── An image says what it is ─────────────────────────────────────────────────────────────────────

LABELS = "org.opencontainers.image"


def labels(image: str) -> dict[str, str]:
    found: dict[str, str] = inspect(image, "image")["Config"]["Labels"]
    return found


def test_bake_builds_the_image_under_its_name_with_the_version_in_its_labels(
    locked: Projects, images: Images
) -> None:
    registry = f"registry.invalid/{token()}"
    name = f"{registry}/{NOTES.slug}:1.2.3"
    images(NOTES)  # so that bake does not race for the same layers
    try:
        variables = {"REGISTRY": registry, "VERSION": "1.2.3", "REVISION": "0a1b2c3"}
        run("docker", "buildx", "bake", "--load", cwd=locked(NOTES).path, variables=variables)
        assert labels(name)[f"{LABELS}.version"] == "1.2.3"
        assert labels(name)[f"{LABELS}.revision"] == "0a1b2c3"
    finally:
        remove_images(name)


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"layout": "workspace"},
        {"layout": "workspace", "dockerfiles": "per-app"},
    ],
    ids=["single", "shared", "per-app"],
)
def test_each_target_has_a_cache_of_its_own(render: Render, answers: dict[str, str]) -> None:
    """With one for all of them, each export would replace the one before it."""
    project = render(**answers)

    def targets(cache: str) -> dict[str, Any]:
        asked = ["docker", "buildx", "bake", "--print", "test", "default"]
        shown = run(*asked, cwd=project, variables={"CACHE": cache}).stdout
        found: dict[str, Any] = json.loads(shown)["target"]
        return found

    kept = targets("type=gha,scope=")
    assert len(kept) > 1
    for direction in ("cache-from", "cache-to"):
        assert [target[direction][0]["scope"] for target in kept.values()] == list(kept)
    workflow = yaml.safe_load((project / ".github/workflows/ci.yml").read_text())
    assert workflow["jobs"]["build"]["steps"][-1]["env"]["CACHE"] == "type=gha,scope="
    assert not any(target.get("cache-to") for target in targets("").values())


def test_the_labels_of_a_plain_build_are_right(images: Images) -> None:
    found = labels(images(NOTES))
    assert found[f"{LABELS}.title"] == "Fastapi-App"
    assert (
        found[f"{LABELS}.description"] == "A Python project, managed by uv and run in containers."
    )
    assert found[f"{LABELS}.version"] == "dev"
    assert found[f"{LABELS}.revision"] == "unknown"


def test_a_description_arrives_in_the_label_as_it_was_written_on_one_line(
    template: Path, locked: Projects, tag: Tag, tmp_path: Path
) -> None:
    description = (
        "Says \"hi\" and 'hello' \\ for $5, ${HOME} or $(id);\n"
        "  100 % {{ 7 * 7 }} {% if %} {# no #} `date`\n\n\\n # ends with 🚀 \\"
    )
    # The same name as another one's: its lock fits, and its layers are there.
    project = Project.render(template, tmp_path / "odd", HELLO.slug, description=description)
    (project.path / "uv.lock").write_bytes((locked(HELLO).path / "uv.lock").read_bytes())
    image = tag("odd")
    project.build("--load", "--tag", image)
    assert labels(image)[f"{LABELS}.description"] == " ".join(description.split())


# ── A build sees nothing that it does not need, and an image keeps nothing that it does not use ──

PLANTED = [
    ".env",
    ".env.production",
    ".git/config",
    ".mypy_cache/planted.json",
    ".pytest_cache/planted",
    ".ssh/config",
    ".venv/bin/python",
    ".venv/lib/python3/site-packages/planted.py",
    "__pycache__/planted.cpython-313.pyc",
    "dev.sqlite3",
    "id_ed25519",
    "id_rsa",
    "private.key",
    "secrets/postgres_password",
    "server.pem",
]
MARK = "planted-41c9"


@pytest.fixture(scope="module")
def littered(locked: Projects, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project as it lies on a developer's machine."""
    project = locked(HELLO).copy(tmp_path_factory.mktemp("littered") / "project")
    for folder in (project.path, project.path / "src", project.source, project.path / "tests"):
        for name in PLANTED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(MARK)
    # And what belongs there, to show that the search finds what arrived.
    project.append(f"src/{project.module}/health.py", f"\n# {MARK}\n")
    (project.source / "secrets/keys.py").write_text(f"# {MARK}\n")
    return project


def test_no_secret_cache_or_environment_reaches_a_build(littered: Project, tmp_path: Path) -> None:
    everything = "FROM scratch\nCOPY . /\n"
    command = ["docker", "build", "--file", "-", "--output", f"type=local,dest={tmp_path}", "."]
    run(*command, cwd=littered.path, stdin=everything)
    arrived = {
        str(file.relative_to(tmp_path))
        for file in tmp_path.rglob("*")
        if file.is_file() and MARK in file.read_text(errors="replace")
    }
    assert arrived == {f"src/{littered.module}/{name}.py" for name in ("health", "secrets/keys")}


def test_no_secret_cache_or_environment_reaches_the_image(littered: Project, tag: Tag) -> None:
    image = tag("littered")
    littered.build("--load", "--tag", image)
    system = [f"--exclude-dir={name}" for name in ("dev", "proc", "sys")]
    search = ["--rm", "--user", "0", "--entrypoint", "grep", image, "-rl", *system, MARK, "/"]
    found = {name.rpartition("/site-packages/")[2] for name in docker("run", *search).splitlines()}
    assert found == {f"{littered.module}/{name}.py" for name in ("health", "secrets/keys")}


# ── A change rebuilds and pushes only what it touches ────────────────────────────────────────────


def own_code(project: Project, image: list[Layer]) -> Layer:
    (found,) = (
        layer
        for layer in image
        if any(name.endswith(f"site-packages/{project.module}/main.py") for name in layer.files)
    )
    return found


def layer_of(package: str, image: list[Layer]) -> Layer:
    (found,) = (
        layer
        for layer in image
        if any(name.endswith(f"site-packages/{package}/__init__.py") for name in layer.files)
    )
    return found


def compiled(image: list[Layer]) -> Layer:
    return layer_of("pydantic_core", image)


def pure(image: list[Layer]) -> Layer:
    return layer_of("fastapi", image)


def change_code(project: Project) -> None:
    project.append(f"src/{project.module}/health.py", "\nCHANGED = True\n")


def change_version(project: Project) -> None:
    project.edit("pyproject.toml", 'version = "0.1.0"', 'version = "0.1.1"')
    name = f'name = "{project.slug}"\n'  # as `uv lock` does
    project.edit("uv.lock", f'{name}version = "0.1.0"', f'{name}version = "0.1.1"')


def change_tests(project: Project) -> None:
    project.append("tests/test_health.py", "\n# changed\n")


def change_tool_config(project: Project) -> None:
    project.edit("pyproject.toml", "line-length = 100", "line-length = 99")


@pytest.mark.parametrize("change", [change_code, change_version])
def test_a_change_of_code_or_version_pushes_kilobytes(
    locked: Projects,
    layers_of: Callable[[Variant], list[Layer]],
    tag: Tag,
    tmp_path: Path,
    change: Callable[[Project], None],
) -> None:
    project = locked(NOTES).copy(tmp_path / "changed")
    change(project)
    image = tag(change.__name__)
    project.build("--load", "--tag", image)
    before, after = layers_of(NOTES), layers(image)
    assert compiled(after).blob == compiled(before).blob
    assert pure(after).blob == pure(before).blob
    pushed = [layer for layer in after if layer not in before]
    assert own_code(project, after) in pushed, "the change has arrived"
    assert sum(layer.size for layer in pushed) < 100_000


@pytest.mark.parametrize("change", [change_tests, change_tool_config])
def test_a_change_of_tests_or_tool_settings_pushes_nothing(
    locked: Projects,
    images: Images,
    tag: Tag,
    tmp_path: Path,
    change: Callable[[Project], None],
) -> None:
    project = locked(NOTES).copy(tmp_path / "changed")
    change(project)
    image = tag(change.__name__)
    project.build("--load", "--tag", image)
    before, after = (inspect(name, "image")["RootFS"]["Layers"] for name in (images(NOTES), image))
    assert after == before


@pytest.mark.parametrize("variant", [NOTES, ALPINE], ids=str)
def test_one_more_pure_package_leaves_the_compiled_ones_where_they_are(
    locked: Projects,
    layers_of: Callable[[Variant], list[Layer]],
    tag: Tag,
    tmp_path: Path,
    variant: Variant,
) -> None:
    project = locked(variant).copy(tmp_path / "grown")
    project.add_dependency("itsdangerous>=2")
    project.lock()
    image = tag(f"grown-{variant}")
    project.build("--load", "--tag", image)
    before, after = layers_of(variant), layers(image)
    assert compiled(after).blob == compiled(before).blob
    assert layer_of("itsdangerous", after) == pure(after)
    assert pure(after).size < compiled(after).size / 3


def test_no_file_is_in_two_layers(layers_of: Callable[[Variant], list[Layer]]) -> None:
    """What a later step writes again would be pushed, and kept, twice."""
    both = compiled(layers_of(NOTES)).files & pure(layers_of(NOTES)).files
    assert not {name for name in both if Path(name).suffix in {".py", ".pyc", ".so"}}


def test_a_project_may_have_no_dependency_at_all(locked: Projects, tmp_path: Path) -> None:
    project = locked(TOOL).copy(tmp_path / "alone")
    project.edit("pyproject.toml", '    "click>=8.5",\n', "")
    project.lock()
    project.build("--output", "type=cacheonly")


def test_the_projects_own_layer_holds_no_bytecode(
    locked: Projects, layers_of: Callable[[Variant], list[Layer]]
) -> None:
    layer = own_code(locked(NOTES), layers_of(NOTES))
    assert not [name for name in layer.files if name.endswith(".pyc")]


# ── Two lists of packages make one environment, and what installed them is gone ─────────────────


@pytest.mark.parametrize("variant", [NOTES, ALPINE], ids=str)
def test_the_environment_is_whole(images: Images, locked: Projects, variant: Variant) -> None:
    """In uv's own judgement: nothing that a package needs is missing or of a wrong version."""
    dockerfile = (locked(variant).path / "Dockerfile").read_text()
    version = re.findall(r"^ARG UV_VERSION=(\S+)$", dockerfile, re.MULTILINE)[0]
    check = f"""
FROM ghcr.io/astral-sh/uv:{version} AS uv
FROM {images(variant)} AS checked
RUN --mount=from=uv,source=/uv,target=/uv \\
    ["/uv", "pip", "check", "--no-cache", "--python", "/opt/venv"]
"""
    options = ["--progress", "plain", "--output", "type=cacheonly", "--no-cache"]
    built = run("docker", "build", *options, "-", stdin=check)
    assert "All installed packages are compatible" in printed(built)


# Folders that a step works in or mounts something into; BuildKit itself uses `etc`.
STEPPED_IN = {"app", "etc", "opt", "opt/venv", "root", "tmp", "usr", "usr/local", "usr/local/bin"}


@pytest.mark.parametrize("variant", [NOTES, ALPINE], ids=str)
def test_nothing_of_uv_is_left(
    layers_of: Callable[[Variant], list[Layer]], variant: Variant
) -> None:
    image = layers_of(variant)
    first = image.index(compiled(image))
    added = {name for layer in image[first:] for name in layer.files}
    elsewhere = {name for name in added if not name.startswith("opt/venv/")}
    assert elsewhere - STEPPED_IN == {"usr/local/bin/health.py"}
    assert "opt/venv/.lock" not in added


# ── Its health check tells the truth ─────────────────────────────────────────────────────────────


def probe(image: str) -> list[str]:
    test: list[str] = inspect(image, "image")["Config"]["Healthcheck"]["Test"]
    return test[1:]  # after the word CMD


def test_the_probe_fails_where_nobody_listens(images: Images) -> None:
    image = images(HELLO)
    assert run("docker", "run", "--rm", image, *probe(image), check=False).returncode == 1


def test_the_probe_asks_the_port_that_the_app_was_given(images: Images) -> None:
    with container(images(HELLO), "--env", "PORT=9000") as moved:
        moved.wait_until_healthy()


def test_the_probe_fails_where_the_answer_is_an_error(images: Images) -> None:
    image = images(HELLO)
    server = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Broken(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503)
HTTPServer(("", 8000), Broken).serve_forever()
"""
    with container(image, command=("python", "-c", server)) as broken:
        wait_for(broken.port, "/health", 503)
        assert broken.exec(*probe(image), check=False).returncode == 1


# ── The development image is for whoever owns the project ────────────────────────────────────────


@pytest.fixture(scope="module", params=[TOOL, ALPINE], ids=str)
def development(request: pytest.FixtureRequest, locked: Projects, tag: Tag) -> tuple[Project, str]:
    project, image = locked(request.param), tag(f"development-{request.param}")
    project.build("--file", "Dockerfile.dev", "--load", "--tag", image)
    return project, image


ANYBODY = ["--rm", "--user", "4711:4711"]


def test_its_user_has_a_name_and_any_other_can_take_its_place(
    development: tuple[Project, str],
) -> None:
    _, image = development
    assert docker("run", "--rm", "--entrypoint", "id", image, "-un") == "dev"
    writes = ["--entrypoint", "sh", image, "-euc", "cd && touch file && uv venv venv && pwd"]
    assert docker("run", *ANYBODY, *writes) == "/home/dev"


def test_it_shows_what_it_installs_and_says_why_it_cannot_add_to_a_project_of_somebody_else(
    development: tuple[Project, str],
) -> None:
    project, image = development
    mounted = [*ANYBODY, "--volume", f"{project.path}:/project", image]
    done = run("docker", "run", *mounted, "uv", "add", "itsdangerous", check=False)
    assert done.returncode == 1
    said = done.stderr.splitlines()
    assert "Installing" in said[0]
    assert any(line.startswith(" + ruff==") for line in said), "uv's own report"
    reason, way_out = said[-2:]
    assert "belongs to another user: uv cannot change it" in reason
    assert "UID and GID" in way_out
    assert done.stdout == "", "which is the command's own"
