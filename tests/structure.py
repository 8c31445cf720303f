"""Which modules of a package import which, read from their source."""

import ast
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
Rows = tuple[set[str], ...]


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


def unit_of(module: str) -> str:
    """The file or folder of the package that a module belongs to; ``""`` for the package itself."""
    return module.partition(".")[2].partition(".")[0]


class Structure:
    """A package whose units stand in rows: a module imports only from rows below, or from its own unit."""

    def __init__(self, package: str, rows: Rows):
        self.rows = rows
        modules = _modules(CHECKOUT / package)
        self.imports = {module: _imports(module, path, modules) for module, path in modules.items()}

    def own_imports(self, module: str) -> set[str]:
        """The package's own modules among what a module imports."""
        return {name for name in self.imports[module] if name in self.imports}

    def row_of(self, module: str) -> int:
        """The row of a module's unit."""
        return next(number for number, row in enumerate(self.rows) if unit_of(module) in row)

    def wrong_imports(self, module: str) -> set[str]:
        """What a module imports from its own row or from above."""
        return {
            name
            for name in self.own_imports(module)
            if unit_of(name) != unit_of(module) and self.row_of(name) <= self.row_of(module)
        }

    def importers(self, library: str) -> set[str]:
        """The units that import a library."""
        return {unit_of(module) for module, names in self.imports.items() if library in names}


def _modules(folder: Path) -> dict[str, Path]:
    found = {}
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imports(module: str, path: Path, modules: dict[str, Path]) -> set[str]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names = imported_names(path.read_text(encoding="utf-8"), package)
    own = (names & modules.keys()) - {module}
    return own | {name.partition(".")[0] for name in names} - {module.partition(".")[0]}
