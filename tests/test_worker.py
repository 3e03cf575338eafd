"""A worker in production: what becomes of its tasks, whatever happens to it or to its broker.

A class for each broker, so that pytest-xdist can try both at the same time.
"""

import json
import re
import shlex
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .docker import FILES, REGISTRY, Compose, Container, Project, docker, token, wait_until

pytestmark = pytest.mark.engine

# At a stop, running tasks get a second.
SETTINGS = "SHUTDOWN_TIMEOUT=1\nTASK_TIME_LIMIT=10\n"

# What a user would add, to be counted by its log lines.
TASKS = """

@app.task
def nap(number: int, seconds: float) -> None:
    log.info("begun %s", number)
    time.sleep(seconds)
    log.info("done %s", number)


@app.task
def oversleep() -> None:
    log.info("begun oversleep")
    while True:
        try:
            time.sleep(60)
        except Exception:
            log.info("told that the time is over")


@app.task(default_retry_delay=1)
def crash() -> None:
    log.info("begun crash")
    os._exit(1)
"""

# Longer than a stop waits, shorter than the time limit.
LONG = 7


class Stack:
    """A worker and its broker, running as in production."""

    def __init__(self, template: Path, folder: Path, broker: str) -> None:
        self.broker = broker
        name = f"worker-{token()}"
        self.project = Project.render(
            template,
            folder / name,
            name,
            registry=f"{REGISTRY}/acme",
            framework="worker",
            services=[broker],
            python_version="3.13",
        )
        tasks = f"src/{self.project.module}/tasks.py"
        self.project.edit(tasks, "import logging\n", "import logging\nimport os\nimport time\n")
        self.project.append(tasks, TASKS)
        if broker == "redis":  # else it would wait for a quarter of an hour
            waits = "max(900, 2 * settings.task_time_limit)"
            self.project.edit(f"src/{self.project.module}/broker.py", waits, "20")
        self.project.append(".env", SETTINGS)
        self.project.lock()
        self.project.make_secrets()
        self.compose = Compose(self.project, FILES)

    @property
    def worker(self) -> Container:
        return self.compose.container("app")

    def call(self, task: str, *arguments: Any) -> None:
        """Send a task as the manual does."""
        (sent,) = re.findall(
            r"docker compose exec app (celery .+?)\n(?!  )",
            (self.project.path / "docs/develop.md").read_text(),
            re.DOTALL,
        )
        words = shlex.split(sent.replace("\\\n", ""))
        words[4] = f"{self.project.module}.tasks.{task}"
        words[-1] = json.dumps(arguments)
        self.worker.exec(*words)

    def naps(self, count: int, seconds: float) -> list[str]:
        """Send so many of them; their numbers, which no other test has."""
        first = int(time.time() * 10)
        numbers = range(first, first + count)
        program = f"from {self.project.module}.tasks import nap\n"
        program += f"for number in {numbers}: nap.delay(number, {seconds})"
        self.worker.exec("python", "-c", program)
        return [str(number) for number in numbers]

    def log(self) -> list[dict[str, Any]]:
        """What the worker logged, in which every line must be an object."""
        logs = self.worker.logs()
        assert logs.stderr == "", "nothing goes another way"
        return [json.loads(line) for line in logs.stdout.splitlines()]

    def count(self, word: str, numbers: list[str]) -> Counter[str]:
        """How often each of these naps was `begun` or `done`."""
        messages = (entry["message"].split() for entry in self.log())
        return Counter(
            message[1]
            for message in messages
            if len(message) == 2 and message[0] == word and message[1] in numbers
        )

    def wait_until_done(self, numbers: list[str], seconds: float = 60) -> None:
        def done() -> bool:
            return set(self.count("done", numbers)) == set(numbers)

        wait_until(done, f"{len(numbers)} naps are done", seconds)

    def wait_until_logged(self, words: str, seconds: float = 60) -> None:
        def logged() -> bool:
            return any(words in entry["message"] for entry in self.log())

        wait_until(logged, f"{words!r} is logged", seconds)

    def wait_until_health(self, wanted: str, seconds: float) -> None:
        def reached() -> bool:
            return bool(self.worker.inspect()["State"]["Health"]["Status"] == wanted)

        wait_until(reached, f"the worker is {wanted}", seconds)

    def stop(self) -> float:
        """SIGTERM; how long it took to end, well."""
        asked = time.monotonic()
        assert self.worker.stop() == 0
        return time.monotonic() - asked

    def start(self) -> None:
        docker("start", self.worker.id)


def once(numbers: list[str]) -> dict[str, int]:
    return dict.fromkeys(numbers, 1)


@pytest.fixture(scope="class")
def deployed(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    broker: str = request.cls.broker
    stack = Stack(template, tmp_path_factory.mktemp(broker), broker)
    try:
        stack.compose.up()
        yield stack
    finally:
        stack.compose.remove(f"{REGISTRY}/acme/{stack.project.slug}:dev")


@pytest.fixture
def stack(deployed: Stack) -> Stack:
    """The same, running, whatever the test before has left."""
    broker = deployed.compose.container(deployed.broker)
    docker("start", broker.id)
    broker.wait_until_healthy(seconds=90)
    deployed.start()
    return deployed


class Promises:
    """What a worker promises on every broker."""

    broker: str

    def test_the_command_of_the_manual_sends_a_task(self, stack: Stack) -> None:
        stack.call("nap", 1, 0)
        stack.wait_until_done(["1"])
        (begun,) = (entry for entry in stack.log() if entry["message"] == "begun 1")
        assert begun["task"].endswith(".tasks.nap")
        assert re.fullmatch(r"[\w-]{36}", begun["task_id"])

    def test_a_stop_lets_short_tasks_end_and_begins_no_other(self, stack: Stack) -> None:
        naps = stack.naps(12, 0.4)
        wait_until(lambda: len(stack.count("done", naps)) >= 3, "some are done")
        assert stack.stop() < 10
        begun = stack.count("begun", naps)
        assert 3 <= len(begun) < 12, "it was in the middle"
        assert stack.count("done", naps) == begun
        stack.start()
        stack.wait_until_done(naps)
        assert stack.count("begun", naps) == once(naps)

    def test_a_stop_gives_a_long_task_back_at_once(self, stack: Stack) -> None:
        naps = stack.naps(1, LONG)
        wait_until(lambda: stack.count("begun", naps), "it is begun")
        assert stack.stop() < LONG
        assert not stack.count("done", naps)
        stack.start()
        # Not as late as if it had been lost.
        stack.wait_until_done(naps, seconds=LONG + 8)
        assert stack.count("done", naps) == once(naps)

    def test_no_task_is_lost_where_the_worker_is_killed(self, stack: Stack) -> None:
        naps = stack.naps(8, 0.7)
        wait_until(lambda: len(stack.count("done", naps)) >= 2, "some are done")
        docker("kill", stack.worker.id)
        assert stack.worker.exit_code() == 137
        stack.start()
        stack.wait_until_done(naps, seconds=60)
        assert set(stack.count("begun", naps).values()) <= {1, 2}

    def test_a_task_that_ends_its_process_is_tried_again_and_then_given_up(
        self, stack: Stack
    ) -> None:
        stack.call("crash")

        def attempts() -> int:
            return sum(entry["message"] == "begun crash" for entry in stack.log())

        wait_until(lambda: attempts() == 4, "it has been tried four times")
        naps = stack.naps(1, 0)
        stack.wait_until_done(naps)
        assert attempts() == 4

    def test_a_task_that_takes_too_long_is_told_and_then_ended(self, stack: Stack) -> None:
        stack.call("oversleep")
        naps = stack.naps(1, 0)
        stack.wait_until_logged("told that the time is over")
        stack.wait_until_logged("Hard time limit (10s) exceeded")
        stack.wait_until_done(naps)
        assert sum(entry["message"] == "begun oversleep" for entry in stack.log()) == 1

    def test_it_is_unhealthy_while_its_broker_is_away_and_loses_no_task(self, stack: Stack) -> None:
        naps = stack.naps(2, LONG)
        wait_until(lambda: stack.count("begun", naps), "one is begun")
        stack.compose("kill", stack.broker)
        stack.wait_until_health("unhealthy", seconds=45)
        stack.compose("start", stack.broker)
        stack.wait_until_health("healthy", seconds=60)
        stack.wait_until_done(naps, seconds=90)

    def test_it_is_unhealthy_while_its_broker_hangs(self, stack: Stack) -> None:
        broker = stack.compose.container(stack.broker)
        docker("pause", broker.id)
        try:
            stack.wait_until_health("unhealthy", seconds=60)
        finally:
            docker("unpause", broker.id)
        stack.wait_until_health("healthy", seconds=60)

    def test_the_password_is_nowhere_but_in_its_file(self, stack: Stack) -> None:
        secret = (stack.project.path / "secrets" / f"{stack.broker}_password").read_text().strip()
        ids = stack.compose("ps", "--all", "--quiet").stdout.split()
        places = {
            "inspect": docker("inspect", *ids),
            "logs": stack.compose("logs").stdout,
            "processes": "".join(docker("top", id, "-eo", "pid,args") for id in ids),
        }
        assert [place for place, text in places.items() if not text] == []
        assert [place for place, text in places.items() if secret in text] == []


class TestRedis(Promises):
    broker = "redis"


class TestRabbitmq(Promises):
    broker = "rabbitmq"
