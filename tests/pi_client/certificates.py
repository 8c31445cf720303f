"""A private certificate authority, and certificates of every kind that a door must tell apart."""

import ssl
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

CONFIGURATION = """
[ca]
default_ca = authority
[authority]
new_certs_dir = .
database = issued.txt
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
[req]
distinguished_name = nothing
[nothing]
"""
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
HERE, ELSEWHERE = "IP:127.0.0.1,DNS:localhost", "DNS:elsewhere.example"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Leaf:
    """A server's certificate.

    Attributes:
        name: of its files.
        authority: who signs it.
        hosts: as ``subjectAltName`` has them.
        begins: from now.
        ends: from now.
    """

    name: str
    authority: str = "authority"
    hosts: str = HERE
    begins: timedelta = -DAY
    ends: timedelta = DAY


AUTHORITIES = ("authority", "stranger")
LEAVES = (
    Leaf("good"),
    Leaf("of a stranger", authority="stranger"),
    Leaf("wrong host", hosts=ELSEWHERE),
    Leaf("expired", begins=-2 * DAY, ends=-DAY),
    Leaf("not yet valid", begins=DAY, ends=2 * DAY),
)


@dataclass(frozen=True)
class Certificates:
    """The files, in one folder."""

    folder: Path

    @property
    def ca_file(self) -> str:
        """What a door is to trust."""
        return str(self.folder / "authority.crt")

    def context(self, leaf: str) -> ssl.SSLContext:
        """For a server that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{leaf}.crt", self.folder / f"{leaf}.key")
        return context


def make_certificates(folder: Path) -> Certificates:
    """Two authorities and all leaves; needs the command ``openssl``."""
    (folder / "openssl.cnf").write_text(CONFIGURATION)
    (folder / "issued.txt").touch()
    for name in AUTHORITIES:
        files = ("-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={name}", "-days", "30")
        usage = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
        extensions = [option for text in usage for option in ("-addext", text)]
        _openssl(folder, ("req", "-x509", "-config", "openssl.cnf", *KEY, *files, *extensions))
    for leaf in LEAVES:
        _make_leaf(folder, leaf)
    return Certificates(folder)


def _make_leaf(folder: Path, leaf: Leaf) -> None:
    key, request, made = f"{leaf.name}.key", f"{leaf.name}.csr", f"{leaf.name}.crt"
    (folder / f"{leaf.name}.ext").write_text(f"subjectAltName={leaf.hosts}\nextendedKeyUsage=serverAuth\n")
    files = ("-keyout", key, "-out", request, "-subj", f"/CN={leaf.name}")
    _openssl(folder, ("req", "-new", "-config", "openssl.cnf", *KEY, *files))
    signer = ("-cert", f"{leaf.authority}.crt", "-keyfile", f"{leaf.authority}.key")
    times = ("-startdate", _stamp(leaf.begins), "-enddate", _stamp(leaf.ends))
    files = ("-extfile", f"{leaf.name}.ext", "-in", request, "-out", made)
    _openssl(folder, ("ca", "-batch", "-notext", "-config", "openssl.cnf", *signer, *times, *files))


def _stamp(offset: timedelta) -> str:
    return f"{datetime.now(UTC) + offset:%y%m%d%H%M%SZ}"


def _openssl(folder: Path, arguments: Sequence[str]) -> None:
    done = subprocess.run(("openssl", *arguments), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
