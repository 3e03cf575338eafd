"""Errors: what a client gets for a request that is not valid."""

import json

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response


def init_app(app: FastAPI) -> None:
    # FastAPI's own answer, but in ASCII. It quotes the input, and a string in JSON may hold half
    # a surrogate pair, which UTF-8 cannot encode.
    @app.exception_handler(RequestValidationError)
    async def unprocessable(request: Request, error: RequestValidationError) -> Response:
        body = json.dumps({"detail": jsonable_encoder(error.errors())})
        return Response(body, status_code=422, media_type="application/json")
