"""How names are compared: nobody has the name of somebody else, in capitals or not."""

import unicodedata

from wsgi_app.base.names import UNSEEN, one_line


def name_key(name: str) -> str:
    """What two spellings of one name have in common, and two names that look the same but for their width."""
    folded = unicodedata.normalize("NFKC", UNSEEN.sub("", name)).casefold()
    return one_line(unicodedata.normalize("NFKC", folded))
