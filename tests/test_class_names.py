"""A class name stands once in the whole house, so that it says which thing is meant."""

import ast
from collections import defaultdict
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
PACKAGES = ("wsgi_app", "pi_client")


def test_a_class_name_stands_once_in_server_and_device() -> None:
    places = defaultdict(list)
    for package in PACKAGES:
        for path in sorted((CHECKOUT / package).rglob("*.py")):
            for name in class_names(path.read_text(encoding="utf-8")):
                places[name].append(path.relative_to(CHECKOUT).as_posix())

    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def class_names(source: str) -> list[str]:
    """Of every class in a module's source, those within functions and classes too."""
    return [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
