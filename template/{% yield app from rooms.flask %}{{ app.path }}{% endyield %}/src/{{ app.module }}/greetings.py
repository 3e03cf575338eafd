"""Greetings: the smallest resource. Each resource gets a module like this one."""

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue

blueprint = Blueprint("greetings", __name__, url_prefix="/greetings")


@blueprint.get("/<name>")
def greet(name: str) -> ResponseReturnValue:
    if len(name) > 50:
        abort(422, "a name has at most 50 letters")
    return {"message": f"Hello, {name}!"}
