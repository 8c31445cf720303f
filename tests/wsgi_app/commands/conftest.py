"""The houses in which the commands are typed."""

from pathlib import Path

import pytest

from tests.houses import copy_new_database
from tests.owners import PACK, Owner, renamed_pack
from wsgi_app.house import models
from wsgi_app.vision import packs as vision_packs


@pytest.fixture
def newcomer(tmp_path: Path) -> Owner:
    """An owner without any model pack, whose first command makes the house."""
    return Owner({"PORTEIRO_DATA": str(tmp_path / "data")})


@pytest.fixture(scope="module")
def pack_folder(pack_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models of all tests under a name of their own, as somebody may bring them on a stick."""
    return renamed_pack(pack_folder, tmp_path_factory.mktemp("stick") / PACK, PACK)


@pytest.fixture
def known_pack(pack_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the catalogue know that pack, beside the others."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    for file in vision_packs.CATALOGUE.parent.glob("*.onnx"):
        (folder / file.name).symlink_to(file)
    described = [
        path.read_text(encoding="utf-8") for path in (vision_packs.CATALOGUE, pack_folder / "models.toml")
    ]
    (folder / "models.toml").write_text("\n".join(described), encoding="utf-8")
    monkeypatch.setattr(models, "CATALOGUE", folder / "models.toml")
    monkeypatch.setattr(vision_packs, "CATALOGUE", folder / "models.toml")


@pytest.fixture
def owner(newcomer: Owner, pack_folder: Path) -> Owner:
    """An owner with a model pack in a folder and an empty house; a newcomer has neither."""
    copy_new_database(newcomer.data / "porteiro.db")
    return Owner({**newcomer.settings, "PORTEIRO_PACK": str(pack_folder)})
