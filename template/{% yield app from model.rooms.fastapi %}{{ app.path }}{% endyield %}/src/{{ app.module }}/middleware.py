"""Middleware: what happens around every request."""

import re
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .logs import request_id

# A caller may bring its own id, so that one id follows a request through many services.
ACCEPTED = re.compile(r"[\w.-]{1,64}")


class RequestId:
    """Name the request in every line that is logged for it, and in the answer's headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        brought = Headers(scope=scope).get("x-request-id", "")
        current = brought if ACCEPTED.fullmatch(brought) else uuid4().hex

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = current
            await send(message)

        token = request_id.set(current)
        try:
            await self.app(scope, receive, send_with_id)
        finally:
            request_id.reset(token)
