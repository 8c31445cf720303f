"""What can go wrong in a benchmark; each message says what happened in one sentence."""


class Missing(Exception):
    """Something that the benchmarks need is not on this machine; the message says what to do."""


class Failure(Exception):
    """A server did not start, or gave an answer that cannot be counted."""
