"""What somebody says of a visit, kept beside the door's own verdict."""

from typing import Literal

import msgspec
from webob import Response

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.errors import Unprocessable
from wsgi_app.endpoints.visits.bodies import visit_bodies
from wsgi_app.house import naming
from wsgi_app.web.call import Call
from wsgi_app.web.fields import Id, Name
from wsgi_app.web.rendering import version_of
from wsgi_app.web.undoing import done
from wsgi_app.web.versions import etag, expected


class CorrectionChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to correct a visit, one of three: who it was by id or by name, or that it was nobody."""

    person: Id | None = None
    name: Name | None = None
    verdict: Literal["nobody", "ignored"] | None = None


def replace(call: Call, visit: str) -> Response:
    """``PUT /visits/{visit}/correction``: says who it was, somebody new too, or that it was nobody known.

    Faces are unlearnt that the visit taught wrongly. Where the door took it for somebody else, that face is
    barred from being taken for them again.
    """
    said = call.body(CorrectionChange)
    corrected = call.stores.visits.get(visit)
    if sum(1 for value in (said.person, said.name, said.verdict) if value) != 1:
        raise Unprocessable("correction_shape")
    verdict = CorrectionVerdict(said.verdict) if said.verdict else CorrectionVerdict.PERSON
    statement = naming.Statement(verdict, said.person, said.name)
    change = naming.correct(call.enroller, corrected, statement, expected(call, version_of))
    version = version_of(call.stores.visits.state(visit))
    (body,) = visit_bodies(call, [corrected])
    return done(call, body.links["self"], change, body, headers=etag(version))


def remove(call: Call, visit: str) -> Response:
    """``DELETE /visits/{visit}/correction``: the door's own verdict stands again."""
    change = naming.take_back(call.stores, call.stores.visits.get(visit), expected(call, version_of))
    return done(call, call.links.visit(visit), change)
