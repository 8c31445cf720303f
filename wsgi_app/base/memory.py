"""How this process treats the memory of photos that it is done with."""

import ctypes

# Parameters of glibc's mallopt (malloc.h) and their values, bytes but for the last.
SETTINGS = (
    (
        -3,
        32 * 1024 * 1024,
    ),  # M_MMAP_THRESHOLD: from here on memory is mapped anew each time; the most there is
    (-1, 256 * 1024 * 1024),  # M_TRIM_THRESHOLD: so much may stay free at the heap's end
    (-8, 1),  # M_ARENA_MAX: threads share one heap
)


def keep_freed_memory() -> bool:
    """Keep what one photo freed for the next one.

    The pixels of each photo take some ten megabytes for some ten milliseconds. By default glibc hands them
    back to the system and gets them again, page by page.

    Returns:
        Whether the C library heeds it; others than glibc do not, and nothing is lost but time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    return all(mallopt(parameter, value) == 1 for parameter, value in SETTINGS)
