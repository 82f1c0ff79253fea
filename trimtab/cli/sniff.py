"""What kind of file a file is, by its bytes rather than its name; what is no table is told in one sentence."""

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

from trimtab.errors import SourceError, UnreadableFile, hint
from trimtab.files import format_of, opened, readable
from trimtab.mapping import Format
from trimtab.reading import DELIMITERS

START_BYTES = 1 << 16
SCAN_BYTES = 1 << 20
LONGEST_LINE = 8 << 20  # bytes; the reader takes no row above twice that
JUDGED_LINES = 50
CONTROLS = tuple(bytes([byte]) for byte in range(32) if byte not in b"\t\n\v\f\r\x1b")
CONTROL_SHARE = 0.02  # of the bytes may be control characters in a text
WESTERN_SHARE = 0.1  # of the bytes may be beyond ASCII in a text of a Western language
KINDS = {  # how files begin that are often taken for CSV
    b"PK\x03\x04": "is a spreadsheet or an archive; save the sheet as CSV and name that",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet of the old kind; save the sheet as CSV and name that",
    b"\x1f\x8b": "is compressed; end its name in .gz, so that it is unpacked as it is read",
    b"BZh": "is compressed; end its name in .bz2, so that it is unpacked as it is read",
    b"\xfd7zXZ": "is compressed; end its name in .xz, so that it is unpacked as it is read",
    b"\x28\xb5\x2f\xfd": "is compressed; end its name in .zst, so that it is unpacked as it is read",
    b"SQLite format 3": "is a database; export the table with the posts as CSV",
    b"%PDF": "is a PDF document; posts come as CSV, JSON lines or Parquet",
}


@dataclass(frozen=True)
class Sniffed:
    """`stated`: the name of the file does not say its format. `doubt`: why the encoding may be another, if it may."""

    form: Format
    stated: bool = False
    encoding: str = "utf-8"
    doubt: str = ""
    doubtful: bool = False  # so much that a person should look


def sniff(path: Path) -> Sniffed:
    """Format, delimiter and encoding of a file that is there."""
    _refuse_what_is_no_file(path)
    with readable(path), opened(path) as stream:
        start = stream.read(START_BYTES)
    if not start.strip():
        raise UnreadableFile(f"{path.name} is empty; there is nothing to propose from.")
    if start.startswith(b"PAR1"):
        return Sniffed("parquet", _unsaid(path, "parquet"))
    for magic, what in KINDS.items():
        if start.startswith(magic):
            raise UnreadableFile(f"{path.name} {what}.")
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not wide and (b"\0" in start or sum(start.count(byte) for byte in CONTROLS) > CONTROL_SHARE * len(start)):
        raise UnreadableFile(f"{path.name} is binary; posts come as CSV, JSON lines or Parquet.")
    encoding, doubt, doubtful = ("utf-16", "", False) if wide else _encoding(path)
    form = _form(path, start.decode(encoding, "ignore").removeprefix("\ufeff").lstrip())
    return Sniffed(form, _unsaid(path, form), encoding, doubt, doubtful)


def _refuse_what_is_no_file(path: Path) -> None:
    if path.is_dir():
        inside = ", ".join(sorted(each.name for each in path.iterdir() if each.is_file())[:3])
        raise SourceError(f"{path} is a folder; name one of the files in it{f', such as {inside}' if inside else ''}.")
    if not path.exists():
        near = hint(path.name, [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else [])
        raise SourceError(f"No file at {path}.{near} Name the file that holds the posts.")


def _unsaid(path: Path, form: Format) -> bool:
    try:
        return format_of(path, None) != form
    except SourceError:
        return True


def _encoding(path: Path) -> tuple[str, str, bool]:
    """utf-8 if the whole file is, else what Windows writes in the West; with the doubt there is about that."""
    utf8, western = (codecs.getincrementaldecoder(name)() for name in ("utf-8", "cp1252"))
    is_utf8 = is_western = True
    beyond = total = line = 0
    with readable(path), opened(path) as stream:
        while block := stream.read(SCAN_BYTES):
            line = _longest(path, block, line)
            total += len(block)
            is_utf8 = is_utf8 and _takes(utf8, block)
            is_western = is_western and _takes(western, block)
            beyond += len(block) - len(block.translate(None, bytes(range(128, 256))))
        is_utf8 = is_utf8 and _takes(utf8, b"", final=True)
    if is_utf8:
        return "utf-8", "", False
    if not is_western:
        return "latin-1", "it is neither utf-8 nor cp1252; latin-1 can read anything, so look at the letters", True
    many = beyond > WESTERN_SHARE * total
    doubt = "it is not utf-8; cp1252, as Windows writes in the West, can read it"
    if many:
        doubt += ", but so many letters are beyond ASCII that it may be another, such as cp1251 or gb18030"
    return "cp1252", doubt, many


def _takes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _longest(path: Path, block: bytes, before: int) -> int:
    """Bytes of the line that a block ends in; raises UnreadableFile if a line is too long to be one row."""
    first = block.find(b"\n")
    if before + (first if first >= 0 else len(block)) > LONGEST_LINE:
        raise UnreadableFile(
            f"{path.name} has a line of more than {LONGEST_LINE >> 20} MB, which is no row of a table; end each row "
            "with a line break."
        )
    return before + len(block) if first < 0 else len(block) - block.rfind(b"\n") - 1


def _form(path: Path, text: str) -> Format:
    if text.startswith("{"):
        return "jsonl"
    if text.startswith("["):
        raise UnreadableFile(
            f"{path.name} is one JSON list; write one object a line instead, without the brackets around."
        )
    if text.startswith("<"):
        raise UnreadableFile(f"{path.name} is a web page or XML; posts come as CSV, JSON lines or Parquet.")
    cut = {mark: _consistent(text, mark) for mark in (*DELIMITERS.values(), "|")}
    best = max(cut, key=lambda mark: cut[mark])
    if cut[best] and best == "|":
        raise UnreadableFile(
            f"{path.name} is cut into cells by '|', which no source reads; save it with commas or tabs."
        )
    by_mark: dict[str, Format] = {",": "csv", ";": "csv_semicolon", "\t": "tsv"}
    return by_mark[best] if cut[best] else "csv"


def _consistent(text: str, mark: str) -> float:
    """Cells a line beyond the first, times the share of the lines that have as many as the first."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text[:START_BYTES]), delimiter=mark) if row][: JUDGED_LINES + 1]
    except csv.Error:
        return 0.0
    rows = rows[:-1] if len(rows) > 2 else rows  # the last may be cut off
    cells = [len(row) for row in rows]
    return (cells[0] - 1) * cells.count(cells[0]) / len(cells) if cells else 0.0
