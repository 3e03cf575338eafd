"""Notes: an app to copy for the next one."""
