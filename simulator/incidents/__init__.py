"""Incidents: what goes wrong, or only seems to, from a date on.

`base` says what an incident is, `moves` holds those where the world moves, `breaks` those where the data
breaks, and `spec` reads them from text such as `unit_change@2024-04-02:days=2,factor=1000`.
"""

from simulator.incidents.base import KINDS, Incident
from simulator.incidents.breaks import NullColumn, Outage, UnitChange
from simulator.incidents.moves import ConceptDrift, ViralDay, VocabularyChange
from simulator.incidents.spec import parse, parse_all

__all__ = [
    "KINDS",
    "ConceptDrift",
    "Incident",
    "NullColumn",
    "Outage",
    "UnitChange",
    "ViralDay",
    "VocabularyChange",
    "parse",
    "parse_all",
]
