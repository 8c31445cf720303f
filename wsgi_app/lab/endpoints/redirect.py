"""The way to another address, which can only be one of the lab's own."""

from webob import Response

from wsgi_app.base.errors import BadRequest
from wsgi_app.lab.services import LabCall
from wsgi_app.web.rendering import query_text, text_answer
from wsgi_app.web.sign_in import LONGEST_PAGE, is_page_below

# What each status tells a client.
STATUSES = {
    "301": "for ever; a POST may come as a GET",
    "302": "for now; a POST may come as a GET",
    "303": "the answer is there; ask for it by GET",
    "307": "for now; with the same method and body",
    "308": "for ever; with the same method and body",
}


def redirect(call: LabCall) -> Response:
    """``GET /redirect``: on to ``?to=``, a path below the lab, with a ``?status=`` of 3xx."""
    status = query_text(call.request, "status") or "301"
    if status not in STATUSES:
        raise BadRequest(f"A redirect has one of {', '.join(STATUSES)} for its status.", code="bad_status")
    target = call.request.script_name + (query_text(call.request, "to") or "/hello")
    if not is_page_below(call.request, target):
        # Anything a browser could take for another host would lend this one's good name to it.
        raise BadRequest(
            "`to` is a plain path below the lab, such as /hello: no scheme, no host, no // and no .., "
            f"nothing encoded, no backslash, and at most {LONGEST_PAGE} characters with the mount.",
            code="bad_target",
        )
    # WebOb puts scheme and host before the target; a browser would keep a 301 for ever.
    headers = {"Location": target, "Cache-Control": "no-store"}
    return text_answer(f"{target} {STATUSES[status]}\n", int(status), headers)
