"""What people and accounts may be called, how that is kept, and how it is compared."""

import re
import unicodedata

from wsgi_app.base.errors import Unfit

LONGEST_NAME = 80
JOINERS = "\u200c\u200d"  # invisible, and part of how Persian, Indic names and some pictures are written


# What shows nothing by itself: two names that differ in these alone look the same.
UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200c\u200d\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

# What Python makes of bytes that are no UTF-8, where the system gives it a name.
UNREADABLE = re.compile("[\ud800-\udfff]")


def one_line(text: str) -> str:
    """A text as it is kept: composed (NFC), no space around it, single spaces inside."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def is_shown(letter: str) -> bool:
    """Whether a letter may be kept: it is printed, or shapes what is."""
    return letter.isprintable() or letter in JOINERS


def clean_name(text: str) -> str:
    """A name as it is kept, on one line.

    Raises:
        Unfit: it is no text, nothing is left, it is too long, or it holds control characters.
    """
    if UNREADABLE.search(text):
        raise Unfit("bad_name:bytes")
    name = one_line(text)
    if not one_line(UNSEEN.sub("", name)):
        raise Unfit("bad_name:no_letter", name=text)
    if len(name) > LONGEST_NAME:
        raise Unfit("bad_name:long", name=text, most=LONGEST_NAME)
    if not all(map(is_shown, name)):
        raise Unfit("bad_name:control", name=text)
    return name


def name_key(name: str) -> str:
    """What two spellings of one name have in common, and two names that look the same but for their width."""
    folded = unicodedata.normalize("NFKC", UNSEEN.sub("", name)).casefold()
    return one_line(unicodedata.normalize("NFKC", folded))
