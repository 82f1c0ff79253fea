"""Authors as keyed hashes: rows of one author can be told to belong together, not who it is."""

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

import pandas as pd
from pandas import Series

from trimtab.errors import LakeError

KEY_BYTES = 32
HEX_CHARS = 32  # 128 bits


class Authors:
    """HMAC-SHA256 (RFC 2104) of platform and author id under the key of one home folder."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of(cls, home: Path) -> "Authors":
        """With the key in home/author.key, made on first use. Losing it unlinks all authors for good."""
        path = home / "author.key"
        if not path.exists():
            _make(path)
        key = path.read_bytes()
        if len(key) != KEY_BYTES:
            raise LakeError(f"{path} holds {len(key)} bytes not {KEY_BYTES}; put back the key of this home.")
        return cls(key)

    def hashed(self, authors: Series, platforms: Series) -> Series:
        """128-bit hex for each author; null stays null. The same name on two platforms is two authors."""
        known = authors.notna()
        pairs = pd.DataFrame({"author": authors[known].astype(str), "platform": platforms[known].astype(str)})
        codes, unique = pd.factorize(pd.MultiIndex.from_frame(pairs)) if len(pairs) else ([], [])
        digests = pd.Series([self.digest(author, platform) for author, platform in unique], dtype=object)
        result = pd.Series(None, index=authors.index, dtype=object)
        if len(pairs):
            result[known] = digests.to_numpy()[codes]
        return result

    def digest(self, author: str, platform: str) -> str:
        """128-bit hex of one author."""
        message = f"{platform}\0{author}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, message, "sha256").hex()[:HEX_CHARS]


def _make(path: Path) -> None:
    """Write a new key whole or not at all; of two processes at once, the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".author.key.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
