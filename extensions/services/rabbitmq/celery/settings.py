    # RabbitMQ.
    rabbitmq_url: SecretStr | None = None
    rabbitmq_password: SecretStr | None = None

    @property
    def rabbitmq(self) -> SecretStr | None:
        """The address of RabbitMQ, with its password."""
        if self.rabbitmq_url is None:
            return None
        schemes = {"amqp": "", "amqps": ""}
        return join("RABBITMQ_URL", self.rabbitmq_url, self.rabbitmq_password, schemes)

    @model_validator(mode="after")
    def require_rabbitmq_in_production(self) -> Self:
        if self.environment == "production" and self.rabbitmq is None:
            raise ValueError("RABBITMQ_URL is missing: set it, or RABBITMQ_URL_FILE")
        if self.rabbitmq and self.is_placeholder(password_in(self.rabbitmq)):
            raise ValueError("RABBITMQ_PASSWORD is missing: set it, or RABBITMQ_PASSWORD_FILE")
        return self
