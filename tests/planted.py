"""What a user would add to each web kind: routes that take their time, and one that fails.

/slow     logs `slow begun`, answers {"slow": "done"} after three seconds
/stream   logs `stream at N` and sends N, for 0 to 5, every half second
/broken   raises RuntimeError("planted,\\non two lines")
"""

from dataclasses import dataclass, field

from .docker import Project


@dataclass(frozen=True)
class Routes:
    code: str  # of a module `planted`
    known_to: str  # the module that is to know it
    edits: tuple[tuple[str, str], ...]  # what stands there once, and what shall instead
    # Settings with which they can be asked for.
    settings: dict[str, str] = field(default_factory=dict)

    def plant(self, project: Project) -> None:
        (project.source / "planted.py").write_text(self.code)
        for old, new in self.edits:
            project.edit(f"src/{project.module}/{self.known_to}", old, new)


FASTAPI = '''"""Routes to stop in the middle of."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

log = logging.getLogger(__name__)
router = APIRouter()


@router.get("/slow")
async def slow() -> dict[str, str]:
    log.info("slow begun")
    await asyncio.sleep(3)
    return {"slow": "done"}


@router.get("/stream")
async def stream() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        for number in range(6):
            log.info("stream at %s", number)
            yield b"%d\\n" % number
            await asyncio.sleep(0.5)

    return StreamingResponse(parts())


@router.get("/broken")
async def broken() -> None:
    raise RuntimeError("planted,\\non two lines")


@router.get("/seen")
async def seen(request: Request) -> dict[str, str | int | None]:
    client = request.client.host if request.client else None
    return {"scheme": request.url.scheme, "client": client, "process": os.getpid()}
'''

FLASK = '''"""Routes to stop in the middle of."""

import logging
import os
import time
from collections.abc import Iterator
from threading import Barrier

from flask import Blueprint, Response, request

four = Barrier(4, timeout=10)
five = Barrier(5, timeout=2)
log = logging.getLogger(__name__)
blueprint = Blueprint("planted", __name__)


@blueprint.get("/slow")
def slow() -> dict[str, str]:
    log.info("slow begun")
    time.sleep(3)
    return {"slow": "done"}


@blueprint.get("/stream")
def stream() -> Response:
    def parts() -> Iterator[bytes]:
        for number in range(6):
            log.info("stream at %s", number)
            yield b"%d\\n" % number
            time.sleep(0.5)

    return Response(parts())


@blueprint.get("/broken")
def broken() -> None:
    raise RuntimeError("planted,\\non two lines")


@blueprint.get("/seen")
def seen() -> dict[str, str | int | None]:
    return {"scheme": request.scheme, "client": request.remote_addr, "process": os.getpid()}


@blueprint.get("/four")
def meet_four() -> dict[str, int]:
    return {"met": four.wait()}


@blueprint.get("/five")
def meet_five() -> dict[str, int]:
    return {"met": five.wait()}
'''

DJANGO = '''"""Routes to stop in the middle of."""

import logging
import os
import time
from collections.abc import Iterator
from threading import Barrier

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

four = Barrier(4, timeout=10)
five = Barrier(5, timeout=2)
log = logging.getLogger(__name__)


def slow(request: HttpRequest) -> HttpResponse:
    log.info("slow begun")
    time.sleep(3)
    return JsonResponse({"slow": "done"})


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        for number in range(6):
            log.info("stream at %s", number)
            yield b"%d\\n" % number
            time.sleep(0.5)

    return StreamingHttpResponse(parts())


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("planted,\\non two lines")


def seen(request: HttpRequest) -> HttpResponse:
    client = request.META["REMOTE_ADDR"]
    return JsonResponse({"scheme": request.scheme, "client": client, "process": os.getpid()})


def meet_four(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"met": four.wait()})


def meet_five(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"met": five.wait()})


urlpatterns = [
    path("slow", slow),
    path("stream", stream),
    path("broken", broken),
    path("seen", seen),
    path("four", meet_four),
    path("five", meet_five),
]
'''

ROUTES = {
    "fastapi": Routes(
        FASTAPI,
        "main.py",
        (
            ("from . import ", "from . import planted\nfrom . import "),
            ("    return app\n", "    app.include_router(planted.router)\n    return app\n"),
        ),
    ),
    "flask": Routes(
        FLASK,
        "main.py",
        (
            ("from . import ", "from . import planted\nfrom . import "),
            ("    return app\n", "    app.register_blueprint(planted.blueprint)\n    return app\n"),
        ),
    ),
    "django": Routes(
        DJANGO,
        "urls.py",
        (
            (
                "from .notes import urls as notes\n",
                "from . import planted\nfrom .notes import urls as notes\n",
            ),
            ("urlpatterns = [\n", 'urlpatterns = [\n    path("", include(planted)),\n'),
        ),
        # Else it sends everybody to HTTPS first.
        settings={"HTTPS_ONLY": "false"},
    ),
}
