"""Sessions: one for each request that asks for it, as an argument of type `Session`."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from .database import Database


async def session(request: Request) -> AsyncIterator[AsyncSession]:
    database: Database = request.app.state.database
    async with database.sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]
