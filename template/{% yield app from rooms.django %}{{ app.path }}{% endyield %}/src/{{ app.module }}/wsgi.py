"""The application for servers that give each request a thread, and for `runserver`."""

import os

from django.core.wsgi import get_wsgi_application

from . import migrate

os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{__package__}.settings")
application = get_wsgi_application()
migrate.upgrade_local_file()
