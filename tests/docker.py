"""Docker as the tests use it: commands that say why they failed, and questions over HTTP."""

import io
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, TypeVar
from uuid import uuid4

import copier

# What the project's files read: set on this machine, it would make another project of each test.
READ_BY_PROJECTS = re.compile(
    r"\w+_PORT|(\w+_)?DATABASE_\w+|ACCESS_LOG|COMPOSE_.*|DATA_DIR|ENVIRONMENT|GID|HEARTBEAT"
    "|JOB_TIMEOUT|KEEP_RESULTS|LOG_LEVEL|PYTHON_VERSION|RABBITMQ_.*|RECEIVERS|REDIS_.*|REGISTRY|REVISION"
    "|SCHEDULE|SHUTDOWN_TIMEOUT|TASK_TIME_LIMIT|TIME_ZONE|UID|UV_VERSION|VERSION|WORKERS"
)

# Production on one host, and a registry from which nothing can be pulled.
FILES = ("compose.yaml", "compose.prod.yaml")
REGISTRY = "registry.invalid"

# Far above what a build or a start takes: what is not done by then hangs.
HANGS = 600

T = TypeVar("T")
Done = subprocess.CompletedProcess[str]


def token() -> str:
    """Names end with it: no test touches what is another run's, or the user's own."""
    return uuid4().hex[:8]


def run(
    *command: str | Path,
    cwd: Path | None = None,
    stdin: str | None = None,
    check: bool = True,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Done:
    inherited = {k: v for k, v in os.environ.items() if not READ_BY_PROJECTS.fullmatch(k)}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**inherited, **variables},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    if check and done.returncode:
        raise AssertionError(
            f"{shlex.join(map(str, command))}\nended with {done.returncode}:"
            f"\n{done.stdout}\n{done.stderr}"
        )
    return done


def docker(*arguments: str | Path) -> str:
    return run("docker", *arguments).stdout.strip()


def inspect(name: str, *kind: str) -> dict[str, Any]:
    """What the engine knows of a container; or of an image, a network: `inspect(name, "image")`."""
    found: list[dict[str, Any]] = json.loads(docker(*kind, "inspect", name))
    return found[0]


def wait_until(question: Callable[[], T | None], what: str, seconds: float = 60) -> T:
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} seconds in vain until {what}")
        time.sleep(0.1)
    return answer


# ── HTTP ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    headers: Mapping[str, str]

    def json(self) -> Any:
        return json.loads(self.body)


def ask(port: int, path: str, new: Any = None, **headers: str) -> Answer:
    """GET, or POST where there is something new to store."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        if new is None:
            connection.request("GET", path, headers=headers)
        else:
            headers["content-type"] = "application/json"
            connection.request("POST", path, json.dumps(new), headers)
        response = connection.getresponse()
        return Answer(response.status, response.read().decode(), dict(response.getheaders()))


def status(port: int, path: str) -> int | None:
    """None while nobody answers: a server that starts or restarts."""
    try:
        return ask(port, path).status
    except (OSError, HTTPException):
        return None


def wait_for(port: int, path: str, wanted: int = 200, seconds: float = 60) -> None:
    wait_until(lambda: status(port, path) == wanted, f"{path} answers {wanted}", seconds)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


# ── Projects and images ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Project:
    path: Path
    slug: str

    @classmethod
    def render(cls, template: Path, path: Path, slug: str, **answers: Any) -> "Project":
        data = {"project_name": slug.title(), "project_slug": slug, **answers}
        copier.run_copy(
            str(template),
            path,
            data=data,
            defaults=True,
            overwrite=True,  # what an earlier call with other answers made there
            quiet=True,
            unsafe=False,
        )
        return cls(path, slug)

    @property
    def module(self) -> str:
        return self.slug.replace("-", "_")

    @property
    def source(self) -> Path:
        return self.path / "src" / self.module

    def copy(self, path: Path) -> "Project":
        return Project(shutil.copytree(self.path, path), self.slug)

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.path / name).read_text()
        assert text.count(old) == 1, f"{name} should have one {old!r}"
        (self.path / name).write_text(text.replace(old, new))

    def append(self, name: str, text: str) -> None:
        with (self.path / name).open("a") as file:
            file.write(text)

    def add_dependency(self, requirement: str, member: str = ".") -> None:
        declared = "\ndependencies = ["
        self.edit(f"{member}/pyproject.toml", declared, f'{declared}\n    "{requirement}",')

    @property
    def owners(self) -> set[int]:
        return {path.lstat().st_uid for path in (self.path, *self.path.rglob("*"))}

    @property
    def files(self) -> set[Path]:
        return {path for path in self.path.rglob("*") if path.is_file()}

    def make_secrets(self) -> None:
        """With the manual's own command."""
        manual = (self.path / "docs/deploy.md").read_text()
        blocks = re.findall(r"^```sh\n(.*?)^```$", manual, re.MULTILINE | re.DOTALL)
        (command,) = (block for block in blocks if "openssl" in block)
        run("sh", "-eu", "-c", command, cwd=self.path)

    def give_to_developer(self) -> dict[str, str]:
        """Who is never root; and what tells compose to work as that user."""
        user = os.getuid() or 1000
        if user != os.getuid():
            for path in (self.path, *self.path.rglob("*")):
                shutil.chown(path, user, user)
        return {"UID": str(user), "GID": str(user)}

    def lock(self) -> None:
        """As the manual says for a machine without uv."""
        run("docker", "build", "--target", "lock", "--output", ".", ".", cwd=self.path)

    def bake(self, *targets: str, **variables: str) -> Done:
        command = ["docker", "buildx", "bake", "--progress", "plain", *targets]
        return run(*command, cwd=self.path, variables=variables)

    def build(self, *options: str, check: bool = True) -> Done:
        return run(
            "docker", "build", "--progress", "plain", *options, ".", cwd=self.path, check=check
        )


def printed(build: Done) -> str:
    """What the steps of a build printed, without BuildKit's echo of the Dockerfile."""
    return "\n".join(re.findall(r"^#\d+ \d+\.\d+ (.*)$", build.stderr, re.MULTILINE))


@dataclass(frozen=True)
class Layer:
    blob: str
    size: int
    files: frozenset[str]


def layers(image: str) -> list[Layer]:
    """The image's layers, lowest first: the same blob is the same content."""
    saved = subprocess.run(["docker", "save", image], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:

        def stored(name: str) -> IO[bytes]:
            member = archive.extractfile(name)
            assert member is not None
            return member

        found = []
        for blob in json.load(stored("manifest.json"))[0]["Layers"]:
            with tarfile.open(fileobj=stored(blob)) as layer:
                files = frozenset(layer.getnames())
            found.append(Layer(blob, archive.getmember(blob).size, files))
        return found


def in_image(image: str, program: str, *, user: str = "0") -> Any:
    """What a Python program finds out inside the image; by default it may look everywhere."""
    command = ["--rm", "--user", user, "--network", "none", "--entrypoint", "python", image]
    return json.loads(docker("run", *command, "-c", program))


# ── Containers ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Container:
    id: str

    @property
    def port(self) -> int:
        return int(docker("port", self.id, "8000/tcp").rpartition(":")[2])

    def inspect(self) -> dict[str, Any]:
        return inspect(self.id)

    def exec(self, *command: str, user: str = "", check: bool = True) -> Done:
        options = ["--user", user] if user else []
        return run("docker", "exec", *options, self.id, *command, check=check)

    def logs(self) -> Done:
        """What it wrote, apart: stdout and stderr."""
        return run("docker", "logs", self.id)

    def stop(self) -> int:
        """SIGTERM; its exit code. After half a minute the engine kills it, and that is 137."""
        docker("stop", "--time", "30", self.id)
        return self.exit_code()

    def assert_limited(self) -> None:
        """Whatever runs in it, the engine lets it do no more than it needs."""
        found = self.inspect()
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert not host["Privileged"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", found["Config"]["User"]), "a number, not root's"
        assert host["Memory"] > 0
        assert host["PidsLimit"] > 0
        assert host["NanoCpus"] > 0

    def process(self) -> str:
        """What the kernel tells of its first process."""
        return self.exec("cat", "/proc/1/status").stdout

    def handles_sigterm(self) -> bool:
        caught = re.search(r"^SigCgt:\s+(\w+)$", self.process(), re.MULTILINE)
        assert caught
        return bool(int(caught[1], 16) & 1 << 14)

    def wait_until_healthy(self, seconds: float = 30) -> None:
        def healthy() -> bool:
            return bool(self.inspect()["State"]["Health"]["Status"] == "healthy")

        wait_until(healthy, "the engine calls it healthy", seconds)

    def exit_code(self) -> int:
        def ended() -> bool:
            return bool(self.inspect()["State"]["Status"] == "exited")

        wait_until(ended, "the container has ended", seconds=30)
        return int(self.inspect()["State"]["ExitCode"])


@contextmanager
def container(image: str, *options: str, command: tuple[str, ...] = ()) -> Iterator[Container]:
    published = ["--detach", "--publish", "127.0.0.1::8000"]
    started = Container(docker("run", *published, *options, image, *command))
    try:
        yield started
    finally:
        docker("rm", "--force", "--volumes", started.id)


@dataclass(frozen=True)
class Compose:
    """One compose project, under the name that the project's own compose.yaml gives it."""

    project: Project
    files: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, check: bool = True) -> Done:
        options = [option for name in self.files for option in ("--file", name)]
        command = ["docker", "compose", "--progress", "plain", *options, *arguments]
        return run(*command, cwd=self.project.path, check=check, variables=self.variables)

    def up(self, *, check: bool = True) -> Done:
        done = self("up", "--detach", "--wait", "--wait-timeout", "300", check=False)
        if check and done.returncode:
            raise AssertionError(f"{done.stdout}{done.stderr}\n{self('logs').stdout}")
        return done

    def container(self, service: str) -> Container:
        return Container(self("ps", "--all", "--quiet", service).stdout.strip())

    def config(self) -> dict[str, Any]:
        """What compose makes of its files."""
        found: dict[str, Any] = json.loads(self("config", "--format", "json").stdout)
        return found

    @property
    def port(self) -> int:
        return int(self.variables["APP_PORT"])

    def remove(self, *images: str) -> None:
        self("down", "--volumes", "--remove-orphans", "--timeout", "5")
        remove_images(*images)


def remove_images(*names: str) -> None:
    """Those of them that were built: a test that failed early may have made none."""
    for name in names:
        if docker("image", "ls", "--quiet", name):
            docker("image", "rm", "--force", name)
