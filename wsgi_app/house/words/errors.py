"""How the house says what is wrong, in its pages, in the terminal and to programs."""

from wsgi_app.base.errors import PorteiroError
from wsgi_app.base.sentences import Place, Sentence, in_words
from wsgi_app.house.words import backup_errors, house_errors, model_errors, request_errors

# By the keys of all errors but the lab's own, which ``lab/words.py`` says.
SENTENCES: dict[str, Sentence] = (
    request_errors.SENTENCES | house_errors.SENTENCES | model_errors.SENTENCES | backup_errors.SENTENCES
)


def sentence(error: PorteiroError, place: Place) -> str:
    """An error in words."""
    return in_words(SENTENCES, error, place)
