"""A command's image: `docker run IMAGE arguments` is the command itself, in a pipe too."""

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .docker import (
    Compose,
    Done,
    Project,
    container,
    docker,
    inspect,
    remove_images,
    run,
    token,
    wait_until,
)
from .variants import HARDENED

pytestmark = pytest.mark.engine

SLUG = f"handy-tool-{token()}"
PACKAGE = SLUG.replace("-", "_")


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with its lock. Copy it before you change it."""
    path = tmp_path_factory.mktemp("cli") / SLUG
    made = Project.render(template, path, SLUG, framework="cli", python_version="3.13")
    made.lock()
    return made


@pytest.fixture(scope="module")
def image(project: Project) -> Iterator[str]:
    name = f"pydocker-template-test-{token()}:cli"
    try:
        project.build("--load", "--tag", name)
        yield name
    finally:
        remove_images(name)


def call(image: str, *arguments: str, stdin: str = "", options: tuple[str, ...] = ()) -> Done:
    command = ["docker", "run", "--rm", "--interactive", *HARDENED, *options, image, *arguments]
    return run(*command, stdin=stdin, check=False)


def test_the_image_is_the_command_and_nothing_else(image: str) -> None:
    config = inspect(image, "image")["Config"]
    assert config["Entrypoint"] == [SLUG]
    assert not config.get("Cmd")
    assert not config.get("ExposedPorts")
    assert not config.get("Healthcheck")
    assert not config.get("Volumes")
    assert config["User"] == "10001:10001"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "printed", "complained"),
    [
        ((), 2, "", "Usage: handy-tool"),
        (("--help",), 0, "Usage: handy-tool", ""),
        (("--version",), 0, f"{SLUG}, version 0.1.0\n", ""),
        (("greet", "Ada"), 0, "Hello, Ada!\n", ""),
        (("greet",), 2, "", "Missing argument"),
        (("unique", "nowhere.txt"), 2, "", "nowhere.txt"),
        (("unique", "/usr/local/bin/python3"), 1, "", "not text in UTF-8"),
    ],
    ids=["nothing", "help", "version", "good", "no-name", "no-file", "no-text"],
)
def test_each_call_has_its_exit_code_and_complains_on_stderr(
    image: str, arguments: tuple[str, ...], exit_code: int, printed: str, complained: str
) -> None:
    done = call(image, *arguments)
    assert done.returncode == exit_code
    assert done.stdout.startswith(printed)
    assert bool(done.stdout) == bool(printed)
    assert complained in done.stderr
    assert bool(done.stderr) == bool(complained)


def test_an_option_can_come_from_a_variable(image: str) -> None:
    options = ("--env", f"{PACKAGE.upper()}_GREET_GREETING=Salut")
    assert call(image, "greet", "Ada", options=options).stdout == "Salut, Ada!\n"


def test_it_filters_what_comes_in_and_the_files_of_the_folder_it_is_given(
    image: str, tmp_path: Path
) -> None:
    assert call(image, "unique", stdin="b\na\nb\n").stdout == "b\na\n"
    (tmp_path / "lines.txt").write_text("c\nc\n")
    tmp_path.chmod(0o755)
    options = ("--volume", f"{tmp_path}:/app:ro")
    assert call(image, "unique", "lines.txt", options=options).stdout == "c\n"


def test_it_passes_each_line_on_as_it_comes(image: str) -> None:
    command = ["docker", "run", "--rm", "--interactive", *HARDENED, image, "unique"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin
        assert process.stdout
        for line in ("first\n", "second\n"):
            process.stdin.write(line)
            process.stdin.flush()
            assert process.stdout.readline() == line, "before the input has ended"
    assert process.returncode == 0


def test_it_ends_in_silence_where_nobody_reads_on(image: str) -> None:
    # All in one container: the broken pipe is the command's own, not the docker client's.
    script = f"seq 100000 | {SLUG} unique | head -1"
    done = run("docker", "run", "--rm", *HARDENED, "--entrypoint", "sh", image, "-c", script)
    assert (done.stdout, done.stderr) == ("1\n", "")


@pytest.mark.parametrize(("name", "exit_code"), [("TERM", 143), ("INT", 130)])
def test_a_signal_ends_it_at_once(image: str, name: str, exit_code: int) -> None:
    with container(image, "--interactive", *HARDENED, command=("unique",)) as waiting:

        def listens() -> bool:
            process = waiting.exec("cat", "/proc/1/status").stdout
            (caught,) = re.findall(r"^SigCgt:\s+(\w+)$", process, re.MULTILINE)
            return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)

        wait_until(listens, "it has started", seconds=10)
        process = waiting.exec("cat", "/proc/1/status").stdout
        assert re.search(r"^Uid:\s+10001\s+10001", process, re.MULTILINE)
        assert re.search(r"^CapEff:\s+0+$", process, re.MULTILINE)
        asked = time.monotonic()
        docker("kill", "--signal", name, waiting.id)
        assert waiting.exit_code() == exit_code
        assert time.monotonic() - asked < 3
        assert waiting.logs().stdout + waiting.logs().stderr == ""


# ── Compose ──────────────────────────────────────────────────────────────────────────────────────


def test_development_calls_the_source_as_it_is(project: Project, tmp_path: Path) -> None:
    copy = project.copy(tmp_path / "development")
    compose = Compose(copy, variables=copy.give_to_developer())
    try:
        compose("up")
        app = compose.container("app")
        assert app.exit_code() == 0
        assert "Usage: handy-tool" in app.logs().stdout

        manual = (copy.path / "docs/develop.md").read_text()
        tests = "docker compose run --rm --no-deps --entrypoint dev app pytest"
        assert f"`{tests}`" in manual
        assert "passed" in compose(*tests.split()[2:]).stdout

        assert compose("run", "--rm", "-T", "app", "greet", "Ada").stdout == "Hello, Ada!\n"
        copy.edit(f"src/{PACKAGE}/cli.py", 'default="Hello"', 'default="Saved"')
        assert compose("run", "--rm", "-T", "app", "greet", "Ada").stdout == "Saved, Ada!\n"
    finally:
        compose.remove(f"{SLUG}-development")


def test_production_runs_one_call_with_no_more_rights_than_it_needs(
    project: Project, image: str, tmp_path: Path
) -> None:
    copy = project.copy(tmp_path / "production")
    registry = f"registry.invalid/{token()}"
    copy.edit("compose.yaml", "registry.example.com", registry)
    docker("tag", image, f"{registry}/{SLUG}:dev")
    compose = Compose(copy, ("compose.yaml", "compose.prod.yaml"))
    try:
        assert compose("run", "--rm", "-T", "app", "greet", "Ada").stdout == "Hello, Ada!\n"
        compose("up", "--detach")
        app = compose.container("app")
        assert app.exit_code() == 0
        host = app.inspect()["HostConfig"]
        assert host["RestartPolicy"]["Name"] == "no", "what has ended well is not started again"
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert not host["PortBindings"]
    finally:
        compose.remove(f"{registry}/{SLUG}:dev")
