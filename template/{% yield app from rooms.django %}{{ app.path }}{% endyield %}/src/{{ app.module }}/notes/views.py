"""Notes as JSON: forms check what comes in."""

import json
from typing import Any

from django import forms
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from .models import Note


class NewNote(forms.ModelForm):
    class Meta:
        model = Note
        fields = ("text",)


class Page(forms.Form):
    limit = forms.IntegerField(min_value=1, max_value=100, required=False)


# Nobody is logged in here, so there is no cookie that another site could misuse.
@csrf_exempt
@require_http_methods(["GET", "POST"])
def notes(request: HttpRequest) -> JsonResponse:
    return create(request) if request.method == "POST" else newest(request)


def create(request: HttpRequest) -> JsonResponse:
    try:
        sent = json.loads(request.body)
    except ValueError:
        sent = None
    form = NewNote(sent if isinstance(sent, dict) else {})
    if not form.is_valid():
        return refusal(form)
    return JsonResponse(describe(form.save()), status=201)


def newest(request: HttpRequest) -> JsonResponse:
    page = Page(request.GET)
    if not page.is_valid():
        return refusal(page)
    limit = page.cleaned_data["limit"] or 20
    found = Note.objects.order_by("-id")[:limit]
    return JsonResponse([describe(note) for note in found], safe=False)


@require_GET
def read(request: HttpRequest, note_id: int) -> JsonResponse:
    note = Note.objects.filter(id=note_id).first()
    if note is None:
        return JsonResponse({"detail": "no such note"}, status=404)
    return JsonResponse(describe(note))


def describe(note: Note) -> dict[str, Any]:
    return {"id": note.id, "text": note.text, "created_at": note.created_at}


def refusal(form: forms.BaseForm) -> JsonResponse:
    return JsonResponse({"detail": form.errors.get_json_data()}, status=422)
