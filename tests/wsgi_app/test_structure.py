"""The directions in which modules of the server may import each other, and who may know the world outside."""

import ast
import graphlib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "wsgi_app"

# From the top down: a module imports only from rows below its own, or from its own folder.
ROWS = (
    {"cli", "wsgi"},
    {"app", "commands"},
    {"routes"},
    {"endpoints"},
    {"services"},
    {"auth", "enrolment", "gallery", "live", "packs", "rendering", "uploads"},
    {"counters", "logs", "memory", "stores", "vision"},
    {"steps"},
    {"config"},
    {"errors"},
    {""},  # the package itself: its version
)

# Libraries that lead out of the program, and who alone may import them.
OUTSIDE = {
    "alembic": {"stores"},
    "click": {"cli", "commands"},
    "cv2": {"vision"},
    "jinja2": {"rendering"},
    "multipart": {"uploads"},
    "onnxruntime": {"vision"},
    "PIL": {"vision"},
    "prometheus_client": {"endpoints"},
    "requests": {"packs"},
    "rich": {"commands"},
    "sqlalchemy": {"stores"},
    "uwsgi": {"counters"},
    "webob": {"app", "auth", "endpoints", "rendering", "routes", "services", "uploads"},
}


def imported_names(source: str, package: str) -> set[str]:
    """Everything that a module's source imports, wherever in it, by its full dotted name.

    Of ``from a.b import c`` both ``a.b`` and ``a.b.c`` are given, for c may be a module.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            names.update({base} | {f"{base}.{alias.name}" for alias in node.names})
    return names


def modules() -> dict[str, Path]:
    """Every module of the server by its dotted name."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def unit_of(module: str) -> str:
    """The file or folder of the package that a module belongs to; ``""`` for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def imports() -> dict[str, set[str]]:
    """What each module imports: other modules of the server, and libraries by their first name."""
    known = modules()
    graph = {}
    for module, path in known.items():
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        names = imported_names(path.read_text(encoding="utf-8"), package)
        libraries = {name.partition(".")[0] for name in names} - {"wsgi_app"}
        graph[module] = (names & known.keys()) - {module} | libraries
    return graph


IMPORTS = imports()


def own_imports(module: str) -> set[str]:
    return {name for name in IMPORTS[module] if name in IMPORTS}


def row_of(module: str) -> int:
    return next(number for number, row in enumerate(ROWS) if unit_of(module) in row)


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
    assert {unit_of(module) for module in IMPORTS} <= set.union(*ROWS)
    assert sum(map(len, ROWS)) == len(set.union(*ROWS))


@pytest.mark.parametrize("module", sorted(IMPORTS))
def test_a_module_imports_only_from_below_or_from_its_own_folder(module: str) -> None:
    wrong = {
        name
        for name in own_imports(module)
        if unit_of(name) != unit_of(module) and row_of(name) <= row_of(module)
    }
    assert wrong == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    sorter = graphlib.TopologicalSorter({module: own_imports(module) for module in IMPORTS})
    assert set(sorter.static_order()) == set(IMPORTS)


@pytest.mark.parametrize("library", OUTSIDE)
def test_a_library_that_leads_outside_is_imported_in_its_own_place_alone(library: str) -> None:
    importers = {unit_of(module) for module, names in IMPORTS.items() if library in names}
    assert importers
    assert importers <= OUTSIDE[library]


@pytest.mark.parametrize("unit", ["vision", "stores"])
def test_vision_and_stores_know_neither_http_nor_each_other_nor_what_is_above(unit: str) -> None:
    allowed = {unit, "steps", "config", "errors"}
    for module in IMPORTS:
        if unit_of(module) == unit:
            assert {unit_of(name) for name in own_imports(module)} <= allowed, module
            assert not IMPORTS[module] & {"webob", "http", "urllib", "wsgiref", "requests"}, module


def test_the_entry_for_uwsgi_only_reads_the_settings_and_builds_the_application() -> None:
    assert own_imports("wsgi_app.wsgi") == {
        "wsgi_app.app",
        "wsgi_app.config",
        "wsgi_app.counters",
        "wsgi_app.errors",
    }
