"""Notes: a resource from its table to its routes."""

from datetime import datetime
from typing import Annotated

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import DateTime, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from .inputs import Input
from .sessions import session
from .tables import Base

blueprint = Blueprint("notes", __name__, url_prefix="/notes")


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(1000))
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.current_timestamp()
    )


class Page(Input):
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class NewNote(Input):
    # The database takes any character but that of code 0.
    text: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]


class StoredNote(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    text: str
    created_at: datetime


def as_json(note: Note) -> dict[str, object]:
    return StoredNote.model_validate(note).model_dump(mode="json")


@blueprint.post("")
def create() -> ResponseReturnValue:
    note = Note(text=NewNote.from_body().text)
    session().add(note)
    session().commit()
    return as_json(note), 201


@blueprint.get("")
def newest() -> ResponseReturnValue:
    limit = Page.from_query().limit
    notes = session().scalars(select(Note).order_by(Note.id.desc()).limit(limit))
    return [as_json(note) for note in notes]


# No note has a greater number, and the database would not take one.
@blueprint.get("/<int(max=2147483647):note_id>")
def read(note_id: int) -> ResponseReturnValue:
    note = session().get(Note, note_id)
    if note is None:
        abort(404, "no such note")
    return as_json(note)
