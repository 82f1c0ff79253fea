"""Files as bytes: found by path or glob, uncompressed on the way, their troubles told in one sentence."""

import bz2
import csv
import gzip
import io
import lzma
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import IO, cast, get_args

import pyarrow as pa

from trimtab.errors import SourceError, UnreadableFile, hint
from trimtab.mapping import Format

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
EXTENSIONS: dict[str, Format] = {
    ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet"
}  # fmt: skip


def expand(pattern: str, folder: Path) -> list[Path]:
    """The files that a path or glob means, sorted; relative patterns start at `folder`."""
    whole = Path(pattern).expanduser()
    anchor, parts = (Path(whole.anchor), whole.parts[1:]) if whole.is_absolute() else (folder, whole.parts)
    found = sorted(path for path in anchor.glob("/".join(parts)) if path.is_file())
    if not found:
        parent = (anchor / Path(*parts)).parent
        near = hint(whole.name, [path.name for path in parent.iterdir()] if parent.is_dir() else [])
        raise SourceError(f"No file matches {anchor / Path(*parts)}.{near} Put the files there or correct `files`.")
    return found


def format_of(path: Path, stated: Format | None) -> Format:
    """The stated format, or the one that the extension says."""
    if stated is not None:
        return stated
    bare = path.with_suffix("") if path.suffix in COMPRESSED else path
    if bare.suffix.lower() not in EXTENSIONS:
        raise SourceError(
            f"{path.name} has no extension that tells its format; state `format`: {', '.join(get_args(Format))}."
        )
    return EXTENSIONS[bare.suffix.lower()]


def fingerprint(path: Path) -> str:
    """A hash of the bytes of the file."""
    with readable(path), path.open("rb") as stream:
        digest = blake2b(digest_size=16)
        while block := stream.read(1 << 20):
            digest.update(block)
        return digest.hexdigest()


def opened(path: Path) -> IO[bytes]:
    """The bytes of a file, uncompressed."""
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    if path.suffix == ".bz2":
        return cast(IO[bytes], bz2.open(path, "rb"))
    if path.suffix == ".xz":
        return cast(IO[bytes], lzma.open(path, "rb"))
    if path.suffix == ".zst":
        return cast(IO[bytes], io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")))
    return path.open("rb")


@contextmanager
def seekable(path: Path) -> Iterator[IO[bytes]]:
    """Parquet is read from its end: a compressed one is unpacked to a temporary file first."""
    with opened(path) as stream:
        if path.suffix not in COMPRESSED:
            yield stream
            return
        with tempfile.TemporaryFile() as plain:
            shutil.copyfileobj(stream, plain, 1 << 20)
            plain.seek(0)
            yield plain


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Whatever a broken file raises, as one sentence."""
    try:
        yield
    except FileNotFoundError as error:
        raise UnreadableFile(
            f"{path} vanished while it was being read; put it back and run the same command again."
        ) from error
    except (UnicodeError, LookupError) as error:
        raise UnreadableFile(
            f"{path.name} is not text in the stated encoding ({error}); state its `encoding`."
        ) from error
    except (pa.ArrowException, csv.Error, EOFError, OSError, lzma.LZMAError, zlib.error) as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "UTF8" in detail or "codec" in detail:
            detail = "it is not utf-8 text; state its `encoding`, for example latin-1"
        raise UnreadableFile(f"{path.name} cannot be read: {detail}.") from error
