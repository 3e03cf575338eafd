"""A job's image: a run whose exit code tells, and a clock that never starts two at once."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from .docker import (
    Compose,
    Container,
    Project,
    container,
    docker,
    inspect,
    remove_images,
    token,
    wait_until,
)
from .variants import HARDENED

pytestmark = pytest.mark.engine

SLUG = f"nightly-job-{token()}"
PACKAGE = SLUG.replace("-", "_")
SCHEDULE = (SLUG, "schedule")
EVERY_SECOND = "* * * * * *"  # six fields, the first are seconds
NEW_YEAR = "0 0 1 1 *"

# Work that a test brings along, in the place of the example's.
WORK = '''"""Whatever the test wants."""

import os
import time
from datetime import date
from pathlib import Path


def write(folder: Path, day: date) -> None:
    exec(os.environ["WORK"], {"folder": folder, "time": time})
'''
STUBBORN = """
while True:
    try:
        time.sleep(60)
    except TimeoutError:
        pass
"""

Start = Callable[..., AbstractContextManager[Container]]


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with its lock. Copy it before you change it."""
    path = tmp_path_factory.mktemp("job") / SLUG
    made = Project.render(template, path, SLUG, framework="job", python_version="3.13")
    made.lock()
    return made


@pytest.fixture(scope="module")
def image(project: Project) -> Iterator[str]:
    name = f"pydocker-template-test-{token()}:job"
    try:
        project.build("--load", "--tag", name)
        yield name
    finally:
        remove_images(name)


@pytest.fixture
def volume() -> Iterator[str]:
    name = f"pydocker-template-test-{token()}"
    docker("volume", "create", name)
    yield name
    docker("volume", "rm", "--force", name)


def variables(**values: str) -> list[str]:
    return [part for name, value in values.items() for part in ("--env", f"{name}={value}")]


@pytest.fixture
def start(image: str, volume: str, tmp_path: Path) -> Start:
    """Start a container that keeps its data in the test's volume, with work of the test's own."""
    work = tmp_path / "summary.py"
    work.write_text(WORK)
    package = f"/opt/venv/lib/python3.13/site-packages/{PACKAGE}"

    def make(
        work_code: str = "", *options: str, command: tuple[str, ...] = (), **settings: str
    ) -> AbstractContextManager[Container]:
        mounts = ["--volume", f"{volume}:/data"]
        if work_code:
            mounts += ["--volume", f"{work}:{package}/summary.py:ro"]
            settings["WORK"] = work_code
        chosen = variables(**settings)
        return container(image, *HARDENED, *mounts, *chosen, *options, command=command)

    return make


def entries(started: Container) -> list[dict[str, Any]]:
    """Its log, in which every line must be an object."""
    parsed = [json.loads(line) for line in started.logs().stdout.splitlines()]
    assert all(isinstance(entry, dict) for entry in parsed)
    return parsed


def messages(started: Container) -> list[str]:
    return [entry["message"] for entry in entries(started)]


def begun(started: Container) -> bool:
    return "started" in messages(started)


def health(started: Container) -> str:
    state: str = started.inspect()["State"]["Health"]["Status"]
    return state


# ── One run ──────────────────────────────────────────────────────────────────────────────────────


def test_a_plain_run_ends_with_exit_code_0_and_is_logged_under_one_id(start: Start) -> None:
    with start() as once:
        assert once.exit_code() == 0
        assert len({entry["run_id"] for entry in entries(once)}) == 1
        assert once.logs().stderr == "", "nothing goes another way"


def test_two_runs_on_a_day_leave_the_same_one_file(start: Start, volume: str, image: str) -> None:
    for _ in range(2):
        with start() as once:
            assert once.exit_code() == 0
    look = ["--rm", "--volume", f"{volume}:/data", "--entrypoint", "ls", image, "/data"]
    assert re.fullmatch(r"summary-\d{4}-\d\d-\d\d\.json", docker("run", *look))


def test_a_failed_run_ends_with_exit_code_1_and_says_why(start: Start) -> None:
    with start("raise RuntimeError('planted')") as once:
        assert once.exit_code() == 1
        (failure,) = (entry for entry in entries(once) if entry["level"] == "ERROR")
    assert "RuntimeError: planted" in failure["exception"]
    assert failure["run_id"]


def test_a_run_that_takes_too_long_fails_and_names_the_limit(start: Start) -> None:
    with start("time.sleep(60)", JOB_TIMEOUT="1") as once:
        assert once.exit_code() == 1
        assert "JOB_TIMEOUT" in entries(once)[-1]["exception"]


def test_a_run_that_does_not_end_by_itself_is_ended(start: Start) -> None:
    with start(STUBBORN, JOB_TIMEOUT="1") as once:
        assert once.exit_code() == 1
        assert "summary.py" in once.logs().stderr, "it says where it hung"


def test_a_second_run_does_not_start_until_the_first_is_gone(start: Start) -> None:
    with start("time.sleep(60)") as first:
        wait_until(lambda: begun(first), "the first run has begun")
        with start() as second:
            assert second.exit_code() == 75
            assert messages(second) == ["not started: another run is under way"]
        docker("kill", first.id)
    with start() as third:
        assert third.exit_code() == 0, "a killed run leaves no lock behind"


def test_a_stop_ends_a_run_at_once(start: Start) -> None:
    with start("time.sleep(60)") as once:
        wait_until(lambda: begun(once), "the run has begun")
        asked = time.monotonic()
        assert once.stop() == 143
        assert time.monotonic() - asked < 5
        assert "stopped after" in messages(once)[-1]


def test_a_container_that_runs_it_once_is_healthy(start: Start) -> None:
    with start("time.sleep(60)") as once:
        wait_until(lambda: health(once) == "healthy", "the engine calls it healthy")


# ── By the clock ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "value"), [("SCHEDULE", "61 * * * *"), ("TIME_ZONE", "Mars/Olympus_Mons")]
)
def test_a_wrong_schedule_stops_the_start_by_name(start: Start, name: str, value: str) -> None:
    with start(command=SCHEDULE, **{name: value}) as refused:
        assert refused.exit_code() == 1
        assert name in refused.logs().stderr
        assert "Traceback" not in refused.logs().stderr


def test_it_is_healthy_before_the_first_run_and_stops_at_once(start: Start) -> None:
    berlin = {"SCHEDULE": "30 2 * * *", "TIME_ZONE": "Europe/Berlin"}
    with start(command=SCHEDULE, **berlin) as clock:
        wait_until(lambda: health(clock) == "healthy", "the engine calls it healthy", seconds=15)
        wait_until(lambda: messages(clock), "it has looked at the clock")
        assert re.search(r"02:30:00\+0[12]:00$", messages(clock)[0]), "by the zone's own time"
        process = clock.exec("cat", "/proc/1/status").stdout
        assert re.search(r"^Uid:\s+10001\s+10001", process, re.MULTILINE)
        assert re.search(r"^CapEff:\s+0+$", process, re.MULTILINE)
        asked = time.monotonic()
        assert clock.stop() == 0
        assert time.monotonic() - asked < 3


def test_a_stop_waits_for_the_run_that_is_under_way(start: Start) -> None:
    with start("time.sleep(4)", command=SCHEDULE, SCHEDULE=EVERY_SECOND) as clock:
        wait_until(lambda: begun(clock), "a run has begun")
        assert clock.stop() == 0
        assert messages(clock)[-2:] == ["done in 4.0 seconds", "stopped"]


def test_what_came_due_during_a_run_is_dropped(start: Start) -> None:
    with start("time.sleep(2)", command=SCHEDULE, SCHEDULE=EVERY_SECOND) as clock:
        wait_until(lambda: messages(clock).count("started") == 3, "the third run has begun")
        clock.stop()
        log = entries(clock)
    whole = [entry["message"] for entry in log if entry["logger"].endswith(".runs")]
    assert whole == ["started", "done in 2.0 seconds"] * 3, "one after the other"
    assert len({entry["run_id"] for entry in log if "run_id" in entry}) == 3


def test_it_is_unhealthy_from_a_failed_run_to_the_next_good_one(start: Start) -> None:
    work = "assert not (folder / 'broken').exists()"
    often = ("--health-interval", "1s", "--health-retries", "1")
    with start(work, *often, command=SCHEDULE, SCHEDULE=EVERY_SECOND) as clock:
        wait_until(lambda: "done in 0.0 seconds" in messages(clock), "a run went well")
        wait_until(lambda: health(clock) == "healthy", "the engine calls it healthy")
        clock.exec("touch", "/data/broken")
        wait_until(lambda: health(clock) == "unhealthy", "a failed run counts")
        assert "the run failed with exit code 1" in messages(clock)
        told = clock.inspect()["State"]["Health"]["Log"][-1]["Output"]
        assert "the last run failed with exit code 1" in told
        clock.exec("rm", "/data/broken")
        wait_until(lambda: health(clock) == "healthy", "the next good run counts")


def test_a_run_that_is_killed_does_not_take_the_clock_along(start: Start) -> None:
    work = "__import__('os').kill(__import__('os').getpid(), 9)"
    with start(work, command=SCHEDULE, SCHEDULE=EVERY_SECOND) as clock:
        failed = "the run failed with exit code -9"
        wait_until(lambda: messages(clock).count(failed) == 2, "it failed twice")
        assert clock.stop() == 0


def test_it_is_unhealthy_where_a_run_is_overdue(start: Start, image: str) -> None:
    kind, *probe = inspect(image, "image")["Config"]["Healthcheck"]["Test"]
    assert kind == "CMD", "no shell"
    with start(command=SCHEDULE, SCHEDULE=NEW_YEAR) as clock:
        wait_until(lambda: messages(clock), "the clock runs")
        assert clock.exec(*probe).returncode == 0
        clock.exec("sh", "-c", "echo 0 1000000000 > /dev/shm/health")
        late = clock.exec(*probe, check=False)
        assert late.returncode == 1
        assert "overdue" in late.stderr


# ── Compose ──────────────────────────────────────────────────────────────────────────────────────


def test_development_runs_it_at_the_start_and_after_every_saved_file(
    project: Project, tmp_path: Path
) -> None:
    copy = project.copy(tmp_path / "development")
    compose = Compose(copy, variables=copy.give_to_developer())

    def done() -> int:
        return compose("logs", "app").stdout.count("done in")

    try:
        compose.up()
        wait_until(lambda: done() == 1, "it ran", seconds=120)
        assert "summary-" in compose("run", "--rm", "app", "ls", "/data").stdout
        copy.append(f"src/{PACKAGE}/summary.py", "\n# saved\n")
        wait_until(lambda: done() == 2, "it ran again")
    finally:
        compose.remove(f"{SLUG}-development")


def test_production_runs_it_by_the_clock_with_no_more_rights_than_it_needs(
    project: Project, image: str, tmp_path: Path
) -> None:
    copy = project.copy(tmp_path / "production")
    registry = f"registry.invalid/{token()}"
    copy.edit("compose.yaml", "registry.example.com", registry)
    (copy.path / ".env").write_text("SCHEDULE=* * * * * *\nDATA_DIR=/elsewhere\n")
    docker("tag", image, f"{registry}/{SLUG}:dev")
    compose = Compose(copy, ("compose.yaml", "compose.prod.yaml"))
    try:
        compose.up()
        clock = compose.container("app")
        wait_until(lambda: "done in 0.0 seconds" in messages(clock), "it ran")
        host = clock.inspect()["HostConfig"]
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert not host["PortBindings"]
        (mount,) = (each for each in clock.inspect()["Mounts"] if each["Type"] == "volume")
        assert (mount["Destination"], mount["Name"]) == ("/data", f"{SLUG}-production_app")
        assert clock.inspect()["Config"]["StopTimeout"] > 300, "longer than a run may take"
        assert clock.stop() == 0
    finally:
        compose.remove(f"{registry}/{SLUG}:dev")
