"""Health: /health says that the process lives, /ready that it can do its work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse

TIMEOUT = 1.0  # seconds; a prober that waits longer would call the application dead

log = logging.getLogger(__name__)


class Probe:
    """Asks one service whether it answers, with one question under way at most.

    A question that hangs is left alone, not cancelled: some drivers hold the caller until
    the server answers the cancellation too. The next check waits for the same question.
    """

    def __init__(self, ping: Callable[[], Awaitable[None]]) -> None:
        self._ping = ping
        self._question: asyncio.Future[None] | None = None

    async def state(self) -> str:
        if self._question is None or self._question.done():
            self._question = asyncio.ensure_future(self._ping())
        await asyncio.wait({self._question}, timeout=TIMEOUT)
        if not self._question.done():
            return "no answer"
        if error := self._question.exception():
            log.warning("not ready: %s", type(error).__name__)
            return "unreachable"
        return "ok"


async def health(request: Request) -> JSONResponse:
    """Touches nothing else: a broken database must not get a healthy process killed."""
    return JSONResponse({"status": "healthy"})


async def ready(request: Request) -> JSONResponse:
    """Asks every service at once; 503 keeps traffic away until all of them answer."""
    probes: dict[str, Probe] = request.app.state.probes
    states = await asyncio.gather(*(probe.state() for probe in probes.values()))
    is_ready = all(state == "ok" for state in states)
    return JSONResponse(
        {
            "status": "ready" if is_ready else "not ready",
            "services": dict(zip(probes, states, strict=True)),
        },
        status_code=200 if is_ready else 503,
    )
