"""What running costs: the start, the stop, memory and speed."""

import http.client
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from .docker import PREFIX, docker, inspect, removed_afterwards
from .recipes import Recipe

CONNECTIONS = 64
WARM_UP_SECONDS = 2
PATIENCE = 60  # seconds for a server to answer, before something must be wrong

# The same for every recipe. Nothing connects to the database before a request needs it.
ENVIRONMENT = {
    "ENVIRONMENT": "production",
    "HOST": "0.0.0.0",
    "DATABASE_URL": "postgresql://app@postgres/app",
    "DATABASE_PASSWORD": "0123456789abcdef0123456789abcdef",
    "SECRET_KEY": "0123456789abcdef" * 4,
    "ALLOWED_HOSTS": "localhost,127.0.0.1",
}

# The first line is the number of the shell itself, which grep then takes over: not the app's.
MEMORY = "echo $$; exec grep ^Pss: /proc/[0-9]*/smaps_rollup /dev/null"


@dataclass(frozen=True)
class Life:
    first_answer: float
    healthy: float | None  # None: the image has no health check
    memory: float
    exit: float
    exit_code: int


@dataclass(frozen=True)
class Load:
    requests_per_second: float
    p99: float


@contextmanager
def answering(recipe: Recipe, image: str, *options: str) -> Iterator[tuple[str, float]]:
    """A container that answers: its name, and the seconds from its start to the first 200."""
    variables = [f"--env={name}={value}" for name, value in ENVIRONMENT.items()]
    with removed_afterwards("container", f"{PREFIX}{recipe.key}") as name:
        docker(
            "container",
            "create",
            f"--name={name}",
            "--publish=127.0.0.1::8000",
            *variables,
            *options,
            image,
            *recipe.command,
        )
        docker("container", "start", name)
        started = inspect("container", name)
        port = int(started["NetworkSettings"]["Ports"]["8000/tcp"][0]["HostPort"])
        answered = wait_for_answer(port)
        if answered is None:
            raise SystemExit(f"{name} does not answer:\n{docker('logs', name)}")
        yield name, answered - moment(started["State"]["StartedAt"])


def wait_for_answer(port: int) -> float | None:
    """The moment of the first 200 on /health."""
    deadline = time.time() + PATIENCE
    while time.time() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return time.time()
        except (OSError, http.client.HTTPException):
            time.sleep(0.005)  # nothing listens yet
        finally:
            connection.close()
    return None


def moment(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()


def sample_life(recipe: Recipe, image: str) -> Life:
    """Start it, wait until nothing more happens, and stop it."""
    with answering(recipe, image) as (name, first_answer):
        healthy = wait_for_healthy(name)
        memory = proportional_memory(name)
        asked = time.time()
        docker("container", "kill", "--signal=TERM", name)
        docker("container", "wait", name)
        state = inspect("container", name)["State"]
        stopped = moment(state["FinishedAt"])
        return Life(first_answer, healthy, memory, stopped - asked, state["ExitCode"])


def wait_for_healthy(name: str) -> float | None:
    """Seconds from the start to the end of the check that made it healthy, by engine's clock."""
    while health := (state := inspect("container", name)["State"]).get("Health"):
        if health["Status"] == "unhealthy":
            raise SystemExit(f"{name} is unhealthy:\n{health['Log'][-1]['Output']}")
        for check in health["Log"]:
            if check["ExitCode"] == 0:
                return moment(check["End"]) - moment(state["StartedAt"])
        time.sleep(0.05)
    return None


def proportional_memory(name: str) -> float:
    """PSS of all processes in MiB: a page that two of them share counts once."""
    own_number, *lines = docker("container", "exec", name, "sh", "-c", MEMORY).splitlines()
    return sum(
        int(line.split()[1]) / 1024 for line in lines if not line.startswith(f"/proc/{own_number}/")
    )


def reason_for_no_load() -> str | None:
    """Why requests cannot be measured on this machine, if they cannot."""
    for program in ("wrk", "taskset"):
        if not shutil.which(program):
            return f"{program} is not installed (Debian's packages: wrk, util-linux)"
    return None if len(os.sched_getaffinity(0)) > 1 else "server and wrk need a CPU each"


def sample_load(recipe: Recipe, image: str, seconds: int) -> Load:
    """The server alone on one CPU, wrk alone on another."""
    with answering(recipe, image, "--cpuset-cpus=0") as (name, _):
        # Not by the published port: the engine's proxy behind it would take its share of the CPU.
        address = inspect("container", name)["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        wrk(address, WARM_UP_SECONDS)
        report = wrk(address, seconds)
    if "Non-2xx" in report:
        raise SystemExit(f"{name} refused requests under load:\n{report}")
    rate = float(found(r"Requests/sec:\s+([\d.]+)", report)[1])
    p99 = found(r"99%\s+([\d.]+)(us|ms|s)\b", report)
    return Load(rate, float(p99[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1}[p99[2]])


def wrk(address: str, seconds: int) -> str:
    load = (
        f"wrk --threads 1 --connections {CONNECTIONS} --duration {seconds}s --timeout 10s --latency"
    )
    command = ["taskset", "--cpu-list", "1", *load.split(), f"http://{address}:8000/health"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def found(pattern: str, text: str) -> re.Match[str]:
    match = re.search(pattern, text)
    assert match, f"no {pattern} in:\n{text}"
    return match
