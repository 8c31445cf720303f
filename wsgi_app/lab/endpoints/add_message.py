"""An address with a variable in its path that takes JSON, as services for programs have them."""

from typing import Any

from webob import Response

from wsgi_app.lab.services import LabCall
from wsgi_app.web.rendering import json_answer
from wsgi_app.web.uploads import read_json


def add_message(call: LabCall, uuid: str) -> Response:
    """``POST`` or ``PUT /api/add_message/{uuid}``: what came, with the path's variable put into it.

    It is there under both names that programs look for, and nothing is kept.
    """
    content = read_json(call.request, dict[str, Any], call.services.config.limits.uploads.json_bytes)
    return json_answer({**content, "id": uuid, "uuid": uuid})
