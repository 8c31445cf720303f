"""What somebody says of a visit, kept beside the door's own verdict."""

from typing import Literal

import msgspec
from webob import Response

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.errors import Unprocessable
from wsgi_app.endpoints.unknown import means_of
from wsgi_app.endpoints.visit_bodies import visit_bodies
from wsgi_app.house import naming
from wsgi_app.stores.visit_states import Expected, refuse_changed
from wsgi_app.stores.visits import Visit
from wsgi_app.web.call import Call
from wsgi_app.web.fields import Id, Name
from wsgi_app.web.forms import checked_name, read_body
from wsgi_app.web.rendering import changed, version_of
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
    said = read_body(call.request, CorrectionChange, call.house.config.limits.json_bytes)
    found, as_seen = call.stores.visits.get(visit), expected(call, version_of)
    refuse_changed(call.stores.visits.state(visit), as_seen)  # before anything is unlearnt
    if sum(1 for value in (said.person, said.name, said.verdict) if value) != 1:
        raise Unprocessable("Send one of person, name and verdict.", code="correction_shape")
    if said.verdict is None:
        _settle(call, found, as_seen, CorrectionVerdict.PERSON, _person(call, said))
    else:
        _settle(call, found, as_seen, CorrectionVerdict(said.verdict))
    version = version_of(call.stores.visits.state(visit))
    (body,) = visit_bodies(call, [found])
    return changed(call.request, body.links["self"], body, headers=etag(version))


def remove(call: Call, visit: str) -> Response:
    """``DELETE /visits/{visit}/correction``: the door's own verdict stands again."""
    found = call.stores.visits.get(visit)
    call.stores.corrections.remove(visit, expected(call, version_of))
    naming.unlearn(call.stores, [found], found.person_id)
    return changed(call.request, f"{call.request.application_url}/visits/{visit}")


def _person(call: Call, said: CorrectionChange) -> str:
    if said.person is not None:
        return call.stores.people.get(said.person).id
    return naming.person_called(call.stores.people, checked_name(said.name or "")).id


def _settle(
    call: Call, visit: Visit, as_seen: Expected, verdict: CorrectionVerdict, person_id: str | None = None
) -> None:
    if verdict is not CorrectionVerdict.IGNORED:
        naming.unlearn(call.stores, [visit], person_id)
        if visit.person_id not in (None, person_id):
            naming.bar(means_of(call), [visit], visit.person_id)
    call.stores.corrections.set([visit.id], verdict, person_id, as_seen)
