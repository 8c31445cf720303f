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
        raise BadRequest("bad_status", statuses=", ".join(STATUSES))
    target = call.request.script_name + (query_text(call.request, "to") or "/hello")
    if not is_page_below(call.request, target):
        # Anything a browser could take for another host would lend this one's good name to it.
        raise BadRequest("bad_target", most=LONGEST_PAGE)
    # WebOb puts scheme and host before the target; a browser would keep a 301 for ever.
    headers = {"Location": target, "Cache-Control": "no-store"}
    return text_answer(f"{target} {STATUSES[status]}\n", int(status), headers)
