from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """As Django has it. Ours from the start, because it can hardly be replaced later."""
