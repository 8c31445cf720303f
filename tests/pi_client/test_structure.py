"""The directions in which modules of the device may import each other, and who may know the world outside."""

import graphlib
import subprocess
import sys

import pytest

from tests.structure import CHECKOUT, Structure, unit_of

# From the top down: a module imports only from rows below its own, or from its own folder.
ROWS = (
    {"__main__"},
    {"cli"},
    {"commands"},
    {"provisioning", "simulator"},
    {"assembly", "config_edit"},
    {"door"},
    {"display", "messenger", "photographer", "relay"},
    {"fakes", "inbox", "uploader"},
    {"answers"},
    {"transport"},
    {"camera", "failures", "gpio", "logs", "notify", "vitals"},
    {"ports"},
    {"press", "photos"},
    {"faults", "machine", "config"},
    {"button", "evidence", "lamps", "settings"},
    {"errors"},
    {""},  # the package itself: its version
)

# Libraries that are not everywhere, or lead out of the program, and who alone may import them.
OUTSIDE = {
    "argparse": {"cli", "commands"},
    "requests": {"failures", "transport", "uploader"},
    "subprocess": {"commands", "provisioning"},
}

STRUCTURE = Structure("pi_client", ROWS)


def test_every_module_has_its_row() -> None:
    assert {unit_of(module) for module in STRUCTURE.imports} == set.union(*ROWS)
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


@pytest.mark.parametrize("unit", ["button", "machine", "lamps", "display", "evidence", "faults"])
def test_what_decides_knows_neither_time_nor_threads_nor_network(unit: str) -> None:
    outside = {"requests", "socket", "threading", "time", "os", "queue"}

    assert not STRUCTURE.imports[f"pi_client.{unit}"] & outside


def test_the_device_knows_nothing_of_the_server() -> None:
    assert not [module for module, names in STRUCTURE.imports.items() if "wsgi_app" in names]


def test_point_1_every_module_imports_without_a_raspberry_pi_and_takes_requests_alone() -> None:
    modules = ", ".join(sorted(set(STRUCTURE.imports) - {"pi_client.__main__"}))
    program = f"import sys, {modules}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); {program}"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip

    assert "requests" in loaded
    assert not {"RPi", "lgpio", "libcamera", "picamera2", "cv2", "PIL", "numpy", "click"} & set(loaded)
