"""Notes survive, and what is not a note is refused."""

import pytest
from flask.testing import FlaskClient


def test_a_note_can_be_read_again(client: FlaskClient) -> None:
    created = client.post("/notes", json={"text": "milk"})
    assert created.status_code == 201
    assert client.get(f"/notes/{created.get_json()['id']}").get_json() == created.get_json()


def test_the_newest_note_comes_first(client: FlaskClient) -> None:
    for text in ("first", "second", "third"):
        client.post("/notes", json={"text": text})
    newest = client.get("/notes", query_string={"limit": 2}).get_json()
    assert [note["text"] for note in newest] == ["third", "second"]


def test_an_unknown_note_is_404(client: FlaskClient) -> None:
    answer = client.get("/notes/1")
    assert answer.status_code == 404
    assert answer.get_json() == {"detail": "no such note"}
    assert client.get(f"/notes/{10**20}").status_code == 404


@pytest.mark.parametrize("body", ['{"text": ""}', '{"text": "\\u0000"}', "{}", "[]", "text=milk"])
def test_what_is_not_a_note_is_refused(client: FlaskClient, body: str) -> None:
    assert client.post("/notes", data=body).status_code == 422
    assert client.get("/notes").get_json() == []


@pytest.mark.parametrize("limit", ["0", "101", "many"])
def test_a_page_that_nobody_could_read_is_refused(client: FlaskClient, limit: str) -> None:
    assert client.get("/notes", query_string={"limit": limit}).status_code == 422
