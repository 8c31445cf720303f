"""The fake picamera2 has the real one's signatures.

They are written anew from a release, for which nothing needs to be installed::

    pip download --no-deps --dest DIRECTORY picamera2==0.3.38
    python -m tests.pi_client.test_picamera2_signatures DIRECTORY/picamera2-0.3.38-py3-none-any.whl
"""

import importlib
import importlib.abc
import importlib.machinery
import inspect
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import pytest

from tests.pi_client import fake_picamera2

FILE = Path(__file__).with_name("picamera2_signatures.json")
# What the door calls.
USED = {
    "Picamera2": (
        "__init__",
        "camera_controls",
        "cancel_all_and_flush",
        "capture_request",
        "close",
        "configure",
        "create_video_configuration",
        "start",
    ),
    "CompletedRequest": ("get_metadata", "release", "save"),
}
LITERALS = (bool, int, float, str, dict, type(None))


def signatures(module: Any) -> dict[str, dict[str, str]]:
    """Every used member of the classes of a module."""
    return {
        kind: {name: _described(inspect.getattr_static(getattr(module, kind), name)) for name in names}
        for kind, names in USED.items()
    }


def _described(member: Any) -> str:
    """As in a ``def``, without annotations; a default that is no literal is an Ellipsis."""
    if isinstance(member, property):
        return "property"
    signature = inspect.signature(member)
    parameters = [
        parameter.replace(annotation=parameter.empty, default=_default(parameter))
        for parameter in signature.parameters.values()
    ]
    return str(inspect.Signature(parameters))


def _default(parameter: inspect.Parameter) -> Any:
    known = parameter.default is parameter.empty or isinstance(parameter.default, LITERALS)
    return parameter.default if known else ...


def test_point_16_the_fake_has_the_signatures_of_picamera2() -> None:
    recorded = json.loads(FILE.read_text(encoding="utf-8"))
    assert recorded == {"picamera2": "0.3.38", "signatures": signatures(fake_picamera2)}


def test_point_16_the_installed_picamera2_has_them_too() -> None:
    real = pytest.importorskip("picamera2")
    assert signatures(real) == json.loads(FILE.read_text(encoding="utf-8"))["signatures"]


def test_a_parameter_more_another_name_and_another_default_are_told_apart() -> None:
    def plain(wait: Any = None) -> None: ...
    def renamed(timeout: Any = None) -> None: ...
    def longer(wait: Any = None, flush: Any = None) -> None: ...
    def changed(wait: Any = True) -> None: ...
    def required(wait: Any) -> None: ...
    def named_only(*, wait: Any = None) -> None: ...

    functions = (plain, renamed, longer, changed, required, named_only)
    assert len({_described(function) for function in functions}) == len(functions)


class _Missing(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands in for every module that is not installed, such as libcamera, which no registry has."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec:
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = MagicMock(name=spec.name)
        module.__path__ = []
        module.__all__ = []
        return module

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""


def write(wheel: Path) -> None:
    """Record the signatures of the picamera2 in a wheel; spoils the interpreter for anything else."""
    sys.path.insert(0, str(wheel))
    sys.meta_path.append(_Missing())
    found = {
        "Picamera2": importlib.import_module("picamera2.picamera2").Picamera2,
        "CompletedRequest": importlib.import_module("picamera2.request").CompletedRequest,
    }
    module = ModuleType("picamera2")
    vars(module).update(found)
    recorded = {"picamera2": wheel.name.split("-")[1], "signatures": signatures(module)}
    FILE.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
