"""Notes: an example to copy for your next app."""
