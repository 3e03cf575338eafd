"""Django's commands in the image, which has no manage.py: `python -m` this package."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{__package__}.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
