    # PostgreSQL. Without a URL, development keeps its data in a local SQLite file.
    database_url: SecretStr | None = None
    database_password: SecretStr | None = None

    @property
    def database(self) -> dict[str, Any]:
        """The database of the URL, its parts named as Django does; without a URL, nothing."""
        if self.database_url is None:
            return {}
        password = self.database_password or SecretStr("")
        try:
            parts = conninfo_to_dict(self.database_url.get_secret_value())
            return {
                "NAME": parts.pop("dbname"),
                "USER": parts.pop("user", ""),
                "PASSWORD": parts.pop("password", password.get_secret_value()),
                "HOST": parts.pop("host", ""),
                "PORT": int(parts.pop("port", None) or 5432),
                "OPTIONS": parts,  # what else it says, for example sslmode
            }
        except Exception:  # whose own words may quote the password
            raise ValueError("DATABASE_URL must look like postgresql://user@host/name") from None

    @model_validator(mode="after")
    def require_database_in_production(self) -> Self:
        if self.environment == "production" and self.database_url is None:
            raise ValueError("DATABASE_URL is missing: set it, or DATABASE_URL_FILE")
        if self.is_placeholder(self.database.get("PASSWORD")):
            raise ValueError("DATABASE_PASSWORD is missing: set it, or DATABASE_PASSWORD_FILE")
        return self
