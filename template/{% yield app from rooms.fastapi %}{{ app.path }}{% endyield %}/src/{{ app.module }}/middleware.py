"""Middleware: what happens around every request."""

import logging
import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import logs

log = logging.getLogger(__name__)

# A caller may send its own id, so that one id follows a request through several services.
ACCEPTED = re.compile(r"[\w.-]{1,64}")


class RequestId:
    """Give each request an id, in every line logged for it and in the response's headers.

    The 500 is made here, too: Starlette's own comes from outside of all middleware, where it
    would have no id, and where the exception would be logged without one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        received = Headers(scope=scope).get("x-request-id", "")
        current = received if ACCEPTED.fullmatch(received) else secrets.token_hex(16)

        responding = False

        async def send_with_id(message: Message) -> None:
            nonlocal responding
            if message["type"] == "http.response.start":
                responding = True
                MutableHeaders(scope=message)["x-request-id"] = current
            await send(message)

        token = logs.context.set({"request_id": current})
        try:
            await self.app(scope, receive, send_with_id)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            if responding:
                raise
            failure = JSONResponse({"detail": "Internal Server Error"}, status_code=500)
            await failure(scope, receive, send_with_id)
        finally:
            logs.context.reset(token)
