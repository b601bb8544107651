"""An authority that lives for a test run, and what it signs: for brokers, and for those who come to them."""

from __future__ import annotations

import subprocess
from pathlib import Path

CONFIGURATION = """
[ca]
default_ca = ours
[ours]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
"""


def openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    """Its certificate is `certificate`; every key is there as the brokers want it: PKCS#8, in PEM."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._configuration = folder / "openssl.cnf"
        self._configuration.write_text(CONFIGURATION.format(folder=folder))
        (folder / "index").touch()
        self.certificate, self._key = folder / "authority.pem", self._new_key("authority")
        request = ("req", "-new", "-x509", "-days", "1", "-key", self._key, "-subj", "/CN=authority")
        openssl(*request, "-addext", "keyUsage=keyCertSign", "-out", self.certificate)

    def sign(
        self,
        name: str,
        *,
        address: str | None = None,
        since: str = "20200101000000Z",
        until: str = "20491231000000Z",
    ) -> tuple[Path, Path]:
        """Key and certificate of somebody, by this address if it is a broker's."""
        key, asked, signed = self._new_key(name), self._folder / f"{name}.csr", self._folder / f"{name}.pem"
        names = ("-addext", f"subjectAltName={address}") if address is not None else ()
        openssl("req", "-new", "-key", key, "-subj", f"/CN={name}", *names, "-out", asked)
        by = (
            "ca",
            "-batch",
            "-config",
            self._configuration,
            "-cert",
            self.certificate,
            "-keyfile",
            self._key,
        )
        dates = ("-startdate", since, "-enddate", until, "-notext")
        openssl(*by, *dates, "-in", asked, "-out", signed)
        return key, signed

    def together(self, name: str, key: Path, certificate: Path) -> Path:
        """Both in one file, as a broker's keystore holds them."""
        both = self._folder / f"{name}-both.pem"
        both.write_text(key.read_text() + certificate.read_text())
        return both

    def with_password(self, key: Path, password: str) -> Path:
        """The key once more, encrypted."""
        locked = key.with_suffix(".locked")
        openssl("pkcs8", "-topk8", "-in", key, "-out", locked, "-passout", f"pass:{password}")
        return locked

    def _new_key(self, name: str) -> Path:
        key = self._folder / f"{name}.key"
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        return key
