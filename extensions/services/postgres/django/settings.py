from typing import Any, Self
from psycopg.conninfo import conninfo_to_dict
from pydantic import model_validator

    @property
    def database(self) -> dict[str, Any]:
        """The database of the URL, its parts named as Django does; without a URL, nothing."""
        address = self.address("database")
        if address is None:
            return {}
        try:
            parts = conninfo_to_dict(address)
            return {
                "NAME": parts.pop("dbname"),
                "USER": parts.pop("user", ""),
                "PASSWORD": parts.pop("password", ""),
                "HOST": parts.pop("host", ""),
                "PORT": int(parts.pop("port", None) or 5432),
                "OPTIONS": parts,  # what else it says, for example sslmode
            }
        except Exception:  # whose own words may quote the password
            raise ValueError("DATABASE_URL must look like postgresql://user@host/name") from None

    @model_validator(mode="after")
    def check_database(self) -> Self:
        _ = self.database
        return self
