"""The request as one object: the query, the browser's name, a form's fields and a key of a JSON body."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from webob import Response

from wsgi_app.lab.fields import FORM_TYPES, body_fields, one_or_all, sent_type
from wsgi_app.lab.services import LabCall
from wsgi_app.web.forms import read_query
from wsgi_app.web.rendering import json_answer, negotiated, query_text
from wsgi_app.web.uploads import JSON, read_json


class RequestFacts(msgspec.Struct, frozen=True):
    """What a request says of itself; WebOb's names for it are in the page.

    Attributes:
        method: as sent.
        path: below the mount.
        query: its fields, a list where one came several times.
        user_agent: what the client calls itself.
        form: the fields of a form's body.
        key: the name that is looked for in a JSON body.
        value: what stands there under it; left out where nothing does.
    """

    method: str
    path: str
    query: dict[str, object]
    user_agent: str
    form: dict[str, object]
    key: str
    value: Any | UnsetType

    @property
    def has_value(self) -> bool:
        """Whether anything stands under the key."""
        return self.value is not UNSET

    @property
    def value_as_json(self) -> str:
        """It, as it is written in JSON."""
        return msgspec.json.encode(self.value).decode()


def show(call: LabCall) -> Response:
    """``GET``, ``POST`` or ``PUT /request?key=name``: a page for whoever does not ask for JSON."""
    facts = facts_of(call)
    makers = {"html": lambda: call.page("request.html", facts=facts), "json": lambda: json_answer(facts)}
    return negotiated(call.request, makers)


def facts_of(call: LabCall) -> RequestFacts:
    """Everything out of one object.

    Raises:
        RequestError: as ``body_fields`` and ``uploads.read_json`` say.
    """
    request = call.request
    declared = "" if request.method in ("GET", "HEAD") else sent_type(request)  # those bring no body
    key, value = query_text(request, "key") or "name", UNSET
    if declared == JSON:
        content = read_json(request, Any, call.services.config.limits.uploads.json_bytes)
        value = content.get(key, UNSET) if isinstance(content, dict) else UNSET
    return RequestFacts(
        method=request.method,
        path=request.path_info,
        query=one_or_all(read_query(request)),
        user_agent=request.headers.get("User-Agent", ""),
        form=one_or_all(body_fields(call)) if declared in FORM_TYPES else {},
        key=key,
        value=value,
    )
