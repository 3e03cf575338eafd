def test_over_tls_the_certificate_must_be_that_of_the_host() -> None:
    assert worker.options(production())["broker_use_ssl"] is False
    options = worker.options(production(rabbitmq_url="amqps://app@rabbitmq"))
    assert options["broker_use_ssl"] == {"server_hostname": None}


def test_sending_a_task_does_not_wait_for_ever_if_rabbitmq_accepts_nothing() -> None:
    options = worker.options(production())
    assert options["broker_transport_options"]["read_timeout"] < 10
    assert options["task_publish_retry_policy"]["max_retries"] == 1
