"""The application for servers that run an event loop: views may be `async def`."""

import os
import warnings

from django.core.asgi import get_asgi_application

from . import migrate

# Django warns that WhiteNoise's files are read in a thread and sent whole: they are small.
# Anything that you stream should come from an `async def` generator, or it is sent whole, too.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")

os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{__package__}.settings")
application = get_asgi_application()
migrate.upgrade_local_file()
