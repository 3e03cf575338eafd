"""Middleware: what happens around every request."""

import re
import secrets
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wsgi import ClosingIterator

from . import logs

# A caller may send its own id, so that one id follows a request through several services.
ACCEPTED = re.compile(r"[\w.-]{1,64}")


class RequestId:
    """Give each request an id, in every line logged for it and in the response's headers."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        received = environ.get("HTTP_X_REQUEST_ID", "")
        current = received if ACCEPTED.fullmatch(received) else secrets.token_hex(16)

        def start_with_id(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, [*headers, ("x-request-id", current)], *error)

        logs.context.set({"request_id": current})
        # A streamed response is made while it is sent: the request is over when it is closed.
        return ClosingIterator(self.app(environ, start_with_id), forget)


def forget() -> None:
    logs.context.set(None)
