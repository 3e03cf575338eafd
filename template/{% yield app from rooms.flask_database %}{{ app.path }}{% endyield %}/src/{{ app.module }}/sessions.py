"""Sessions: one for each request, opened when it is first asked for."""

from flask import Flask, current_app, g
from sqlalchemy.orm import Session

from .database import Database


def session() -> Session:
    if "session" not in g:
        database: Database = current_app.extensions["database"]
        g.session = database.sessions()
    opened: Session = g.session
    return opened


def close(error: BaseException | None) -> None:
    """What was not committed is undone."""
    if "session" in g:
        g.pop("session").close()


def init_app(app: Flask) -> None:
    app.teardown_appcontext(close)
