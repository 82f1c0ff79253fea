"""Incidents from text: kind@date, then options."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from simulator.incidents.base import KINDS, Incident
from trimtab.errors import SettingsError, hint

SPEC = re.compile(r"(?P<kind>[^@:]+)@(?P<at>[^:]+)(?::(?P<options>.*))?")


def parse(spec: str) -> Incident:
    """`unit_change@2024-04-02:days=2,factor=1000` as an incident."""
    found = SPEC.fullmatch(spec.strip())
    if not found:
        raise SettingsError(f"Incident '{spec}' is not kind@date; write it as concept_drift@2024-03-15:strength=0.5.")
    kind, at = found["kind"].strip(), found["at"].strip()
    if kind not in KINDS:
        raise SettingsError(f"Incident '{kind}' is not known.{hint(kind, KINDS)} Known: {', '.join(sorted(KINDS))}.")
    try:
        first = date.fromisoformat(at)
    except ValueError as error:
        raise SettingsError(f"Incident '{spec}': '{at}' is not a date; write it as 2024-03-15.") from error
    parts = [part for part in (found["options"] or "").split(",") if part.strip()]
    options: dict[str, Any] = dict(_option(KINDS[kind], part) for part in parts)
    return KINDS[kind](at=first, **options)


def parse_all(specs: Iterable[str]) -> tuple[Incident, ...]:
    return tuple(parse(spec) for spec in specs)


def _option(cls: type[Incident], part: str) -> tuple[str, float | int | str]:
    """`days=2` as a name and a value of the type that the incident wants."""
    name, _, text = (piece.strip() for piece in part.partition("="))
    usual = cls.defaults()
    if name not in usual:
        raise SettingsError(f"{cls.kind}: option '{part}' is not known.{hint(name, usual)} Known: {', '.join(usual)}.")
    try:
        return name, type(usual[name])(text)
    except ValueError as error:
        wanted = "a whole number" if isinstance(usual[name], int) else "a number"
        raise SettingsError(f"{cls.kind}: {name} is '{text}'; give {wanted}.") from error
