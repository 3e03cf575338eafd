"""Every web kind under each of its servers: one setting means the same, and nothing is cut off."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from typing import Any

import pytest

from .catalogue import FRAMEWORKS
from .conftest import Images, Projects, Tag
from .docker import Answer, Container, ask, container, wait_for, wait_until
from .planted import ROUTES
from .variants import HARDENED, SERVED, Variant, environment, needed

pytestmark = pytest.mark.engine

each_server = pytest.mark.parametrize("variant", SERVED, ids=str)
each_with_threads = pytest.mark.parametrize(
    "variant", [variant for variant in SERVED if variant.interface == "wsgi"], ids=str
)


def test_every_web_kind_has_routes_to_plant() -> None:
    assert set(ROUTES) == {kind for kind, row in FRAMEWORKS.items() if row["role"] == "web"}


@pytest.fixture(scope="module")
def with_routes(locked: Projects, tag: Tag, tmp_path_factory: pytest.TempPathFactory) -> Images:
    """Production images with the planted routes."""

    @cache
    def make(variant: Variant) -> str:
        project = locked(variant).copy(tmp_path_factory.mktemp("routes") / variant.slug)
        ROUTES[variant.kind].plant(project)
        image = tag(f"{variant}-routes")
        project.build("--load", "--tag", image)
        return image

    return make


@contextmanager
def running(image: str, variant: Variant, **variables: str) -> Iterator[Container]:
    settings = needed(variant) | ROUTES[variant.kind].settings | variables
    with container(image, *HARDENED, *environment(settings)) as started:
        wait_for(started.port, "/health")
        yield started


Start = Callable[..., Container]


@pytest.fixture(scope="module")
def start(with_routes: Images) -> Iterator[Start]:
    """A container with these settings; the same ones share it."""
    with ExitStack() as stack:

        @cache
        def run(variant: Variant, **variables: str) -> Container:
            context: AbstractContextManager[Container] = running(
                with_routes(variant), variant, **variables
            )
            return stack.enter_context(context)

        yield run


# ── SIGTERM: what was begun is finished, then it ends ────────────────────────────────────────────


@each_server
def test_a_stop_waits_for_the_requests_in_flight(with_routes: Images, variant: Variant) -> None:
    with running(with_routes(variant), variant) as started, ThreadPoolExecutor() as pool:
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
    with_routes: Images, variant: Variant
) -> None:
    with running(with_routes(variant), variant) as started:
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


def about_seen(started: Container) -> list[str]:
    return [entry["message"] for entry in entries(started) if "/seen" in entry["message"]]


@each_server
def test_requests_are_not_logged_unless_asked_for(start: Start, variant: Variant) -> None:
    assert ask(start(variant).port, "/seen").status == 200
    assert entries(start(variant)), "there is a log to look at"
    assert about_seen(start(variant)) == []


@each_server
def test_requests_are_logged_where_they_are_asked_for(
    with_routes: Images, variant: Variant
) -> None:
    with running(with_routes(variant), variant, ACCESS_LOG="true") as started:
        ask(started.port, "/seen")
        started.stop()
        (line,) = about_seen(started)
    assert "GET" in line
    assert "200" in line


# ── X-Forwarded-For and X-Forwarded-Proto are believed from a proxy that is trusted ──────────────

# From inside the container the app is asked by 127.0.0.1, from outside by the engine's network.
FROM_INSIDE = """
import http.client, json, sys
connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=30)
connection.putrequest("GET", "/seen")
for name, value in json.loads(sys.argv[1]):
    connection.putheader(name, value)
connection.endheaders()
print(connection.getresponse().read().decode())
"""
TRUSTED = "192.0.2.0/24, 127.0.0.1"


def seen_from_inside(started: Container, *headers: tuple[str, str]) -> tuple[str, str]:
    """The scheme and the client as the app sees them."""
    told = started.exec("python", "-c", FROM_INSIDE, json.dumps(headers)).stdout
    seen: dict[str, str] = json.loads(told)
    return seen["scheme"], seen["client"]


@each_server
def test_a_trusted_proxy_tells_who_asks_and_by_which_scheme(start: Start, variant: Variant) -> None:
    started = start(variant, TRUSTED_PROXIES=TRUSTED)
    headers = [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https")]
    assert seen_from_inside(started, *headers) == ("https", "203.0.113.7")


@each_server
def test_a_trusted_proxy_that_says_nothing_is_who_asks(start: Start, variant: Variant) -> None:
    started = start(variant, TRUSTED_PROXIES=TRUSTED)
    assert seen_from_inside(started) == ("http", "127.0.0.1")


@each_server
def test_what_a_client_says_of_itself_does_not_count_behind_a_proxy(
    start: Start, variant: Variant
) -> None:
    """A proxy adds the address that it sees, in the same line or in one more."""
    started = start(variant, TRUSTED_PROXIES=TRUSTED)
    one = [("X-Forwarded-For", "198.51.100.66, 203.0.113.7, 192.0.2.9")]
    assert seen_from_inside(started, *one) == ("http", "203.0.113.7")
    two = [("X-Forwarded-For", "198.51.100.66"), ("X-Forwarded-For", "203.0.113.7")]
    assert seen_from_inside(started, *two) == ("http", "203.0.113.7")


@each_server
def test_nobody_else_is_believed(start: Start, variant: Variant) -> None:
    started = start(variant, TRUSTED_PROXIES=TRUSTED)
    lies = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    honest = ask(started.port, "/seen").json()
    assert honest["client"] != "127.0.0.1", "it comes from outside"
    assert ask(started.port, "/seen", **lies).json() == honest
    assert honest["scheme"] == "http"


@each_server
def test_nobody_is_believed_by_default(start: Start, variant: Variant) -> None:
    headers = [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https")]
    assert seen_from_inside(start(variant), *headers) == ("http", "127.0.0.1")


# ── Workers and threads are settings, whatever machine it runs on ────────────────────────────────


def processes(started: Container) -> set[int]:
    """Those that answered one of many requests, each over a connection of its own."""
    return {ask(started.port, "/seen").json()["process"] for _ in range(20)}


@each_server
def test_one_process_answers_by_default(start: Start, variant: Variant) -> None:
    assert len(processes(start(variant))) == 1


@each_server
def test_as_many_processes_answer_as_there_should_be_workers(
    start: Start, variant: Variant
) -> None:
    started = start(variant, WORKERS="2")
    # The second one may still be starting.
    wait_until(lambda: len(processes(started)) == 2, "both have answered")


def meet(started: Container, path: str, number: int) -> list[int]:
    """The statuses of that many requests, of which none is answered before all are there."""
    with ThreadPoolExecutor(number) as pool:
        asked = [pool.submit(ask, started.port, path) for _ in range(number)]
        return [each.result().status for each in asked]


@each_with_threads
def test_a_process_answers_four_requests_at_once_by_default(start: Start, variant: Variant) -> None:
    assert meet(start(variant), "/four", 4) == [200] * 4
    assert 500 in meet(start(variant), "/five", 5)


@each_with_threads
def test_a_process_answers_as_many_requests_at_once_as_it_has_threads(
    start: Start, variant: Variant
) -> None:
    assert meet(start(variant, THREADS="5"), "/five", 5) == [200] * 5
