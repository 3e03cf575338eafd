"""Middleware: what happens around every request."""

import re
import secrets
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wsgi import ClosingIterator

from . import logs

# A caller may bring its own id, so that one id follows a request through many services.
ACCEPTED = re.compile(r"[\w.-]{1,64}")


class RequestId:
    """Name the request in every line that is logged for it, and in the answer's headers."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        brought = environ.get("HTTP_X_REQUEST_ID", "")
        current = brought if ACCEPTED.fullmatch(brought) else secrets.token_hex(16)

        def start_with_id(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, [*headers, ("x-request-id", current)], *error)

        logs.context.set({"request_id": current})
        # Some answers are made while they are sent: the request is over when they are closed.
        return ClosingIterator(self.app(environ, start_with_id), forget)


def forget() -> None:
    logs.context.set(None)
