"""The database: one pool of connections for the application, one session a request."""

import atexit

from flask import Flask, current_app, g
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Session

from .probes import Probe
from .settings import Settings


class Base(DeclarativeBase):
    """What every table's class inherits from."""


def init_app(app: Flask, settings: Settings) -> None:
    engine = connect(settings)
    # The server then knows that the connections are closed, and not lost.
    atexit.register(engine.dispose)
    app.extensions["database"] = engine
    app.extensions["probes"].append(Probe("postgres", lambda: ping(engine)))
    app.teardown_appcontext(close_session)


def connect(settings: Settings) -> Engine:
    url = settings.database
    if url.get_backend_name() == "sqlite":
        # A local file has nobody else to bring it up to date. Production does not load Alembic.
        from .migrate import upgrade

        upgrade(settings)
        return create_engine(url, poolclass=NullPool)  # no connection outlives its request
    return create_engine(
        url,
        pool_size=settings.threads,  # so that no thread waits for another one's connection
        hide_parameters=True,  # what users sent stays out of the log of an error
        pool_pre_ping=True,  # a connection that the server closed is replaced unseen
        connect_args={"connect_timeout": 2, "tcp_user_timeout": 5000},
    )


def ping(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def session() -> Session:
    """The session of this request, opened when it is first asked for."""
    if "session" not in g:
        g.session = Session(current_app.extensions["database"], expire_on_commit=False)
    opened: Session = g.session
    return opened


def close_session(error: BaseException | None) -> None:
    """What was not committed is undone."""
    if "session" in g:
        g.pop("session").close()
