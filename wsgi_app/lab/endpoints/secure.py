"""A door with a password: Basic auth, with an account that is for everybody and guards nothing else."""

from webob import Response

from wsgi_app.base.errors import Unauthorized
from wsgi_app.lab.services import LabCall
from wsgi_app.stores.attempts import address_key
from wsgi_app.web.rendering import text_answer
from wsgi_app.web.sign_in import credentials_of

ASKS = 'Basic realm="Porteiro\'s lab", charset="UTF-8"'
NAME, PASSWORD = "student", "open sesame"
HINT = f"The name is {NAME}, and the password is {PASSWORD}."

# By name, what is kept of a password: argon2 gives it from the password, and nothing gives the password back.
# A password that guards something costs a guesser far more work and memory (t, m) than this one.
KEPT = {
    NAME: "$argon2id$v=19$m=64,t=1,p=1$LfgH6z96Vo+GJ6fJlxCcJg$72Tv4lafei+VmvAPOaUig5CTQuGT5firdme0vqiRCuI",
}


def secure(call: LabCall) -> Response:
    """``GET /secure``: a greeting for whoever knows the password, and 401 for everybody else."""
    credentials = credentials_of(call.request)
    brought = credentials.name_and_password(ASKS)
    if brought is None:
        raise Unauthorized("sign_in_needed:lab", name=NAME, password=PASSWORD, scheme=ASKS)
    name, password = brought
    attempts, most = call.services.attempts, call.services.config.limits.sign_ins.address_failures
    key = f"secure {address_key(credentials.address)}"
    attempts.count({key: most})  # before the password is looked at, and 429 where there were too many
    if not call.services.passwords.fits(password, KEPT.get(name)):  # as slow for a name that nobody has
        raise Unauthorized("wrong_password:lab", name=NAME, password=PASSWORD, scheme=ASKS)
    attempts.forget(key)
    return text_answer(f"Come in, {name}!\n")
