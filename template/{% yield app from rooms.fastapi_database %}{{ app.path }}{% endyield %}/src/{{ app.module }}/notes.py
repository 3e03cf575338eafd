"""Notes: a resource from its table to its routes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import DateTime, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from .sessions import Session
from .tables import Base

router = APIRouter(prefix="/notes", tags=["notes"])


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(1000))
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.current_timestamp()
    )


# What the database can hold: four bytes of number, and text without the character of code 0.
NoteId = Annotated[int, Path(ge=1, lt=2**31)]
Limit = Annotated[int, Field(ge=1, le=100)]


class NewNote(BaseModel):
    text: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]


class StoredNote(NewNote):
    model_config = ConfigDict(from_attributes=True)

    id: int
    created_at: datetime


@router.post("", status_code=201, response_model=StoredNote)
async def create(new: NewNote, session: Session) -> Note:
    note = Note(text=new.text)
    session.add(note)
    await session.commit()
    return note


@router.get("", response_model=list[StoredNote])
async def newest(session: Session, limit: Limit = 20) -> Sequence[Note]:
    notes = await session.scalars(select(Note).order_by(Note.id.desc()).limit(limit))
    return notes.all()


@router.get("/{note_id}", response_model=StoredNote)
async def read(note_id: NoteId, session: Session) -> Note:
    note = await session.get(Note, note_id)
    if note is None:
        raise HTTPException(404, "no such note")
    return note
