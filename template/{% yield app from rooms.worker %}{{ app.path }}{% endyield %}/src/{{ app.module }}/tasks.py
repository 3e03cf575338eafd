"""Tasks: what the worker does.

A task may run more than once: after a failure, a crash, or a stop that could not wait for it. So
each must be idempotent: running it twice leaves what running it once would leave.
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

from .settings import Settings
from .worker import app

# Those who send an event know this task by its name alone.
ANNOUNCE = f"{__package__}.tasks.announce"

TIMEOUT = 10.0  # seconds, for each answer of a receiver

log = logging.getLogger(__name__)


class UnavailableError(Exception):
    """The receiver cannot take the event now. It may later."""


class RefusedError(Exception):
    """The receiver rejects the event, and would reject it again."""


@app.task(
    bind=True,
    # Temporary failures are retried after up to 1, 2, 4 … 64 seconds, with random jitter.
    autoretry_for=(UnavailableError, OSError, HTTPException),
    max_retries=7,
    retry_backoff=True,
)
def deliver(self: Task[Any, Any], url: str, event: dict[str, Any]) -> None:
    """Post an event to a receiver, a webhook."""
    # The same in every attempt, so that the receiver recognizes an event that it already has.
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(self.request.id)}
    status = post(url, json.dumps(event), headers)
    receiver = urlsplit(url).hostname
    if status >= 500 or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise UnavailableError(f"{receiver} answered {status}")
    if status >= 300:
        raise RefusedError(f"{receiver} answered {status}")
    log.info("delivered to %s", receiver)


@app.task(bind=True, name=ANNOUNCE)
def announce(self: Task[Any, Any], event: dict[str, Any]) -> None:
    """Deliver an event to all RECEIVERS, each in a task of its own: none waits for another.

    Senders cannot choose the receivers. Otherwise whoever can make one send an event could have
    the worker call any address, inside the network too.
    """
    receivers = Settings.load().receivers
    if not receivers:
        log.warning("nobody has subscribed to events: RECEIVERS is empty")
    for url in receivers:
        # The id follows from this task's id: if this task runs again, it sends nothing new.
        task_id = uuid5(NAMESPACE_URL, f"{self.request.id} {url}")
        deliver.apply_async((url, event), task_id=str(task_id))


def post(url: str, body: str, headers: dict[str, str]) -> int:
    address = urlsplit(url)
    connect = HTTPSConnection if address.scheme == "https" else HTTPConnection
    with closing(connect(address.netloc, timeout=TIMEOUT)) as connection:
        connection.request("POST", address._replace(scheme="", netloc="").geturl(), body, headers)
        return connection.getresponse().status
