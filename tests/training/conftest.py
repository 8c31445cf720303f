"""What the training tests share."""

import sys
from pathlib import Path

import pytest

from tests.training.material import faces_to_learn_from, scenes_to_learn_from, write_material
from training.views import ViewMaker


@pytest.fixture(autouse=True)
def _torch_on_one_thread() -> None:
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of training material in miniature; see ``write_material``."""
    return write_material(tmp_path_factory.mktemp("material"))


@pytest.fixture(scope="session")
def maker() -> ViewMaker:
    """Makes views of a handful of drawn scenes."""
    return ViewMaker(scenes_to_learn_from(), faces_to_learn_from())
