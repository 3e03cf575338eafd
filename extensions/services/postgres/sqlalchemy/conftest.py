import os
from collections.abc import Iterator
from uuid import uuid4
import psycopg
import pytest

@pytest.fixture(autouse=True)
def own_database(own_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A local SQLite file; or, if TEST_DATABASE_URL is set, a schema of its own in PostgreSQL."""
    address = os.environ.get("TEST_DATABASE_URL")
    if not address:
        yield
        return
    schema = f"test_{uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        options = f"options=-csearch_path%3D{schema}"
        monkeypatch.setenv("DATABASE_URL", f"{address}{'&' if '?' in address else '?'}{options}")
        yield
        connection.execute(f"DROP SCHEMA {schema} CASCADE")
