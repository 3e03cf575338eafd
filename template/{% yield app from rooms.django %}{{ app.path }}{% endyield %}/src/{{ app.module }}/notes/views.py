"""Everyone can read the notes; users who are logged in can add one."""

from django.contrib.auth.mixins import LoginRequiredMixin
from django.urls import reverse_lazy
from django.views.generic import CreateView, ListView

from .models import Note


class NoteListView(ListView):
    model = Note
    ordering = ("-id",)
    paginate_by = 20


class NoteCreateView(LoginRequiredMixin, CreateView):
    model = Note
    fields = ("text",)
    success_url = reverse_lazy("notes:list")
