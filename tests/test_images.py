"""The production image: what stops its build, what is in it, and how it starts, works and stops."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .docker import (
    Answer,
    Container,
    Layer,
    Project,
    ask,
    container,
    docker,
    inspect,
    layers,
    printed,
    remove_images,
    run,
    status,
    token,
    wait_for,
    wait_until,
)

pytestmark = pytest.mark.engine

# Without services and with a database; and the other server, where the server matters.
ANSWERS: dict[str, dict[str, Any]] = {
    "hello": {},
    "notes": {"services": ["postgres"], "python_version": "3.13"},
    "notes-uvicorn": {"services": ["postgres"], "python_version": "3.13", "server": "uvicorn"},
}
both = pytest.mark.parametrize("kind", ["hello", "notes"])
each_server = pytest.mark.parametrize("kind", list(ANSWERS))

# Nobody answers at this address: an app must start, live and stop without its database.
PASSWORD = "correct-horse-battery"
DATABASE = {
    "DATABASE_URL": "postgresql://app@127.0.0.1:1/app",
    "DATABASE_PASSWORD": PASSWORD,
}

# As a hardened host runs it.
HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
HARDENED += ["--tmpfs", "/tmp"]

# What a user would add: routes that take their time, and one that fails.
ROUTES = '''"""Routes to stop in the middle of."""

import asyncio
import logging
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

log = logging.getLogger(__name__)
router = APIRouter()


@router.get("/slow")
async def slow() -> dict[str, str]:
    log.info("slow begun")
    await asyncio.sleep(3)
    return {"slow": "done"}


@router.get("/stream")
async def stream() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        for number in range(6):
            log.info("stream at %s", number)
            yield b"%d\\n" % number
            await asyncio.sleep(0.5)

    return StreamingResponse(parts())


@router.get("/broken")
async def broken() -> None:
    raise RuntimeError("planted,\\non two lines")
'''

Projects = Callable[[str], Project]
Images = Callable[[str], str]


def options(kind: str, **variables: str) -> list[str]:
    needed = DATABASE if "postgres" in ANSWERS[kind].get("services", []) else {}
    variables = needed | variables
    return [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]


@pytest.fixture(scope="module")
def fresh(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Projects:
    """Projects as they are copied, with the stub for a lock. Copy one before you change it."""

    @cache
    def make(kind: str) -> Project:
        path = tmp_path_factory.mktemp("fresh") / kind
        return Project.render(template, path, f"{kind}-app", **ANSWERS[kind])

    return make


@pytest.fixture(scope="module")
def locked(fresh: Projects, tmp_path_factory: pytest.TempPathFactory) -> Projects:
    """The same with a lock. Copy one before you change it."""

    @cache
    def make(kind: str) -> Project:
        project = fresh(kind).copy(tmp_path_factory.mktemp("locked") / kind)
        project.lock()
        return project

    return make


@pytest.fixture(scope="module")
def tag() -> Iterator[Callable[[str], str]]:
    """Names for images, which are removed at the end."""
    repository = f"pydocker-template-test-{token()}"
    names = []

    def make(name: str) -> str:
        names.append(f"{repository}:{name}")
        return names[-1]

    yield make
    remove_images(*names)


@pytest.fixture(scope="module")
def images(locked: Projects, tag: Callable[[str], str]) -> Images:
    """The production images of the projects as they are copied."""

    @cache
    def make(kind: str) -> str:
        image = tag(kind)
        locked(kind).build("--load", "--tag", image)
        return image

    return make


@pytest.fixture(scope="module")
def images_with_routes(
    locked: Projects, tag: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Images:
    """The same with a few more routes."""

    @cache
    def make(kind: str) -> str:
        project = locked(kind).copy(tmp_path_factory.mktemp("routes") / kind)
        (project.source / "planted.py").write_text(ROUTES)
        main = f"src/{project.module}/main.py"
        known = '    app.add_route("/ready", health.ready)\n'
        project.edit(main, known, f"{known}    app.include_router(planted.router)\n")
        project.edit(main, "from . import ", "from . import planted\nfrom . import ")
        image = tag(f"{kind}-routes")
        project.build("--load", "--tag", image)
        return image

    return make


@pytest.fixture(scope="module")
def layers_of(images: Images) -> Callable[[str], list[Layer]]:
    return cache(lambda kind: layers(images(kind)))


def in_image(image: str, program: str, *, user: str = "0") -> Any:
    """What a Python program finds out inside the image; by default it may look everywhere."""
    command = ["--rm", "--user", user, "--network", "none", "--entrypoint", "python", image]
    return json.loads(docker("run", *command, "-c", program))


# ── Nothing is built from a lock that does not say what to install ───────────────────────────────


def assert_stopped_with_both_ways(project: Project) -> None:
    build = project.build("--output", "type=cacheonly", check=False)
    assert build.returncode != 0
    assert re.search(r"Write it with: +uv lock$", printed(build), re.MULTILINE)
    assert "docker build --target lock --output . ." in printed(build)


@both
def test_the_empty_lock_stops_a_build_and_the_message_names_both_ways(
    fresh: Projects, kind: str
) -> None:
    assert_stopped_with_both_ways(fresh(kind))


def test_a_lock_older_than_the_dependencies_stops_a_build_too(
    locked: Projects, tmp_path: Path
) -> None:
    project = locked("hello").copy(tmp_path / "stale")
    project.add_dependency("itsdangerous>=2")
    assert_stopped_with_both_ways(project)


@both
def test_docker_alone_writes_a_complete_lock(locked: Projects, kind: str) -> None:
    project = locked(kind)
    lock = tomllib.loads((project.path / "uv.lock").read_text())
    names = {package["name"] for package in lock["package"]}
    declared = tomllib.loads((project.path / "pyproject.toml").read_text())
    wanted = declared["project"]["dependencies"] + declared["dependency-groups"]["dev"]
    assert {re.split(r"[\[>=]", requirement)[0] for requirement in wanted} <= names
    assert "starlette" in names, "what the dependencies need is locked too"


def test_locking_again_keeps_the_versions_that_are_locked(locked: Projects, tmp_path: Path) -> None:
    project = locked("hello").copy(tmp_path / "again")
    project.add_dependency("itsdangerous==2.1.2")
    project.lock()
    project.edit("pyproject.toml", "itsdangerous==2.1.2", "itsdangerous>=2.1")
    project.lock()
    lock = tomllib.loads((project.path / "uv.lock").read_text())
    versions = {package["name"]: package["version"] for package in lock["package"]}
    assert versions["itsdangerous"] == "2.1.2"


# ── The test stage checks what is built ──────────────────────────────────────────────────────────


@both
def test_the_test_stage_passes_for_a_new_project(locked: Projects, kind: str) -> None:
    checked = locked(kind).build("--target", "test", "--output", "type=cacheonly", check=False)
    assert checked.returncode == 0, printed(checked)


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
    project = locked("hello").copy(tmp_path / "planted")
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
    name = f"{registry}/notes-app:1.2.3"
    images("notes")  # so that bake does not race for the same layers
    try:
        variables = {"REGISTRY": registry, "VERSION": "1.2.3", "REVISION": "0a1b2c3"}
        run("docker", "buildx", "bake", "--load", cwd=locked("notes").path, variables=variables)
        assert labels(name)[f"{LABELS}.version"] == "1.2.3"
        assert labels(name)[f"{LABELS}.revision"] == "0a1b2c3"
    finally:
        remove_images(name)


def test_the_labels_of_a_plain_build_are_right(images: Images) -> None:
    found = labels(images("notes"))
    assert found[f"{LABELS}.title"] == "Notes-App"
    assert (
        found[f"{LABELS}.description"] == "A Python project, managed by uv and run in containers."
    )
    assert found[f"{LABELS}.version"] == "dev"
    assert found[f"{LABELS}.revision"] == "unknown"


def test_a_description_arrives_in_the_label_as_it_was_written_on_one_line(
    template: Path, locked: Projects, tag: Callable[[str], str], tmp_path: Path
) -> None:
    description = (
        "Says \"hi\" and 'hello' \\ for $5, ${HOME} or $(id);\n"
        "  100 % {{ 7 * 7 }} {% if %} {# no #} `date`\n\n\\n # ends with 🚀 \\"
    )
    # The same name as another one's: its lock fits, and its layers are there.
    project = Project.render(template, tmp_path / "odd", "hello-app", description=description)
    (project.path / "uv.lock").write_bytes((locked("hello").path / "uv.lock").read_bytes())
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
    project = locked("hello").copy(tmp_path_factory.mktemp("littered") / "project")
    for folder in (project.path, project.path / "src", project.source, project.path / "tests"):
        for name in PLANTED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(MARK)
    # And one that belongs there, to show that the search finds what arrived.
    project.append(f"src/{project.module}/health.py", f"\n# {MARK}\n")
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
    assert arrived == {f"src/{littered.module}/health.py"}


def test_no_secret_cache_or_environment_reaches_the_image(
    littered: Project, tag: Callable[[str], str]
) -> None:
    image = tag("littered")
    littered.build("--load", "--tag", image)
    system = [f"--exclude-dir={name}" for name in ("dev", "proc", "sys")]
    search = ["--rm", "--user", "0", "--entrypoint", "grep", image, "-rl", *system, MARK, "/"]
    found = docker("run", *search).splitlines()
    assert [name.rpartition("/site-packages/")[2] for name in found] == [
        f"{littered.module}/health.py"
    ]


@pytest.fixture(scope="module")
def files_in(images: Images) -> Callable[[str], dict[str, tuple[int, int]]]:
    """Every file and folder in an image, with its owner and its mode."""
    program = """
import json, os
found = {}
for folder, folders, files in os.walk("/"):
    if folder == "/":
        folders[:] = sorted(set(folders) - {"dev", "proc", "sys"})
    for name in folders + files:
        path = os.path.join(folder, name)
        found[path] = os.lstat(path).st_uid, os.lstat(path).st_mode
print(json.dumps(found))
"""
    return cache(lambda kind: in_image(images(kind), program))


FilesIn = Callable[[str], dict[str, tuple[int, int]]]


@both
def test_production_has_no_tests_no_tools_and_no_compiler(
    locked: Projects, images: Images, files_in: FilesIn, kind: str
) -> None:
    paths = [Path(path) for path in files_in(kind)]
    commands = {path.name for path in paths if path.parent.name == "bin"}
    assert f"{kind}-app" in commands
    assert not commands & {"uv", "uvx", "strip", "ld", "as", "cc", "gcc", "make", "curl"}
    names = {path.name for path in paths}
    tests = {file.name for file in (locked(kind).path / "tests").glob("test_*.py")}
    assert tests
    assert not names & tests

    program = (
        "import importlib.metadata as m, json;"
        " print(json.dumps([d.name.lower() for d in m.distributions(path=['{path}'])]))"
    )
    (site_packages,) = (p for p in files_in(kind) if re.fullmatch(r"/opt/venv/.*/site-packages", p))
    installed = set(in_image(images(kind), program.replace("{path}", site_packages)))
    declared = tomllib.loads((locked(kind).path / "pyproject.toml").read_text())
    development = {
        re.split(r"[\[>=]", requirement)[0] for requirement in declared["dependency-groups"]["dev"]
    }
    assert "fastapi" in installed
    assert {"mypy", "pytest", "ruff"} <= development
    assert not installed & development


# ── The app cannot change itself, and needs no privilege ─────────────────────────────────────────


@each_server
def test_the_user_is_a_number_and_not_root(images: Images, kind: str) -> None:
    assert inspect(images(kind), "image")["Config"]["User"] == "10001:10001"


@both
def test_the_environment_belongs_to_root_and_nobody_else_may_write_to_it(
    files_in: FilesIn, kind: str
) -> None:
    installed = {path: of for path, of in files_in(kind).items() if path.startswith("/opt/venv/")}
    assert len(installed) > 1000
    symlink = 0o120000
    writable = {
        path
        for path, (owner, mode) in installed.items()
        if owner != 0 or (mode & 0o022 and mode & 0o170000 != symlink)
    }
    assert not writable


@both
def test_the_user_itself_cannot_write_where_code_lies(images: Images, kind: str) -> None:
    program = """
import json, os, sys
folders = [folder for folder in sys.path if os.path.isdir(folder)] + ["/app", "/opt/venv/bin"]
print(json.dumps({folder: os.access(folder, os.W_OK) for folder in folders}))
"""
    writable = in_image(images(kind), program, user="10001:10001")
    assert any("site-packages" in folder for folder in writable)
    assert not any(writable.values()), writable


@pytest.fixture(scope="module")
def hardened(images: Images) -> Iterator[Callable[[str], Container]]:
    """A container of each image, as a hardened host runs it. Look at it, and leave it running."""
    running = []

    @cache
    def start(kind: str) -> Container:
        context = container(images(kind), *HARDENED, *options(kind))
        started = context.__enter__()
        running.append(context)
        wait_for(started.port, "/health")
        return started

    yield start
    for context in running:
        context.__exit__(None, None, None)


Hardened = Callable[[str], Container]


@each_server
def test_it_serves_read_only_and_without_any_capability(hardened: Hardened, kind: str) -> None:
    assert ask(hardened(kind).port, "/health").json() == {"status": "healthy"}
    process = hardened(kind).exec("cat", "/proc/1/status").stdout
    assert re.search(r"^Uid:\s+10001\s+10001", process, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", process, re.MULTILINE)


@each_server
def test_no_shell_stands_between_the_engine_and_the_app(
    images: Images, hardened: Hardened, kind: str
) -> None:
    config = inspect(images(kind), "image")["Config"]
    assert config["Cmd"] == [f"{kind}-app"]
    assert not config["Entrypoint"]
    first = hardened(kind).exec("cat", "/proc/1/cmdline").stdout.split("\0")
    assert Path(first[0]).name.startswith("python")
    assert first[1] == f"/opt/venv/bin/{kind}-app"


@both
def test_every_stage_grows_from_one_base(fresh: Projects, kind: str) -> None:
    dockerfile = (fresh(kind).path / "Dockerfile").read_text()
    stages = {
        name: source
        for source, name in re.findall(r"^FROM (\S+) AS (\S+)$", dockerfile, re.MULTILINE)
    }
    assert len(stages) == len(re.findall(r"^FROM ", dockerfile, re.MULTILINE)), "each has a name"
    # What is not made from another stage comes from outside.
    outside = {name: source for name, source in stages.items() if source not in stages}
    assert outside.keys() == {"uv", "base", "lock"}
    assert outside["lock"] == "scratch", "it holds a file, not a system"
    assert outside["base"].startswith("python:${PYTHON_VERSION}-")
    assert "production" in stages


# ── A change rebuilds and pushes only what it touches ────────────────────────────────────────────


def own_code(project: Project, image: list[Layer]) -> Layer:
    (found,) = (
        layer
        for layer in image
        if any(name.endswith(f"site-packages/{project.module}/main.py") for name in layer.files)
    )
    return found


def dependencies(image: list[Layer]) -> Layer:
    (found,) = (
        layer
        for layer in image
        if any(name.endswith("site-packages/fastapi/__init__.py") for name in layer.files)
    )
    return found


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


@pytest.mark.parametrize("kind", ["notes"])
@pytest.mark.parametrize("change", [change_code, change_version])
def test_a_change_of_code_or_version_pushes_kilobytes(
    locked: Projects,
    layers_of: Callable[[str], list[Layer]],
    tag: Callable[[str], str],
    tmp_path: Path,
    kind: str,
    change: Callable[[Project], None],
) -> None:
    project = locked(kind).copy(tmp_path / "changed")
    change(project)
    image = tag(change.__name__)
    project.build("--load", "--tag", image)
    before, after = layers_of(kind), layers(image)
    assert dependencies(after).blob == dependencies(before).blob
    pushed = [layer for layer in after if layer not in before]
    assert own_code(project, after) in pushed, "the change has arrived"
    assert sum(layer.size for layer in pushed) < 100_000


@pytest.mark.parametrize("kind", ["notes"])
@pytest.mark.parametrize("change", [change_tests, change_tool_config])
def test_a_change_of_tests_or_tool_settings_pushes_nothing(
    locked: Projects,
    images: Images,
    tag: Callable[[str], str],
    tmp_path: Path,
    kind: str,
    change: Callable[[Project], None],
) -> None:
    project = locked(kind).copy(tmp_path / "changed")
    change(project)
    image = tag(change.__name__)
    project.build("--load", "--tag", image)
    before, after = (inspect(name, "image")["RootFS"]["Layers"] for name in (images(kind), image))
    assert after == before


# ── It starts quickly, and stripping broke nothing ───────────────────────────────────────────────


@each_server
def test_no_module_is_compiled_at_the_start_but_the_projects_own(
    images: Images, locked: Projects, kind: str
) -> None:
    # Python itself tells where the code of each module came from, in every process of the server.
    with container(images(kind), *HARDENED, *options(kind, PYTHONVERBOSE="1")) as started:
        wait_for(started.port, "/health")
        status(started.port, "/ready")
        started.stop()
        told = started.logs().stderr
    loaded = set(re.findall(r"^# code object from '?(/[^']+?)'?$", told, re.MULTILINE))
    own = f"/site-packages/{locked(kind).module}/"
    compiled = {path for path in loaded if path.endswith(".py")}
    assert any(own in path for path in compiled), "the list has what is known to be compiled"
    assert {path for path in compiled if own not in path} == set()


def test_the_projects_own_layer_holds_no_bytecode(
    locked: Projects, layers_of: Callable[[str], list[Layer]]
) -> None:
    layer = own_code(locked("notes"), layers_of("notes"))
    assert not [name for name in layer.files if name.endswith(".pyc")]


@each_server
def test_every_compiled_package_still_loads(images: Images, kind: str) -> None:
    program = """
import ctypes, importlib, importlib.machinery, json, pathlib, sysconfig
site_packages = pathlib.Path(sysconfig.get_path("purelib"))
if (site_packages / "psycopg").exists():
    import psycopg  # its compiled half refuses to be imported first
loaded, broken = [], {}
for library in sorted(site_packages.rglob("*.so*")):
    name, suffix, rest = library.name.partition(".")
    try:
        ctypes.CDLL(str(library))
        parts = library.relative_to(site_packages).parent.parts
        if suffix + rest in importlib.machinery.EXTENSION_SUFFIXES and "tests" not in parts:
            importlib.import_module(".".join([*parts, name]))
    except Exception as error:
        broken[str(library)] = repr(error)
    else:
        loaded.append(str(library))
print(json.dumps([loaded, broken]))
"""
    loaded, broken = in_image(images(kind), program)
    assert any("pydantic_core" in library for library in loaded)
    assert broken == {}


@both
def test_no_original_of_a_stripped_library_is_left(files_in: FilesIn, kind: str) -> None:
    assert not [path for path in files_in(kind) if path.endswith(".original")]


# ── Its health check tells the truth, without curl ───────────────────────────────────────────────


@each_server
def test_a_container_becomes_healthy(hardened: Hardened, kind: str) -> None:
    def healthy() -> bool:
        return bool(hardened(kind).inspect()["State"]["Health"]["Status"] == "healthy")

    wait_until(healthy, "the engine calls it healthy", seconds=30)


def probe(image: str) -> tuple[str, ...]:
    kind, *command = inspect(image, "image")["Config"]["Healthcheck"]["Test"]
    assert kind == "CMD", "no shell"
    assert Path(command[0]).name == "python"
    return tuple(command)


@both
def test_the_probe_fails_where_nobody_listens(images: Images, kind: str) -> None:
    image = images(kind)
    assert run("docker", "run", "--rm", image, *probe(image), check=False).returncode == 1


def test_the_probe_fails_where_the_answer_is_an_error(images: Images) -> None:
    image = images("hello")
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


# ── A wrong setting stops the start, by name and without its value ───────────────────────────────


@pytest.mark.parametrize(
    ("variables", "named", "secret"),
    [
        ({"DATABASE_PASSWORD": "hunter2-x"}, "DATABASE_URL", "hunter2-x"),
        ({"DATABASE_URL": "postgresql://app@db/app"}, "DATABASE_PASSWORD", "postgresql://"),
        ({**DATABASE, "DATABASE_PASSWORD": "change-me"}, "DATABASE_PASSWORD", "change-me"),
        (
            {"DATABASE_URL": DATABASE["DATABASE_URL"], "DATABASE_PASSWORD_FILE": "/nowhere/file"},
            "DATABASE_PASSWORD_FILE",
            "postgresql://",
        ),
        ({"DATABASE_URL": "postgresql://app:hunter2-x@db:port/app"}, "DATABASE_URL", "hunter2-x"),
    ],
    ids=["no-url", "no-password", "placeholder", "absent-file", "malformed-url"],
)
def test_a_wrong_secret_stops_the_start_and_is_named_but_not_shown(
    images: Images, variables: dict[str, str], named: str, secret: str
) -> None:
    given = [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]
    with container(images("notes"), *given) as refused:
        assert refused.exit_code() not in {0, 137}
        said = refused.logs()
    assert named in said.stdout + said.stderr
    assert "Traceback" not in said.stdout + said.stderr
    assert secret not in said.stdout + said.stderr


# ── SIGTERM: what was begun is finished, then it ends ────────────────────────────────────────────


@each_server
def test_an_idle_app_stops_with_exit_code_0(images: Images, kind: str) -> None:
    with container(images(kind), *HARDENED, *options(kind)) as started:
        wait_for(started.port, "/health")
        assert started.stop() == 0


@each_server
def test_a_stop_waits_for_the_requests_in_flight(images_with_routes: Images, kind: str) -> None:
    image = images_with_routes(kind)
    with (
        container(image, *HARDENED, *options(kind)) as started,
        ThreadPoolExecutor() as pool,
    ):
        wait_for(started.port, "/health")
        port = started.port
        slow, stream = (pool.submit(ask, port, path) for path in ("/slow", "/stream"))
        wait_until(lambda: "slow begun" in started.logs().stdout, "/slow is in flight")
        wait_until(lambda: "stream at 0" in started.logs().stdout, "/stream is in flight")
        assert not slow.done()
        assert not stream.done()
        assert started.stop() == 0
    assert slow.result().json() == {"slow": "done"}
    assert stream.result().body == "0\n1\n2\n3\n4\n5\n"


# ── Logs: one JSON object a line, and no more than is asked for ──────────────────────────────────


def entries(started: Container) -> list[dict[str, Any]]:
    """Its log, in which every line must be an object."""
    parsed = [json.loads(line) for line in started.logs().stdout.splitlines()]
    assert all(isinstance(entry, dict) for entry in parsed)
    return parsed


@each_server
def test_every_line_of_the_log_is_one_json_object_and_names_its_request(
    images_with_routes: Images, kind: str
) -> None:
    with container(images_with_routes(kind), *HARDENED, *options(kind)) as started:
        wait_for(started.port, "/health")
        answer: Answer = ask(started.port, "/slow", **{"x-request-id": "abc-123"})
        assert answer.headers["x-request-id"] == "abc-123"
        assert ask(started.port, "/broken").status == 500
        started.stop()
        log = entries(started)
        assert started.logs().stderr == "", "nothing goes another way"
    (begun,) = (entry for entry in log if entry["message"] == "slow begun")
    assert begun["request_id"] == "abc-123"
    # One server logs the exception in a field of its own, the other in the message.
    (failure,) = (entry for entry in log if "planted,\non two lines" in "".join(entry.values()))
    assert failure["level"] == "ERROR"


def about_docs(started: Container) -> list[str]:
    return [entry["message"] for entry in entries(started) if "/docs" in entry["message"]]


@each_server
def test_requests_are_not_logged_unless_asked_for(hardened: Hardened, kind: str) -> None:
    assert ask(hardened(kind).port, "/docs").status == 200
    assert entries(hardened(kind)), "there is a log to look at"
    assert about_docs(hardened(kind)) == []


@each_server
def test_requests_are_logged_where_they_are_asked_for(images: Images, kind: str) -> None:
    access_log = options(kind, ACCESS_LOG="true")
    with container(images(kind), *HARDENED, *access_log) as started:
        wait_for(started.port, "/health")
        ask(started.port, "/docs")
        started.stop()
        (line,) = about_docs(started)
    assert "GET" in line
    assert "200" in line
