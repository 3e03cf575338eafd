"""Notes survive, and what is not a note is refused."""

import pytest
from fastapi.testclient import TestClient


def test_a_note_can_be_read_again(client: TestClient) -> None:
    created = client.post("/notes", json={"text": "milk"})
    assert created.status_code == 201
    assert client.get(f"/notes/{created.json()['id']}").json() == created.json()


def test_the_newest_note_comes_first(client: TestClient) -> None:
    for text in ("first", "second", "third"):
        client.post("/notes", json={"text": text})
    newest = client.get("/notes", params={"limit": 2}).json()
    assert [note["text"] for note in newest] == ["third", "second"]


def test_an_unknown_note_is_404(client: TestClient) -> None:
    assert client.get("/notes/1").status_code == 404


def test_a_number_that_no_note_can_have_is_refused(client: TestClient) -> None:
    assert client.get(f"/notes/{2**31}").status_code == 422


@pytest.mark.parametrize("text", ["", "a\0b", "a" * 1001], ids=["empty", "code 0", "long"])
def test_a_text_that_cannot_be_stored_is_refused(client: TestClient, text: str) -> None:
    assert client.post("/notes", json={"text": text}).status_code == 422
