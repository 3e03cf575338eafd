"""Errors: whatever goes wrong is answered in JSON, and says nothing of what is inside."""

from flask import Flask, json
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, as_json)


def as_json(error: HTTPException) -> Response:
    """`abort(404)` and its like; an exception arrives as a 500, after Flask has logged it."""
    response = error.get_response()  # with the headers that belong to it, Allow for example
    response.data = json.dumps({"detail": error.description})
    response.content_type = "application/json"
    return response
