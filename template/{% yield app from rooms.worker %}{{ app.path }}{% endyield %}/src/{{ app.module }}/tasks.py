"""Tasks: what the worker does.

A task may be begun more than once: after a failure, a crash, or a stop that could not wait for it.
So each must be idempotent: done twice, it leaves what it would leave when done once.
"""

import json
import logging
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from celery import Task

from .worker import app

TIMEOUT = 10.0  # seconds, for each answer of a receiver

log = logging.getLogger(__name__)


class UnavailableError(Exception):
    """The receiver could not take the event now. Later it may."""


class RefusedError(Exception):
    """The receiver does not want the event. It would not want it later either."""


@app.task(
    bind=True,
    # What passes by itself is tried again, after up to 1, 2, 4 … 64 seconds: chance spreads them.
    autoretry_for=(UnavailableError, OSError, HTTPException),
    max_retries=7,
    retry_backoff=True,
)
def deliver(self: Task[Any, Any], url: str, event: dict[str, Any]) -> None:
    """Post an event to a receiver that subscribed to it, a webhook."""
    # The same in every attempt: by it the receiver knows an event that it already has.
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(self.request.id)}
    status = post(url, json.dumps(event), headers)
    receiver = urlsplit(url).hostname
    if status >= 500 or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise UnavailableError(f"{receiver} answered {status}")
    if status >= 300:
        raise RefusedError(f"{receiver} answered {status}")
    log.info("delivered to %s", receiver)


@app.task(bind=True)
def announce(self: Task[Any, Any], urls: list[str], event: dict[str, Any]) -> None:
    """Deliver an event to many receivers, each by a task of its own: none waits for another."""
    for url in urls:
        # An id that follows from this task's: begun again, it sends nothing that is new.
        task_id = uuid5(NAMESPACE_URL, f"{self.request.id} {url}")
        deliver.apply_async((url, event), task_id=str(task_id))


def post(url: str, body: str, headers: dict[str, str]) -> int:
    address = urlsplit(url)
    connect = HTTPSConnection if address.scheme == "https" else HTTPConnection
    with closing(connect(address.netloc, timeout=TIMEOUT)) as connection:
        connection.request("POST", address._replace(scheme="", netloc="").geturl(), body, headers)
        return connection.getresponse().status
