"""Inputs: what a request brings is checked before a route works with it."""

from typing import NoReturn, Self

from flask import abort, make_response, request
from pydantic import BaseModel, ValidationError


class Input(BaseModel):
    """What is not as the fields describe it is answered with 422, and with what is wrong."""

    @classmethod
    def from_body(cls) -> Self:
        try:
            return cls.model_validate_json(request.get_data())
        except ValidationError as error:
            refuse(error)

    @classmethod
    def from_query(cls) -> Self:
        try:
            return cls.model_validate(request.args.to_dict())
        except ValidationError as error:
            refuse(error)


def refuse(error: ValidationError) -> NoReturn:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    abort(make_response({"detail": problems}, 422))
