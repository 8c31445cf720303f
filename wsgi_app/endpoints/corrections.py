"""What somebody says of a visit, kept beside the door's own verdict."""

from typing import Annotated, Literal

import msgspec
from webob import Response

from wsgi_app import naming
from wsgi_app.endpoints.visit_bodies import visit_bodies
from wsgi_app.errors import PreconditionFailed, Unprocessable
from wsgi_app.forms import read_body
from wsgi_app.rendering import changed, version_of
from wsgi_app.services import Call
from wsgi_app.stores.visits import Visit


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to correct a visit, one of three: who it was by id or by name, or that it was nobody."""

    person: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)] | None = None
    verdict: Literal["nobody", "ignored"] | None = None


def replace(call: Call, visit: str) -> Response:
    """``PUT /visits/{visit}/correction``: says who it was, somebody new too, or that it was nobody known.

    Faces are unlearnt that the visit taught wrongly. Where the door let somebody in, ``nobody`` bars that
    face from being taken for them again.
    """
    said = read_body(call.request, Said, call.services.config.limits.json_bytes)
    found = call.stores.visits.get(visit)
    refuse_changed(call, found)
    if sum(1 for value in (said.person, said.name, said.verdict) if value) != 1:
        raise Unprocessable("Send one of person, name and verdict.", code="correction_shape")
    if said.verdict is None:
        _settle(call, found, _person(call, said))
    else:
        _dismiss(call, found, said.verdict)
    (body,) = visit_bodies(call, [found])
    return changed(call.request, body.links["self"], body, headers={"ETag": f'"{version_of(body)}"'})


def remove(call: Call, visit: str) -> Response:
    """``DELETE /visits/{visit}/correction``: the door's own verdict stands again."""
    found = call.stores.visits.get(visit)
    refuse_changed(call, found)
    call.stores.corrections.remove(visit)
    naming.unlearn(call, [found], found.person_id)
    return changed(call.request, f"{call.request.application_url}/visits/{visit}")


def refuse_changed(call: Call, visit: Visit) -> None:
    """Refuse a change of a visit that is not any more what the caller last saw.

    Raises:
        PreconditionFailed: ``If-Match`` names another version.
    """
    if not is_expected(call, visit):
        raise PreconditionFailed("This visit was changed since you last read it; read it again.")


def is_expected(call: Call, visit: Visit) -> bool:
    """Whether a visit is still as the caller last saw it, or they do not care."""
    if "If-Match" not in call.request.headers:
        return True
    (body,) = visit_bodies(call, [visit])
    return version_of(body) in call.request.if_match


def _person(call: Call, said: Said) -> str:
    if said.person is not None:
        return call.stores.people.get(said.person).id
    return naming.person_called(call, said.name or "").id


def _settle(call: Call, visit: Visit, person_id: str) -> None:
    naming.unlearn(call, [visit], person_id)
    call.stores.corrections.set([visit.id], "person", person_id)


def _dismiss(call: Call, visit: Visit, verdict: str) -> None:
    if verdict == "nobody":
        naming.unlearn(call, [visit])
        if visit.person_id is not None:
            naming.bar(call, [visit], visit.person_id)
    call.stores.corrections.set([visit.id], verdict)
