"""Summaries: the same as the files, in a table, a row a day."""

import json
from datetime import date
from pathlib import Path

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from .database import Database
from .tables import Base


class Summary(Base):
    __tablename__ = "summaries"

    day: Mapped[date] = mapped_column(primary_key=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    free: Mapped[int] = mapped_column(BigInteger)


def store(database: Database, file: Path) -> None:
    """A second run on the same day replaces the row."""
    found = json.loads(file.read_text())
    day = date.fromisoformat(found["day"])
    with database.sessions.begin() as session:
        session.merge(Summary(day=day, bytes=found["bytes"], free=found["free"]))
