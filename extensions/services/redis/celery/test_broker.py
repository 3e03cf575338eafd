@pytest.mark.parametrize("limit", [1, 5000])
def test_redis_waits_longer_for_a_task_than_the_task_may_take(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would give the task to a second worker, while the first still runs it."""
    monkeypatch.setenv("TASK_TIME_LIMIT", str(limit))
    options = worker.options(production())
    waits = options["broker_transport_options"]["visibility_timeout"]
    assert options["task_soft_time_limit"] < options["task_time_limit"] == limit < waits
    assert waits > worker.app.Task.default_retry_delay


def test_over_tls_the_certificate_is_checked() -> None:
    options = worker.options(production(redis_url="rediss://redis/0"))
    assert options["broker_url"].endswith("@redis/0?ssl_cert_reqs=required")


def test_what_tasks_return_is_kept_where_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker.options(production())["result_backend"] is None
    monkeypatch.setenv("KEEP_RESULTS", "true")
    assert worker.options(production())["result_backend"].endswith("@redis/0")
