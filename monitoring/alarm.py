"""One alarm over every stream and every day, within a stated budget.

Each score of `monitoring.surprise` becomes e-values: likelihood ratios of a shifted normal to the standard one. Each
stream keeps Shiryaev-Roberts sums of their products over every day that a change may have begun on. Such a sum grows
by one a day while nothing moves, and so does any weighted mean of sums **whatever the dependence of the streams**
(Shin, Ramdas and Rinaldo, "E-detectors", New England Journal of Statistics in Data Science 2023): the mean over all
streams first reaches `limit` after at least `limit` days on average.

An alarm retrains nothing: it calls for a look, which is wrong at most once in twenty (decide.FALSE_GAIN, over all looks
at a champion). So a budget of one unneeded retrain a year leaves room for LOOKS false alarms a year and half of it to
spare. How many there are is measured by benchmarks/incidents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from monitoring.measures import Kind
from monitoring.streams import Days, Group, Stream
from monitoring.surprise import scores

SHIFTS = (1.0, 2.0, 3.0)  # sizes of change looked for, in standard deviations of a day
LOOKS = 10.0  # false alarms, at most, for one unneeded retrain: each is looked into
LONE = 0.7  # of the way to an alarm (on a log scale) is the most that one day can bring a stream: bursts are no drift
LEAP, FLOOR = 6.0, 0.4  # nor can a day bring many streams together beyond 0.4 of the limit, or six times what there was
DECIDING: tuple[Group, ...] = ("loss", "calibration", "slice")  # whose evidence starts a look
# How the budget is shared: performance decides, features explain. Within a group every stream has the same share.
SHARES: dict[Group, float] = {
    "loss": 0.45, "calibration": 0.10, "slice": 0.10, "output": 0.10, "feature": 0.19, "shares": 0.06,
}  # fmt: skip
DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Finding:
    """What one stream says at the end of the window."""

    kind: Kind
    name: str
    slice: str
    group: Group
    spent: float  # its evidence as a share of the limit
    surprise: float  # score of the newest judged day, in standard deviations; positive is up
    z: tuple[float, ...]  # scores of the days of the window
    changed_at: datetime | None  # the likeliest first day of its change; None where nothing speaks for one

    @property
    def label(self) -> str:
        return self.name if self.slice == "all" else f"{self.name} of {self.slice}"


@dataclass(frozen=True)
class Alarm:
    """All streams together. `streams` holds most evidence first."""

    raised: bool
    spent: float  # share of the limit reached in the window
    raised_on: datetime | None  # end of the day
    changed_at: datetime | None  # of the stream with most evidence, of performance where that decides
    streams: tuple[Finding, ...]
    performance: bool = False  # whether the loss and the calibration alone would have raised it
    unjudged: tuple[str, ...] = ()  # names of streams whose reference says too little

    @property
    def calls(self) -> bool:
        """Whether it calls for a look: features explain, and decide only where no loss can be seen."""
        return self.raised and (self.performance or not self.of("loss"))

    def of(self, *groups: Group) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.streams if finding.group in groups)


def limit(unneeded_retrains_per_year: float) -> float:
    """Evidence that raises the alarm."""
    return DAYS_A_YEAR / (LOOKS * unneeded_retrains_per_year)


def alarm(
    streams: Sequence[Stream], days: Days, end: datetime, *, window_days: int, quiet_days: int, budget: float
) -> Alarm | None:
    """Judge the last `window_days` of `days`, which end at `end`; None where no stream can be judged.

    Evidence is gathered over the days after the reference but for the first `quiet_days` of them, which were
    looked into before and answered for.
    """
    known = [stream for stream in streams if np.isfinite(stream.values).any()]
    if not known:
        return None
    found = scores(known, days)[:, days.reference :]
    judged = np.isfinite(found[:, quiet_days:]).any(axis=1)
    names = tuple(sorted({stream.name for stream, good in zip(known, judged, strict=True) if not good}))
    kept = [stream for stream, good in zip(known, judged, strict=True) if good]
    if not kept:
        return None
    return _judged(kept, found[judged], end, window_days, quiet_days, limit(budget), names)


def _judged(
    streams: list[Stream],
    z: np.ndarray,
    end: datetime,
    window_days: int,
    quiet_days: int,
    most: float,
    unjudged: tuple[str, ...],
) -> Alarm:
    weight = weights([stream.group for stream in streams])
    signs = np.array([(1.0, -1.0 if stream.side == "both" else np.nan) for stream in streams])
    deciding = np.array([stream.group in DECIDING for stream in streams])
    shares = np.array([deciding, ~deciding]) * weight / most  # held apart: what explains must not drown what decides
    spent = weight[:, None] * evidence(z, signs, LONE * np.log(most / weight), quiet_days, shares) / most
    starts = changes(z, signs)
    total = spent.sum(axis=0)
    width = min(window_days, z.shape[1] - quiet_days)
    window = total[-width:]
    peak = z.shape[1] - width + int(window.argmax())
    moments = [end - timedelta(days=z.shape[1] - day) for day in range(z.shape[1] + 1)]
    order = sorted(range(len(streams)), key=lambda k: (-spent[k, peak], streams[k].name, streams[k].slice))
    findings = tuple(_finding(streams[k], z[k], width, spent[k, peak], starts[k, peak], moments) for k in order)
    over = np.flatnonzero(window >= 1)
    raised_on = moments[z.shape[1] - width + int(over[0]) + 1] if len(over) else None
    performance = bool((spent[deciding, -width:].sum(axis=0) >= 1).any())
    changed_at = next((f.changed_at for f in findings if f.group in DECIDING or not performance), None)
    return Alarm(len(over) > 0, float(window.max()), raised_on, changed_at, findings, performance, unjudged)


def weights(groups: Sequence[Group]) -> np.ndarray:
    """Each stream's share of the budget; they sum to 1 whichever groups are there."""
    present = {group: groups.count(group) for group in set(groups)}
    whole = sum(SHARES[group] for group in present)
    return np.array([SHARES[group] / whole / present[group] for group in groups])


def evidence(
    z: np.ndarray, signs: np.ndarray, most_a_day: np.ndarray, quiet_days: int = 0, shares: np.ndarray | None = None
) -> np.ndarray:
    """Shiryaev-Roberts sums (streams, days), a mean over signs and SHIFTS; 0 in the quiet days.

    A day without a score leaves a sum as it was. A day's log e-value is held to `most_a_day`, and the growth of sums
    together to LEAP: `shares` (sets, streams) has what one unit of each is of the limit, in the sets that are held.
    Both can only lower the sums.
    """
    sided = np.isfinite(signs)
    sums, found = np.zeros((*signs.shape, len(SHIFTS))), np.zeros(z.shape)
    shares = np.zeros((0, len(z))) if shares is None else shares
    before = np.zeros(len(shares))
    for day in range(quiet_days, z.shape[1]):
        known, step = _step(z[:, day], signs)
        grown = (sums + 1) * np.exp(np.minimum(step, most_a_day[:, None, None]))
        sums = np.where(known[:, None, None], grown, sums)
        found[:, day] = (sums.mean(axis=2) * sided).sum(axis=1) / sided.sum(axis=1)
        total, most = shares @ found[:, day], np.maximum(FLOOR, LEAP * before)
        before = np.minimum(total, most)
        for held in np.flatnonzero(total > most):
            scale = np.where(shares[held] > 0, most[held] / total[held], 1.0)
            sums, found[:, day] = sums * scale[:, None, None], found[:, day] * scale
    return found


def changes(z: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """The likeliest first day of each stream's change, seen from each day: (streams, days), -1 for none.

    It is where the present excursion of the largest CUSUM began (Page, Biometrika 1954).
    """
    run = np.zeros((*signs.shape, len(SHIFTS)))
    began, found = np.full(run.shape, -1), np.full(z.shape, -1)
    rows = np.arange(len(z))
    for day in range(z.shape[1]):
        _, step = _step(z[:, day], signs)
        began = np.where(run <= 0, day, began)
        run = np.maximum(run + np.where(np.isfinite(signs)[:, :, None], step, 0.0), 0)
        flat = run.reshape(len(z), -1)
        place = flat.argmax(axis=1)
        found[:, day] = np.where(flat[rows, place] > 0, began.reshape(len(z), -1)[rows, place], -1)
    return found


def _step(z: np.ndarray, signs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(streams with a score, log e-values (streams, signs, SHIFTS)) of one day; 0 without a score."""
    known, shift = np.isfinite(z), np.array(SHIFTS)
    moved = np.nan_to_num(z)[:, None] * np.nan_to_num(signs)
    return known, np.where(known[:, None, None], moved[:, :, None] * shift - shift**2 / 2, 0.0)


def _finding(stream: Stream, z: np.ndarray, width: int, spent: float, start: int, moments: list[datetime]) -> Finding:
    judged = z[np.isfinite(z)]
    return Finding(
        kind=stream.kind,
        name=stream.name,
        slice=stream.slice,
        group=stream.group,
        spent=float(spent),
        surprise=float(judged[-1]) if len(judged) else 0.0,
        z=tuple(float(score) for score in z[-width:]),
        changed_at=moments[int(start)] if start >= 0 else None,
    )
