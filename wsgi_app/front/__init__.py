"""The local run's front, where nginx is not: it waits for whole requests, and hands them to the workers."""
