from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """Django's own user, as a model of this project: it is hard to replace later."""
