def test_over_tls_the_certificate_must_be_that_of_the_host() -> None:
    assert worker.options(production())["broker_use_ssl"] is False
    options = worker.options(production(rabbitmq_url="amqps://app@rabbitmq"))
    assert options["broker_use_ssl"] == {"server_hostname": None}
