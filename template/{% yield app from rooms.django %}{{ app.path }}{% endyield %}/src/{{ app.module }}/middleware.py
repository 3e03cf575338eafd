"""Middleware: what happens around every request."""

import logging
import re
import secrets
from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from . import logs

# What comes next: another middleware or, after the last one, the view.
Next = Callable[[HttpRequest], HttpResponse]

# Callers may send an id of their own, so that one id follows a request through many services.
ACCEPTED = re.compile(r"[\w.-]{1,64}")

log = logging.getLogger(__name__)


def request_id(get_response: Next) -> Next:
    """Put the request's id into every line logged for it, and into the response's headers."""

    def middleware(request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("x-request-id", "")
        current = sent if ACCEPTED.fullmatch(sent) else secrets.token_hex(16)
        # It stays set until the next request: Django logs a failed response after this returns.
        logs.context.set({"request_id": current})
        response = get_response(request)
        response["x-request-id"] = current
        return response

    return middleware


class DatabaseOutage:
    """Answer 503, not 500, when the database cannot be reached: this is not a bug, try again."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, _: HttpRequest, error: Exception) -> HttpResponse | None:
        if settings.DEBUG or not isinstance(error, (OperationalError, InterfaceError)):
            return None
        # Without the traceback, which would be the same for every request of the outage.
        log.error("the database failed: %s", error)
        return HttpResponse(
            "The service is temporarily unavailable. Please try again.\n",
            content_type="text/plain",
            status=503,
            headers={"Retry-After": "5"},
        )
