"""Which path leads where. /health and /ready are answered before, by health.py."""

from django.contrib import admin
from django.urls import include, path

from .notes import urls as notes

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include(notes)),
]
