"""Which path leads to which view. health.py answers /health and /ready before this is asked."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.generic import RedirectView

from .notes import urls as notes

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="notes:list"), name="home"),
    path("notes/", include(notes)),
    path("accounts/login/", LoginView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]
