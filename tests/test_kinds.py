"""Every kind of app, on every base, under every server: built, started, probed and stopped.

A kind that joins the catalogue is tried by itself; variants.py and planted.py hold what differs.
"""

import re
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .catalogue import DATABASES, is_called, is_configured
from .conftest import Images, Projects, RunHardened
from .docker import (
    Container,
    ask,
    container,
    in_image,
    inspect,
    printed,
    wait_until,
)
from .variants import (
    DEFAULTS,
    ON_EVERY_BASE,
    RUNNING,
    VARIANTS,
    WEB,
    WITH_MEMORY,
    Variant,
    command,
    environment,
    needed,
)

pytestmark = pytest.mark.engine

each = pytest.mark.parametrize("variant", VARIANTS, ids=str)
each_kind = pytest.mark.parametrize("variant", DEFAULTS, ids=str)


@pytest.fixture(scope="module")
def hardened(images: Images, run_hardened: RunHardened) -> Iterator[Callable[[Variant], Container]]:
    """A container of each image. Look at it, and leave it running."""
    with ExitStack() as stack:

        @cache
        def start(variant: Variant) -> Container:
            return stack.enter_context(run_hardened(images(variant), variant))

        yield start


Hardened = Callable[[Variant], Container]


@dataclass(frozen=True)
class Life:
    """Of a container that worked until it was stopped."""

    exit_code: int
    seconds: float  # that the stop took
    verbose: str  # where Python found each module, in every process of the app
    services: set[str]  # that /ready asked


@pytest.fixture(scope="module")
def life(images: Images, run_hardened: RunHardened) -> Callable[[Variant], Life]:
    @cache
    def live(variant: Variant) -> Life:
        role = RUNNING[variant.role]
        variables = {**role.busy, "PYTHONVERBOSE": "1"}
        with run_hardened(images(variant), variant, **variables) as started:
            services = set()
            if variant.role == "web":
                services = set(ask(started.port, "/ready").json()["services"])
            wait_until(lambda: role.done in started.logs().stdout, "it has done something")
            asked = time.monotonic()
            exit_code = started.stop()
            return Life(exit_code, time.monotonic() - asked, started.logs().stderr, services)

    return live


# ── Its base is the same everywhere ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("variant", ON_EVERY_BASE, ids=str)
def test_the_test_stage_passes_for_a_new_project(locked: Projects, variant: Variant) -> None:
    checked = locked(variant).build("--target", "test", "--output", "type=cacheonly", check=False)
    assert checked.returncode == 0, printed(checked)


@pytest.fixture(scope="module")
def seen_by_the_user(images: Images) -> Callable[[Variant], dict[str, Any]]:
    """What the app's own user finds in its image."""
    program = """
import getpass, json, os, ssl, sys
from datetime import datetime
from zoneinfo import TZPATH, ZoneInfo
authorities = ssl.get_default_verify_paths()
folders = [folder for folder in sys.path if os.path.isdir(folder)] + ["/app", "/opt/venv/bin"]
print(json.dumps({
    "user": [os.getuid(), os.getgid(), getpass.getuser()],
    "groups": os.getgroups(),
    "certificates": len(
        ssl.create_default_context().get_ca_certs()
        or (os.listdir(authorities.capath) if authorities.capath else [])
    ),
    "zone files": [folder for folder in TZPATH if os.path.exists(folder + "/Europe/Berlin")],
    "summer in Berlin": str(ZoneInfo("Europe/Berlin").utcoffset(datetime(2026, 7, 1))),
    "writable": {folder: os.access(folder, os.W_OK) for folder in folders},
}))
"""
    return cache(lambda variant: in_image(images(variant), program, user=""))


SeenByTheUser = Callable[[Variant], dict[str, Any]]


@each
def test_the_user_has_a_name_and_no_other_group(
    seen_by_the_user: SeenByTheUser, variant: Variant
) -> None:
    assert seen_by_the_user(variant)["user"] == [10001, 10001, "app"]
    assert seen_by_the_user(variant)["groups"] == [10001]


@each
def test_certificates_and_time_zones_are_there(
    seen_by_the_user: SeenByTheUser, variant: Variant
) -> None:
    assert seen_by_the_user(variant)["certificates"] > 10
    assert seen_by_the_user(variant)["zone files"]
    assert seen_by_the_user(variant)["summer in Berlin"] == "2:00:00"


# ── An image keeps nothing that it does not use, and the app cannot change itself ────────────────


@dataclass(frozen=True)
class Content:
    files: dict[str, tuple[int, int]]  # every file and folder, with its owner and its mode
    distributions: set[str]


@pytest.fixture(scope="module")
def content(images: Images) -> Callable[[Variant], Content]:
    program = """
import json, os
from importlib.metadata import distributions
files = {}
for folder, folders, names in os.walk("/"):
    if folder == "/":
        folders[:] = sorted(set(folders) - {"dev", "proc", "sys"})
    for name in folders + names:
        path = os.path.join(folder, name)
        files[path] = os.lstat(path).st_uid, os.lstat(path).st_mode
installed = [path for path in files if path.startswith("/opt/venv/") and "site-packages" in path]
print(json.dumps([files, [each.name.lower() for each in distributions(path=[min(installed)])]]))
"""

    @cache
    def look(variant: Variant) -> Content:
        files, installed = in_image(images(variant), program)
        return Content(files, set(installed))

    return look


ContentOf = Callable[[Variant], Content]


@each
def test_production_has_no_tests_no_tools_and_no_compiler(
    locked: Projects, content: ContentOf, variant: Variant
) -> None:
    paths = [Path(path) for path in content(variant).files]
    commands = {path.name for path in paths if path.parent.name == "bin"}
    assert variant.slug in commands
    assert not commands & {"uv", "uvx", "strip", "ld", "as", "cc", "gcc", "make", "curl"}
    names = {path.name for path in paths}
    tests = {file.name for file in (locked(variant).path / "tests").glob("test_*.py")}
    assert tests
    assert not names & tests

    declared = tomllib.loads((locked(variant).path / "pyproject.toml").read_text())
    production, development = (
        {re.split(r"[\[>=]", requirement)[0] for requirement in requirements}
        for requirements in (
            declared["project"]["dependencies"],
            declared["dependency-groups"]["dev"],
        )
    )
    assert production <= content(variant).distributions
    assert {"mypy", "pytest", "ruff"} <= development
    assert not content(variant).distributions & development


@each
def test_the_environment_belongs_to_root_and_nobody_else_may_write_to_it(
    content: ContentOf, variant: Variant
) -> None:
    installed = {
        path: of for path, of in content(variant).files.items() if path.startswith("/opt/venv/")
    }
    assert any(path.endswith(f"/{variant.slug}") for path in installed)
    symlink = 0o120000
    writable = {
        path
        for path, (owner, mode) in installed.items()
        if owner != 0 or (mode & 0o022 and mode & 0o170000 != symlink)
    }
    assert not writable


@each
def test_the_user_itself_cannot_write_where_code_lies(
    seen_by_the_user: SeenByTheUser, variant: Variant
) -> None:
    writable = seen_by_the_user(variant)["writable"]
    assert any("site-packages" in folder for folder in writable)
    assert not any(writable.values()), writable


@each
def test_no_trial_of_a_cut_library_is_left(content: ContentOf, variant: Variant) -> None:
    assert not [path for path in content(variant).files if path.endswith(".cut")]


@each
def test_every_compiled_package_still_loads(images: Images, variant: Variant) -> None:
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
    loaded, broken = in_image(images(variant), program)
    assert any("pydantic_core" in library for library in loaded) == is_configured(variant.kind)
    assert broken == {}


# ── It runs without a privilege, and no shell stands before it ───────────────────────────────────


@each
def test_it_runs_read_only_and_without_any_capability(hardened: Hardened, variant: Variant) -> None:
    told = hardened(variant).process()
    assert re.search(r"^Uid:\s+10001\s+10001", told, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", told, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", told, re.MULTILINE)
    if variant.role == "web":
        assert ask(hardened(variant).port, "/health").json() == {"status": "healthy"}


@each
def test_no_shell_stands_between_the_engine_and_the_app(
    images: Images, hardened: Hardened, variant: Variant
) -> None:
    config = inspect(images(variant), "image")["Config"]
    assert config["User"] == "10001:10001"
    given, other = ("Entrypoint", "Cmd") if is_called(variant.kind) else ("Cmd", "Entrypoint")
    assert config[given] == [variant.slug]
    assert not config[other]
    first = hardened(variant).exec("cat", "/proc/1/cmdline").stdout.split("\0")
    assert Path(first[0]).name.startswith("python")
    assert first[1] == f"/opt/venv/bin/{variant.slug}"


@each
def test_a_stop_ends_it_in_time_and_with_its_exit_code(
    life: Callable[[Variant], Life], variant: Variant
) -> None:
    assert life(variant).exit_code == RUNNING[variant.role].exit_code
    assert life(variant).seconds < 10


@pytest.mark.parametrize("variant", WEB, ids=str)
def test_readiness_asks_each_service_that_the_app_uses(
    life: Callable[[Variant], Life], variant: Variant
) -> None:
    # Without a service for it, a database is a file of the app.
    assert life(variant).services - {"database"} == set(variant.services)


# Stops the app as soon as it begins to load packages.
EARLY = """
import os, signal, sys

class Stop:
    def find_spec(self, name, *_):
        if name == "pydantic":
            print("stopped early", flush=True)
            os.kill(os.getpid(), signal.SIGTERM)

sys.meta_path.insert(0, Stop())
"""


@pytest.mark.parametrize(
    "variant", [each for each in DEFAULTS if is_configured(each.kind)], ids=str
)
def test_a_stop_during_the_start_ends_it_as_well(
    images: Images, variant: Variant, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "sitecustomize.py").write_text(EARLY)
    given = [*WITH_MEMORY, *environment(needed(variant) | {"PYTHONPATH": "/early"})]
    given += ["--volume", f"{tmp_path}:/early:ro"]
    role = RUNNING[variant.role]
    with container(images(variant), *given, command=command(variant, role.stays)) as started:
        assert started.exit_code() == role.exit_code
        assert started.logs().stdout == "stopped early\n"


@pytest.mark.parametrize(
    "variant", [variant for variant in VARIANTS if RUNNING[variant.role].needs_services], ids=str
)
def test_it_waits_for_services_that_do_not_answer(images: Images, variant: Variant) -> None:
    given = [*WITH_MEMORY, *environment(needed(variant))]
    with container(images(variant), *given) as started:
        wait_until(started.handles_sigterm, "it has prepared for a stop")
        wait_until(lambda: "127.0.0.1:1" in "".join(started.logs().stdout), "it has asked for them")
        assert started.stop() == RUNNING[variant.role].exit_code


# ── Its health check tells the truth, without curl ───────────────────────────────────────────────

each_probed = pytest.mark.parametrize(
    "variant", [variant for variant in VARIANTS if RUNNING[variant.role].probed], ids=str
)


@each_probed
def test_a_container_becomes_healthy(hardened: Hardened, variant: Variant) -> None:
    hardened(variant).wait_until_healthy()


@each
def test_its_probe_is_python_alone_and_needs_no_shell(images: Images, variant: Variant) -> None:
    probe = inspect(images(variant), "image")["Config"].get("Healthcheck")
    assert bool(probe) == RUNNING[variant.role].probed
    if probe:
        form, python, *_, script = probe["Test"]
        assert form == "CMD"
        assert Path(python).name == "python"
        assert script == "/usr/local/bin/health.py"


# ── It starts quickly ────────────────────────────────────────────────────────────────────────────


@each
def test_no_module_is_compiled_at_the_start_but_the_projects_own(
    images: Images,
    locked: Projects,
    life: Callable[[Variant], Life],
    network: str,
    at_hand: Callable[[str, Variant], dict[str, str]],
    variant: Variant,
) -> None:
    told = life(variant).verbose
    settings = at_hand(images(variant), variant) | {"PYTHONVERBOSE": "1"}
    for arguments, exit_code in RUNNING[variant.role].ends.items():
        given = [*WITH_MEMORY, "--network", network, *environment(settings)]
        with container(images(variant), *given, command=command(variant, arguments)) as ended:
            assert ended.exit_code() == exit_code
            told += ended.logs().stderr
    loaded = set(re.findall(r"^# code object from '?(/[^']+?)'?$", told, re.MULTILINE))
    own = f"/site-packages/{locked(variant).module}/"
    compiled = {path for path in loaded if path.endswith(".py")}
    assert any(own in path for path in compiled), "the list has what is known to be compiled"
    others = sorted(path for path in compiled if own not in path)
    assert others == [], f"compiled at each start: {' '.join(others)}"


# ── A wrong setting stops the start, by name and without its value ───────────────────────────────


def refused(image: str, variables: dict[str, str]) -> str:
    """What is said by an app that does not start."""
    with container(image, *WITH_MEMORY, *environment(variables)) as started:
        assert started.exit_code() not in {0, 137}
        said = started.logs()
    assert "Traceback" not in said.stdout + said.stderr
    return said.stdout + said.stderr


@pytest.mark.parametrize(
    "variant", [each for each in DEFAULTS if is_configured(each.kind)], ids=str
)
def test_a_wrong_setting_stops_the_start_and_is_named_but_not_shown(
    images: Images, variant: Variant
) -> None:
    said = refused(images(variant), {**needed(variant), "LOG_LEVEL": "hunter2-x"})
    assert "LOG_LEVEL" in said
    assert "hunter2-x" not in said


@each_kind
def test_production_does_not_start_without_what_it_needs(images: Images, variant: Variant) -> None:
    for name in needed(variant):
        rest = {other: value for other, value in needed(variant).items() if other != name}
        assert name in refused(images(variant), rest)


# The first of each kind that has one.
WITH_DATABASE = {each.kind: each for each in reversed(VARIANTS) if DATABASES & {*each.services}}


@pytest.mark.parametrize("variant", WITH_DATABASE.values(), ids=str)
@pytest.mark.parametrize(
    ("database", "named", "secret"),
    [
        ({"DATABASE_PASSWORD": "hunter2-x"}, "DATABASE_URL", "hunter2-x"),
        ({"DATABASE_URL": "postgresql://app@db/app"}, "DATABASE_PASSWORD", "postgresql://"),
        (
            {"DATABASE_URL": "postgresql://app@db/app", "DATABASE_PASSWORD": "change-me"},
            "DATABASE_PASSWORD",
            "change-me",
        ),
        (
            {"DATABASE_URL": "postgresql://app@db/app", "DATABASE_PASSWORD_FILE": "/nowhere/file"},
            "DATABASE_PASSWORD_FILE",
            "postgresql://",
        ),
        ({"DATABASE_URL": "postgresql://app:hunter2-x@db:port/app"}, "DATABASE_URL", "hunter2-x"),
    ],
    ids=["no-url", "no-password", "placeholder", "absent-file", "malformed-url"],
)
def test_a_wrong_secret_stops_the_start_and_is_named_but_not_shown(
    images: Images, variant: Variant, database: dict[str, str], named: str, secret: str
) -> None:
    others = {k: v for k, v in needed(variant).items() if not k.startswith("DATABASE_")}
    said = refused(images(variant), others | database)
    assert named in said
    assert secret not in said
