"""Greetings: the smallest resource. Each resource gets a module like this one."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

router = APIRouter(prefix="/greetings", tags=["greetings"])


class Greeting(BaseModel):
    message: str


@router.get("/{name}")
async def greet(name: Annotated[str, Path(max_length=50)]) -> Greeting:
    return Greeting(message=f"Hello, {name}!")
