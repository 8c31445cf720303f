"""Which refusals an address can answer with, told by its row of the route table."""

from collections.abc import Callable

from wsgi_app.access.roles import Role
from wsgi_app.web.routing import Route

CHANGES = frozenset(("POST", "PUT", "PATCH", "DELETE"))


def _always(_route: Route) -> bool:
    return True


def _is_guarded(route: Route) -> bool:
    return route.role > Role.ANYONE or route.method in CHANGES


def _changes(route: Route) -> bool:
    return route.method in CHANGES


def _sends(route: Route) -> bool:
    return route.takes is not None


def _has_variables(route: Route) -> bool:
    return "{" in route.pattern


def _names_things(route: Route) -> bool:
    return (
        _has_variables(route) or bool(route.query or route.paged) or (_sends(route) and not route.json_only)
    )


def has_ranges(route: Route) -> bool:
    """Whether a part of what it gives may be asked for: photos alone, which are files."""
    return not {"jpeg", "png"}.isdisjoint(route.formats)


# Every refusal that can happen: where, and what it means.
REFUSALS: tuple[tuple[int, Callable[[Route], bool], str], ...] = (
    (400, _always, "The request does not follow its own format."),
    (401, _is_guarded, "A sign-in or a door's token is needed, or nobody has the one that came."),
    (403, _is_guarded, "This caller may not do this."),
    (404, _names_things, "There is nothing of that name."),
    (406, lambda route: len(route.formats) > 1, "Not in any format that the client takes."),
    (409, _changes, "It would contradict what is stored."),
    (411, _sends, "A body needs a Content-Length."),
    (412, lambda route: route.versioned, "If-Match names another version than the present one."),
    (413, _sends, "More bytes, parts or pixels than the limits allow."),
    (414, _has_variables, "A path longer than any that exists here."),
    (415, _sends, "Not a format that this address takes."),
    (416, has_ranges, "The photo ends before the bytes that were asked for."),
    (421, _always, "Asked by a name that is not this machine's."),
    (422, _changes, "Well-formed, but it cannot be used."),
    (429, _is_guarded, "Too often; Retry-After says when to ask again."),
    (503, _always, "The server cannot answer now; Retry-After says when to ask again."),
)
