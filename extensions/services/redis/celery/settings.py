    # Redis.
    redis_url: SecretStr | None = None
    redis_password: SecretStr | None = None
    # Keep what tasks return for a day, so that those who sent them can fetch it.
    keep_results: bool = False

    @property
    def redis(self) -> SecretStr | None:
        """The address of Redis, with its password."""
        if self.redis_url is None:
            return None
        # Over TLS, Celery takes any certificate unless the query says that it is to be checked.
        schemes = {"redis": "", "rediss": "ssl_cert_reqs=required"}
        return join("REDIS_URL", self.redis_url, self.redis_password, schemes)

    @property
    def results(self) -> SecretStr | None:
        return self.redis if self.keep_results else None

    @model_validator(mode="after")
    def require_redis_in_production(self) -> Self:
        if self.environment == "production" and self.redis is None:
            raise ValueError("REDIS_URL is missing: set it, or REDIS_URL_FILE")
        if self.redis and self.is_placeholder(password_in(self.redis)):
            raise ValueError("REDIS_PASSWORD is missing: set it, or REDIS_PASSWORD_FILE")
        return self
