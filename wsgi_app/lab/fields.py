"""Fields as clients send them: a query's, or those of a form's body in either of HTML's two types."""

from collections.abc import Mapping
from dataclasses import replace

from webob import Request

from wsgi_app.lab.services import LabCall
from wsgi_app.web.forms import URLENCODED, is_photo_called_form, read_fields
from wsgi_app.web.parts import read_parts
from wsgi_app.web.uploads import MULTIPART, declared_type

FORM_TYPES = (URLENCODED, MULTIPART)

Fields = Mapping[str, list[str | int]]


def sent_type(request: Request) -> str:
    """The type that the body is declared as; none where a photo comes with that of a form.

    Raises:
        BadRequest: the client stopped sending.
    """
    return "" if is_photo_called_form(request) else declared_type(request)


def body_fields(call: LabCall) -> Fields:
    """The fields of a body of one of ``FORM_TYPES``, each with all its values; of a file, its size.

    Raises:
        RequestError: as ``forms.read_fields`` and ``parts.read_parts`` say.
    """
    limits = call.services.config.limits.uploads
    fields: dict[str, list[str | int]] = {}
    if declared_type(call.request) == URLENCODED:
        for name, texts in read_fields(call.request, limits.json_bytes).items():
            fields[name] = [*texts]
        return fields
    small = replace(limits, body_bytes=limits.json_bytes, photo_bytes=limits.json_bytes)
    for name, part in read_parts(call.request, small):
        fields.setdefault(name, []).append(part.text if part.filename is None else len(part.data))
    return fields


def one_or_all(fields: Mapping[str, list[str]] | Fields) -> dict[str, object]:
    """A field's value where it has one, and a list where it has several."""
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
