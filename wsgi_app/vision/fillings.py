"""What stands in a file where a part never came, for the file to have its size all the same."""

LOOKED_AT_BYTES = 64
LONGEST_PATTERN = 16


def is_filled(coded: bytes) -> bool:
    """Whether the coded data of a picture ends in one byte, or a few, over and over.

    Coded data is as good as random; how it ends is laid down, and never like this, for HEVC (ITU-T H.265,
    7.3.2.11) and AV1 (AV1 specification, 5.3.4).
    """
    end = coded[-LOOKED_AT_BYTES:]
    return len(end) == LOOKED_AT_BYTES and any(
        end[length:] == end[:-length] for length in range(1, LONGEST_PATTERN + 1)
    )
