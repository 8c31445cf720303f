"""Every address that is told leads to a row of the route table."""

import inspect
from urllib.parse import urlsplit

import pytest

from wsgi_app.routes import ROUTES
from wsgi_app.web.links import Links
from wsgi_app.web.routing import Router

LINKS = Links("https://house.example/porteiro")


def addresses() -> dict[str, str]:
    """Each address by its name, with the names of its variables for their ids."""
    told = {}
    for name, member in vars(Links).items():
        if isinstance(member, property):
            told[name] = getattr(LINKS, name)
        elif inspect.isfunction(member) and not name.startswith("_") and name != "of_face":
            told[name] = member(LINKS, *list(inspect.signature(member).parameters)[1:])
    return told


@pytest.mark.parametrize(("name", "address"), addresses().items())
def test_an_address_is_below_the_mount_and_somebody_answers_there(name: str, address: str) -> None:
    assert address.startswith(LINKS.root)

    path = urlsplit(address).path.removeprefix("/porteiro")
    others = {"heartbeat": "PUT", "face_confirmation": "POST", "undo": "POST", "invitation": "DELETE"}
    method = others.get(name, "GET")
    assert Router(ROUTES).find(method, path).route.method == method


def test_what_goes_into_a_query_is_escaped() -> None:
    assert LINKS.visits_of("a b&c") == "https://house.example/porteiro/visits?person=a+b%26c"
    assert LINKS.sign_in("/porteiro/visits?day=2026-01-05") == (
        "https://house.example/porteiro/sign-in?next=%2Fporteiro%2Fvisits%3Fday%3D2026-01-05"
    )
    assert LINKS.sign_in() == "https://house.example/porteiro/sign-in"


def test_a_face_is_told_with_whose_it_is() -> None:
    assert LINKS.of_face("ana", "f1") == {
        "person": "https://house.example/porteiro/people/ana",
        "photo": "https://house.example/porteiro/people/ana/faces/f1/photo",
    }
