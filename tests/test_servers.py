"""One setting means the same to each server: whom it believes, how much it does at once."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from .docker import Container, Project, ask, container, remove_images, token, wait_for, wait_until

pytestmark = pytest.mark.engine

# By framework: a module with routes that tell what the app sees, and how they join it.
SEEN = {
    "fastapi": '''"""Routes that tell what the application sees."""

import os

from fastapi import FastAPI, Request


def join(app: FastAPI) -> None:
    @app.get("/seen")
    async def seen(request: Request) -> dict[str, str | int | None]:
        client = request.client.host if request.client else None
        return {"scheme": request.url.scheme, "client": client, "process": os.getpid()}
''',
    "flask": '''"""Routes that tell what the application sees, and how many requests at once."""

import os
import threading

from flask import Flask, request

four = threading.Barrier(4, timeout=10)
five = threading.Barrier(5, timeout=2)


def join(app: Flask) -> None:
    @app.get("/seen")
    def seen() -> dict[str, str | int | None]:
        return {"scheme": request.scheme, "client": request.remote_addr, "process": os.getpid()}

    @app.get("/four")
    def meet_four() -> dict[str, int]:
        return {"met": four.wait()}

    @app.get("/five")
    def meet_five() -> dict[str, int]:
        return {"met": five.wait()}
''',
}
SERVED = [
    ("fastapi", "granian"),
    ("fastapi", "uvicorn"),
    ("flask", "granian"),
    ("flask", "gunicorn"),
]
each_server = pytest.mark.parametrize("served", SERVED, ids="-".join)
each_with_threads = pytest.mark.parametrize("served", SERVED[2:], ids="-".join)

Served = tuple[str, str]
Start = Callable[..., Container]

HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]


@pytest.fixture(scope="module")
def images(
    template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Served], str]]:
    """A production image for each framework and server, with these routes planted."""
    repository = f"pydocker-template-test-{token()}"
    built = []

    @cache
    def make(served: Served) -> str:
        framework, server = served
        name = f"{framework}-{server}"
        answers = {"framework": framework, "server": server, "python_version": "3.13"}
        path = tmp_path_factory.mktemp("servers") / name
        project = Project.render(template, path, f"{name}-app", **answers)
        main = f"src/{project.module}/main.py"
        (project.source / "planted.py").write_text(SEEN[framework])
        project.edit(main, "    return app\n", "    planted.join(app)\n    return app\n")
        project.edit(main, "from . import ", "from . import planted\nfrom . import ")
        project.lock()
        built.append(f"{repository}:{name}")
        project.build("--load", "--tag", built[-1])
        return built[-1]

    yield make
    remove_images(*built)


@pytest.fixture(scope="module")
def start(images: Callable[[Served], str]) -> Iterator[Start]:
    """A container of an image with these settings; the same ones share it."""
    running = []

    @cache
    def run(served: Served, **variables: str) -> Container:
        given = [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]
        context = container(images(served), *HARDENED, *given)
        started = context.__enter__()
        running.append(context)
        wait_for(started.port, "/health")
        return started

    yield run
    for context in running:
        context.__exit__(None, None, None)


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
def test_a_trusted_proxy_tells_who_asks_and_by_which_scheme(start: Start, served: Served) -> None:
    started = start(served, TRUSTED_PROXIES=TRUSTED)
    headers = [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https")]
    assert seen_from_inside(started, *headers) == ("https", "203.0.113.7")


@each_server
def test_a_trusted_proxy_that_says_nothing_is_who_asks(start: Start, served: Served) -> None:
    started = start(served, TRUSTED_PROXIES=TRUSTED)
    assert seen_from_inside(started) == ("http", "127.0.0.1")


@each_server
def test_what_a_client_says_of_itself_does_not_count_behind_a_proxy(
    start: Start, served: Served
) -> None:
    """A proxy adds the address that it sees, in the same line or in one more."""
    started = start(served, TRUSTED_PROXIES=TRUSTED)
    one = [("X-Forwarded-For", "198.51.100.66, 203.0.113.7, 192.0.2.9")]
    assert seen_from_inside(started, *one) == ("http", "203.0.113.7")
    two = [("X-Forwarded-For", "198.51.100.66"), ("X-Forwarded-For", "203.0.113.7")]
    assert seen_from_inside(started, *two) == ("http", "203.0.113.7")


@each_server
def test_nobody_else_is_believed(start: Start, served: Served) -> None:
    started = start(served, TRUSTED_PROXIES=TRUSTED)
    lies = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    honest = ask(started.port, "/seen").json()
    assert honest["client"] != "127.0.0.1", "it comes from outside"
    assert ask(started.port, "/seen", **lies).json() == honest
    assert honest["scheme"] == "http"


@each_server
def test_nobody_is_believed_by_default(start: Start, served: Served) -> None:
    headers = [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https")]
    assert seen_from_inside(start(served), *headers) == ("http", "127.0.0.1")


# ── Workers and threads are settings, whatever machine it runs on ────────────────────────────────


def processes(started: Container) -> set[int]:
    """Those that answered one of many requests, each over a connection of its own."""
    return {ask(started.port, "/seen").json()["process"] for _ in range(20)}


@each_server
def test_one_process_answers_by_default(start: Start, served: Served) -> None:
    assert len(processes(start(served))) == 1


@each_server
def test_as_many_processes_answer_as_there_should_be_workers(start: Start, served: Served) -> None:
    started = start(served, WORKERS="2")
    # The second one may still be starting.
    wait_until(lambda: len(processes(started)) == 2, "both have answered")


def meet(started: Container, path: str, number: int) -> list[int]:
    """The statuses of that many requests, of which none is answered before all are there."""
    with ThreadPoolExecutor(number) as pool:
        asked = [pool.submit(ask, started.port, path) for _ in range(number)]
        return [each.result().status for each in asked]


@each_with_threads
def test_a_process_answers_four_requests_at_once_by_default(start: Start, served: Served) -> None:
    assert meet(start(served), "/four", 4) == [200] * 4
    assert 500 in meet(start(served), "/five", 5)


@each_with_threads
def test_a_process_answers_as_many_requests_at_once_as_it_has_threads(
    start: Start, served: Served
) -> None:
    assert meet(start(served, THREADS="5"), "/five", 5) == [200] * 5
