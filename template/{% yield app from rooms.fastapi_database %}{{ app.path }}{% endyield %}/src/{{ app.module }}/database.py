"""The database: one pool of connections for the application, one session a request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from .settings import Settings


class Base(DeclarativeBase):
    """What every table's class inherits from."""


class Database:
    def __init__(self, url: URL, **options: Any) -> None:
        self.engine = create_async_engine(url, **options)
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    async def ping(self) -> None:
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Database]:
    url = settings.database
    if url.get_backend_name() == "sqlite":
        # A local file has nobody else to bring it up to date. Production does not load Alembic.
        from .migrate import upgrade

        await asyncio.to_thread(upgrade, settings)
        database = Database(url.set(drivername="sqlite+aiosqlite"))
    else:
        database = Database(
            url,
            hide_parameters=True,  # what users sent stays out of the log of an error
            pool_pre_ping=True,  # a connection that the server closed is replaced unseen
            connect_args={"connect_timeout": 2, "tcp_user_timeout": 5000},
        )
    try:
        yield database
    finally:
        await database.engine.dispose()


async def session(request: Request) -> AsyncIterator[AsyncSession]:
    database: Database = request.app.state.database
    async with database.sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]
