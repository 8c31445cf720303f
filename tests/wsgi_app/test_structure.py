"""The directions in which modules of the server may import each other, and who may know the world outside."""

import graphlib

import pytest

from tests.structure import Structure, imported_names, unit_of

# From the top down: a module imports only from rows below its own, or from its own folder.
ROWS = (
    {"cli", "wsgi"},
    {"app", "commands", "lab"},
    {"routes"},
    {"endpoints"},
    {"live"},
    {"inbox", "naming", "retention"},
    {"boundary", "openapi", "services"},
    {"refusals"},
    {"routing"},
    {"rendering"},
    {"auth", "forms"},
    {"calibration", "enrolment", "export", "gallery", "packs", "parts", "presses", "tokens"},
    {"uploads"},
    {"identity"},
    {"attempts"},
    {"counters", "logs", "memory", "stores", "vision"},
    {
        "bodies",
        "cookies",
        "days",
        "evidence",
        "feeds",
        "names",
        "passwords",
        "plots",
        "roles",
        "rules",
        "steps",
        "words",
        "workers",
    },
    {"config", "hours"},
    {"settings"},
    {"errors"},
    {""},  # the package itself: its version
)

# Libraries that lead out of the program, and who alone may import them.
OUTSIDE = {
    "alembic": {"stores"},
    "argon2": {"passwords"},
    "click": {"cli", "commands", "lab"},
    "cv2": {"vision"},
    "jinja2": {"rendering"},
    "multipart": {"parts"},
    "onnxruntime": {"vision"},
    "PIL": {"vision"},
    "prometheus_client": {"endpoints"},
    "requests": {"lab", "packs"},
    "rich": {"commands"},
    "sqlalchemy": {"stores"},
    "uwsgi": {"counters", "workers"},
    "websockets": {"live"},
    "webob": {
        "app",
        "auth",
        "boundary",
        "endpoints",
        "forms",
        "lab",
        "parts",
        "rendering",
        "routing",
        "services",
        "uploads",
    },
}


STRUCTURE = Structure("wsgi_app", ROWS)


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


def test_every_module_has_its_row() -> None:
    assert {unit_of(module) for module in STRUCTURE.imports} <= set.union(*ROWS)
    assert sum(map(len, ROWS)) == len(set.union(*ROWS))


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


@pytest.mark.parametrize("unit", ["vision", "stores"])
def test_vision_and_stores_know_neither_http_nor_each_other_nor_what_is_above(unit: str) -> None:
    allowed = {unit, "names", "steps", "config", "errors"}
    for module in STRUCTURE.imports:
        if unit_of(module) == unit:
            assert {unit_of(name) for name in STRUCTURE.own_imports(module)} <= allowed, module
            assert not STRUCTURE.imports[module] & {"webob", "http", "urllib", "wsgiref", "requests"}, module


@pytest.mark.parametrize(("entry", "application"), [("wsgi", "app"), ("lab.wsgi", "lab.app")])
def test_an_entry_for_servers_only_reads_the_settings_and_builds_its_application(
    entry: str, application: str
) -> None:
    assert STRUCTURE.own_imports(f"wsgi_app.{entry}") == {
        f"wsgi_app.{application}",
        "wsgi_app.config",
        "wsgi_app.counters",
        "wsgi_app.workers",
    }


def test_the_lab_knows_nothing_of_the_house() -> None:
    lab = {module for module in STRUCTURE.imports if unit_of(module) == "lab"}
    known = {unit_of(name) for module in lab for name in STRUCTURE.own_imports(module)}

    assert known & {"app", "routes", "endpoints", "live", "services", "gallery", "enrolment"} == set()
    assert {module for module in lab if "requests" in STRUCTURE.imports[module]} == {"wsgi_app.lab.client"}
