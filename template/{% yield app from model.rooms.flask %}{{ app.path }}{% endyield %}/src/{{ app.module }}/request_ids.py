"""Request ids: each request is named in every line that is logged for it, and in its answer."""

import re
import secrets

from flask import Flask, Response, g, request

from . import logs

# A caller may bring its own id, so that one id follows a request through many services.
ACCEPTED = re.compile(r"[\w.-]{1,64}")


def init_app(app: Flask) -> None:
    app.before_request(begin)
    app.after_request(answer)
    app.teardown_request(end)


def begin() -> None:
    brought = request.headers.get("x-request-id", "")
    g.request_id = brought if ACCEPTED.fullmatch(brought) else secrets.token_hex(16)
    logs.context.set({"request_id": g.request_id})


def answer(response: Response) -> Response:
    response.headers["x-request-id"] = g.request_id
    return response


def end(error: BaseException | None) -> None:
    """The thread goes on to the next request."""
    logs.context.set(None)
