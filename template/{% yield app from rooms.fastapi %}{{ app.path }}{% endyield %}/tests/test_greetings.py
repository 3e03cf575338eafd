from fastapi.testclient import TestClient


def test_a_greeting_names_who_is_greeted(client: TestClient) -> None:
    assert client.get("/greetings/Ada").json() == {"message": "Hello, Ada!"}


def test_a_name_that_is_too_long_is_refused(client: TestClient) -> None:
    assert client.get(f"/greetings/{'a' * 51}").status_code == 422
