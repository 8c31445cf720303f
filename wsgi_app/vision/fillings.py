"""What stands in a file where a part never came, for the file to have its size all the same."""

FILLED_BYTES = 16


def is_filled(coded: bytes) -> bool:
    """Whether the coded data of a picture ends in one and the same byte over and over.

    Coded data is as good as random; how it ends is laid down, and never like this, for HEVC (ITU-T H.265,
    7.3.2.11) and AV1 (AV1 specification, 5.3.4).
    """
    return len(coded) >= FILLED_BYTES and coded.endswith(coded[-1:] * FILLED_BYTES)
