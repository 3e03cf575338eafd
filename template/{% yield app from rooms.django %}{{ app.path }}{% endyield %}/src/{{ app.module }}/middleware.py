"""Middleware: what happens around every request."""

import re
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from . import logs

# What comes next: another middleware, and after the last one the view.
Next = Callable[[HttpRequest], HttpResponse]

# A caller may bring its own id, so that one id follows a request through many services.
ACCEPTED = re.compile(r"[\w.-]{1,64}")


def request_id(get_response: Next) -> Next:
    """Name the request in every line that is logged for it, and in the answer's headers."""

    def middleware(request: HttpRequest) -> HttpResponse:
        brought = request.headers.get("x-request-id", "")
        current = brought if ACCEPTED.fullmatch(brought) else secrets.token_hex(16)
        # Until the next request: Django logs how this one ended after it is answered here.
        logs.context.set({"request_id": current})
        response = get_response(request)
        response["x-request-id"] = current
        return response

    return middleware
