"""Every error that a user can meet, in one tree.

TrimtabError                     base: `except TrimtabError as error: print(error)` is a whole error handler
├── SettingsError                a setting that cannot be used
├── SourceError                  a source file or its YAML is not what it says
│   ├── MappingError             the YAML names a key or a column that is not there
│   └── UnreadableFile           the file cannot be read as what it claims to be
├── LakeError                    a table is missing, locked or cannot be written
├── FeatureError                 features cannot be built or served
├── NotEnoughData                too few rows to train on or to judge by
├── RegistryError                the model registry does not hold what was asked for
│   ├── UnknownModel             no such model
│   └── NothingToRollBack        no previous version to go back to
├── ServingError                 a server does not do what was decided
├── Unavailable                  a store or a server that does not answer now, and may later
└── LedgerError                  the ledger refuses an entry
"""

from collections.abc import Iterable
from difflib import get_close_matches


class TrimtabError(Exception):
    """What was found, what was wanted, what to do: one sentence for the person who reads it."""


class SettingsError(TrimtabError):
    """A setting that cannot be used."""


class SourceError(TrimtabError):
    """A source file or its YAML is not what it says."""


class MappingError(SourceError):
    """The YAML names a key or a column that is not there."""

    @classmethod
    def unknown(cls, kind: str, word: str, options: Iterable[str], where: str) -> "MappingError":
        known = sorted(options)
        return cls(f"{where}: {kind} '{word}' is not known.{hint(word, known)} Known: {', '.join(known)}.")


class UnreadableFile(SourceError):
    """The file cannot be read as what it claims to be."""


class LakeError(TrimtabError):
    """A table is missing, locked or cannot be written."""


class FeatureError(TrimtabError):
    """Features cannot be built or served."""


class NotEnoughData(TrimtabError):
    """Too few rows to train on or to judge by."""

    @classmethod
    def rows(cls, found: int, wanted: int, what: str, fix: str) -> "NotEnoughData":
        return cls(f"{found:,} {what} found, {wanted:,} wanted. {fix}")


class RegistryError(TrimtabError):
    """The model registry does not hold what was asked for."""


class RegistryBusy(RegistryError, TimeoutError):
    """Another process holds a model for longer than one waits."""


class UnknownModel(RegistryError):
    """No such model."""

    @classmethod
    def named(cls, name: str, options: Iterable[str]) -> "UnknownModel":
        known = sorted(options)
        return cls(f"No model is called '{name}'.{hint(name, known)} Known: {', '.join(known) or 'none yet'}.")

    @classmethod
    def untrained(cls, name: str) -> "UnknownModel":
        return cls(f"{name} has no version yet; train one first: trimtab train {name}")


class NothingToRollBack(RegistryError):
    """No previous version to go back to."""


class ServingError(TrimtabError):
    """A server does not do what was decided."""


class Unavailable(TrimtabError):
    """A store or a server that does not answer now; the same work may be tried again later."""


class LedgerError(TrimtabError):
    """The ledger refuses an entry."""


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The option that `word` most likely meant, or None."""
    found = get_close_matches(word, list(options), n=1, cutoff=0.5)
    return found[0] if found else None


def hint(word: str, options: Iterable[str]) -> str:
    """' Did you mean X?' or the empty string, to append to a sentence."""
    found = nearest(word, options)
    return f" Did you mean '{found}'?" if found else ""
