"""Errors: every error is answered in JSON, and reveals nothing of the internals."""

from flask import Flask, json
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, as_json)


def as_json(error: HTTPException) -> Response:
    """For `abort(404)` and the like; an exception arrives as a 500, after Flask has logged it."""
    response = error.get_response()  # with its headers, such as Allow
    response.data = json.dumps({"detail": error.description})
    response.content_type = "application/json"
    return response
