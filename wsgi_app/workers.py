"""The process that answers, as its WSGI server sees it."""

CANNOT_LOAD = 22  # uWSGI's own exit status for it: the master ends then, instead of trying for ever


def worker_number() -> int | None:
    """Which of uWSGI's workers this process is, from 1; ``None`` under any other server."""
    try:
        import uwsgi  # noqa: PLC0415  # exists only inside a uWSGI process
    except ImportError:
        return None
    return int(uwsgi.worker_id())
