"""The directions in which modules of the server may import each other, and who may know the world outside."""

import ast
import graphlib
from pathlib import Path

import pytest

from tests.structure import CHECKOUT, Structure, imported_names, unit_of
from wsgi_app.routes import ROUTES

# From the top down: a module imports only from floors below its own, or from its own folder.
FLOORS = (
    {"cli", "wsgi"},
    {"app"},
    {"routes"},
    {"commands", "endpoints", "front", "lab", "live"},
    {"web"},
    {"house"},
    {"access"},
    {"stores", "vision"},
    {"base"},
    {""},  # the package itself: its version
)

# Libraries that lead out of the program, and who alone may import them.
OUTSIDE = {
    "alembic": {"stores"},
    "argon2": {"access"},
    "click": {"cli", "commands", "lab"},
    "cv2": {"vision"},
    "jinja2": {"web"},
    "multipart": {"web"},
    "onnxruntime": {"vision"},
    "PIL": {"vision"},
    "prometheus_client": {"endpoints"},
    "pyrage": {"stores"},
    "requests": {"commands", "house", "lab"},  # a client of servers, fetched models, the lab's client
    "rich": {"commands"},
    "sqlalchemy": {"stores"},
    "uwsgi": {"base"},
    "waitress": {"front"},
    "webob": {"access", "app", "endpoints", "lab", "web"},
    "websockets": {"live"},
}


STRUCTURE = Structure("wsgi_app", FLOORS)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import a.b as c", {"a.b"}),
        ("from a.b import c, d", {"a.b", "a.b.c", "a.b.d"}),
        ("def f():\n    import a", {"a"}),
        ("if TYPE_CHECKING:\n    from a import b", {"a", "a.b"}),
        ("from . import x", {"top.below", "top.below.x"}),
        ("from .y import x", {"top.below.y", "top.below.y.x"}),
        ("from ..z import x", {"top.z", "top.z.x"}),
        ("'import a'", set()),
    ],
)
def test_imports_are_read_in_every_form(source: str, names: set[str]) -> None:
    assert imported_names(source, "top.below") == names


def test_every_module_has_its_floor() -> None:
    assert {unit_of(module) for module in STRUCTURE.imports} <= set.union(*FLOORS)
    assert sum(map(len, FLOORS)) == len(set.union(*FLOORS))


@pytest.mark.parametrize("module", sorted(STRUCTURE.imports))
def test_a_module_imports_only_from_below_or_from_its_own_folder(module: str) -> None:
    assert STRUCTURE.wrong_imports(module) == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    sorter = graphlib.TopologicalSorter(
        {module: STRUCTURE.own_imports(module) for module in STRUCTURE.imports}
    )
    assert set(sorter.static_order()) == set(STRUCTURE.imports)


@pytest.mark.parametrize("library", OUTSIDE)
def test_a_library_that_leads_outside_is_imported_in_its_own_place_alone(library: str) -> None:
    assert STRUCTURE.importers(library)
    assert STRUCTURE.importers(library) <= OUTSIDE[library]


def test_access_takes_nothing_of_webob_but_what_signs_cookies() -> None:
    sources = (CHECKOUT / "wsgi_app" / "access").glob("*.py")
    names = {name for path in sources for name in imported_names(path.read_text(encoding="utf-8"), "")}

    assert {name for name in names if name.partition(".")[0] == "webob"} == {
        "webob.cookies",
        "webob.cookies.SignedSerializer",
    }


@pytest.mark.parametrize("unit", ["vision", "stores"])
def test_vision_and_stores_know_neither_http_nor_each_other_nor_what_is_above(unit: str) -> None:
    allowed = {unit, "base"}
    for module in STRUCTURE.imports:
        if unit_of(module) == unit:
            assert {unit_of(name) for name in STRUCTURE.own_imports(module)} <= allowed, module
            assert not STRUCTURE.imports[module] & {"webob", "http", "urllib", "wsgiref", "requests"}, module


@pytest.mark.parametrize(
    ("entry", "application", "words"),
    [("wsgi", "app", "house.words.errors"), ("lab.wsgi", "lab.app", "lab.words")],
)
def test_an_entry_for_servers_only_reads_the_settings_and_builds_its_application(
    entry: str, application: str, words: str
) -> None:
    assert STRUCTURE.own_imports(f"wsgi_app.{entry}") == {
        f"wsgi_app.{application}",
        f"wsgi_app.{words}",
        "wsgi_app.base.config",
        "wsgi_app.base.counters",
        "wsgi_app.base.workers",
    }


def test_the_lab_knows_nothing_of_the_house() -> None:
    lab = {module for module in STRUCTURE.imports if unit_of(module) == "lab"}
    known = {unit_of(name) for module in lab for name in STRUCTURE.own_imports(module)}

    assert known & {"app", "routes", "commands", "endpoints", "live", "house"} == set()
    assert {module for module in lab if "requests" in STRUCTURE.imports[module]} == {"wsgi_app.lab.client"}


def sources(floor: str) -> list[Path]:
    """The files of a floor of the house; ``""`` for all of them but the lab's."""
    files = (CHECKOUT / "wsgi_app" / floor).rglob("*.py")
    return [file for file in files if "lab" not in file.relative_to(CHECKOUT).parts]


def noun_of(module: str) -> str:
    """What an endpoint's module is about: it itself, or the package that it is in."""
    return module.removeprefix("wsgi_app.endpoints").strip(".").partition(".")[0]


def test_no_endpoint_imports_another() -> None:
    answering = {route.endpoint.__module__ for route in ROUTES}
    importers = {module for module in STRUCTURE.imports if unit_of(module) == "endpoints"}

    assert {
        (module, name) for module in importers for name in STRUCTURE.own_imports(module) & answering
    } == set()


def test_of_another_noun_an_endpoint_knows_only_how_clients_see_it() -> None:
    endpoints = [module for module in STRUCTURE.imports if unit_of(module) == "endpoints"]
    others = {
        name
        for module in endpoints
        for name in STRUCTURE.own_imports(module)
        if unit_of(name) == "endpoints" and noun_of(name) not in ("", noun_of(module))
    }

    assert {name for name in others if not name.endswith(".bodies")} <= {
        f"wsgi_app.endpoints.{noun_of(name)}" for name in others
    }


def test_the_address_of_the_mount_is_read_in_one_place() -> None:
    users = {file.stem for file in sources("") if ".application_url" in file.read_text(encoding="utf-8")}

    assert users == {"links"}


def test_no_string_names_an_endpoint() -> None:
    names = {route.name for route in ROUTES}
    named = {
        (file.name, node.value)
        for file in sources("")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    }

    assert named == set()
