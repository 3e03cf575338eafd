"""The application, for servers that run an event loop: views may be `async def`."""

import os
import warnings

from django.core.asgi import get_asgi_application

from . import migrate

# WhiteNoise reads files in a thread, each whole. They are small, and Django need not tell.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")

os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{__package__}.settings")
application = get_asgi_application()
migrate.upgrade_local_file()
