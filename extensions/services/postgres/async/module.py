"""The database: one pool of connections for the application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from .settings import Settings
from .tables import url


class Database:
    def __init__(self, address: URL, **options: Any) -> None:
        self.engine = create_async_engine(address, **options)
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    async def ping(self) -> None:
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Database]:
    address = url(settings)
    if address.get_backend_name() == "sqlite":
        # A local file has nobody else to bring it up to date. Production does not load Alembic.
        from .migrate import upgrade

        await asyncio.to_thread(upgrade, settings)
        database = Database(address.set(drivername="sqlite+aiosqlite"))
    else:
        database = Database(
            address,
            hide_parameters=True,  # what users sent stays out of the log of an error
            pool_pre_ping=True,  # a connection that the server closed is replaced unnoticed
            connect_args={"connect_timeout": 2, "tcp_user_timeout": 5000},
        )
    try:
        yield database
    finally:
        await database.engine.dispose()
