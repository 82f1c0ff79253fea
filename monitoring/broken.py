"""Which quality measures say that the data is not what it seems, and how that is said."""

from collections.abc import Callable

from monitoring.evidence import Evidence
from monitoring.measures import Measure
from monitoring.wording import names, share

BROKEN: dict[str, Callable[[list[Measure]], str]] = {
    "quarantined_share": lambda found: f"{share(found[0].value)} of the rows that arrived were quarantined",
    "null_share": lambda found: f"{names(m.slice for m in found)} went empty (null in {share(found[0].value)} of rows)",
    "unit_factor": lambda found: f"{names(m.slice for m in found)} came in another unit (x {found[0].value:,.3g})",
    "rows_share": lambda found: (
        f"only {share(found[0].value)} of the usual posts arrived ({found[0].rows:,})"
        if found[0].rows
        else "no posts came"
    ),
    "one_label": lambda found: f"every one of {found[0].rows:,} labels is {found[0].slice}",
    "top_authors_share": lambda found: f"five authors wrote {share(found[0].value)} of the posts",
}


def broken(evidence: Evidence) -> tuple[Measure, ...]:
    """The quality measures in alarm that say the data is not what it seems."""
    return tuple(measure for measure in evidence.of("quality") if measure.alarm and measure.name in BROKEN)
