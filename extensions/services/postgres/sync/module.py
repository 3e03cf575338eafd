"""The database: one pool of connections for the process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, NullPool, create_engine, text
from sqlalchemy.orm import sessionmaker

from .settings import Settings
from .tables import url


class Database:
    def __init__(self, address: URL, **options: Any) -> None:
        self.engine = create_engine(address, **options)
        self.sessions = sessionmaker(self.engine, expire_on_commit=False)

    def ping(self) -> None:
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))


@contextmanager
def connect(settings: Settings) -> Iterator[Database]:
    address = url(settings)
    if address.get_backend_name() == "sqlite":
        # A local file has nobody else to bring it up to date. Production does not load Alembic.
        from .migrate import upgrade

        upgrade(settings)
        database = Database(address, poolclass=NullPool)  # no connection outlives its session
    else:
        database = Database(
            address,
            max_overflow=-1,  # no thread waits for another one's connection
            hide_parameters=True,  # what users sent stays out of the log of an error
            pool_pre_ping=True,  # a connection that the server closed is replaced unnoticed
            connect_args={"connect_timeout": 2, "tcp_user_timeout": 5000},
        )
    try:
        yield database
    finally:
        database.engine.dispose()
