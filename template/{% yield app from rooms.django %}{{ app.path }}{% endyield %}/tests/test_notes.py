"""Notes survive, and what is not a note is refused."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def create(client: Client, text: object) -> dict[str, object]:
    answer = client.post("/notes", {"text": text}, content_type="application/json")
    assert answer.status_code == 201
    created: dict[str, object] = answer.json()
    return created


def test_a_note_can_be_read_again(client: Client) -> None:
    created = create(client, "milk")
    assert client.get(f"/notes/{created['id']}").json() == created


def test_the_newest_note_comes_first(client: Client) -> None:
    for text in ("first", "second", "third"):
        create(client, text)
    newest = client.get("/notes", {"limit": 2}).json()
    assert [note["text"] for note in newest] == ["third", "second"]


def test_an_unknown_note_is_404(client: Client) -> None:
    assert client.get("/notes/1").status_code == 404


@pytest.mark.parametrize("body", ['{"text": ""}', '{"text": null}', "{}", "[]", "milk", b"\xff"])
def test_what_is_not_a_note_is_refused(client: Client, body: str | bytes) -> None:
    assert client.post("/notes", body, content_type="application/json").status_code == 422


def test_a_page_has_its_limits(client: Client) -> None:
    assert client.get("/notes", {"limit": 101}).status_code == 422
