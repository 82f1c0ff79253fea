"""Times as sources write them, to UTC; what does not parse comes back as NaT."""

import numpy as np
import pandas as pd
from pandas import Series

from trimtab.mapping import Moment

UNITS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}  # microseconds each
FARTHEST_US = 9_000_000_000_000_000  # the year 2255: beyond it a number is no time
OFFSET = r"(?:[zZ]|[+-]\d{2}(?::?\d{2})?)$"  # of a time, after its clock part


def to_utc(values: Series, moment: Moment) -> Series:
    """datetime64[us, UTC], indexed like `values`.

    A clock time without an offset is in the stated zone. The hour that occurs twice when clocks go back is
    taken as the first; the one that is skipped when they go forward does not parse.
    """
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values.dt.tz_convert("UTC").dt.as_unit("us")
    if np.issubdtype(values.dtype, np.datetime64):
        return _localised(values, moment.timezone)
    if moment.format in UNITS:
        return _from_epoch(values, UNITS[moment.format])
    text = values.astype(object)
    if moment.format == "iso8601":
        return _from_iso(text, moment.timezone)
    parsed = pd.to_datetime(text, format=moment.format, errors="coerce", utc="%z" in moment.format)
    return to_utc(parsed, moment) if "%z" in moment.format else _localised(parsed, moment.timezone)


def _from_epoch(values: Series, unit: int) -> Series:
    numbers = pd.to_numeric(values, errors="coerce")
    if pd.api.types.is_integer_dtype(numbers.dtype):
        usable = numbers.abs() < FARTHEST_US // unit
        micros = numbers.where(usable, 0).astype("int64") * unit
    else:
        usable = numbers.abs() < FARTHEST_US / unit  # false for NaN
        micros = (numbers.where(usable, 0) * unit).round().astype("int64")
    moments = pd.Series(micros.to_numpy().astype("datetime64[us]"), index=values.index).dt.tz_localize("UTC")
    return moments.where(usable)


def _from_iso(text: Series, zone: str) -> Series:
    parsed = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True).dt.as_unit("us")
    if zone == "UTC":
        return parsed
    clock = text.astype("string").str.slice(10)  # after the date, where a minus sign is an offset
    aware = clock.str.contains(OFFSET, regex=True).fillna(False).to_numpy(dtype=bool)
    return parsed.where(aware, _localised(parsed.dt.tz_localize(None), zone))


def _localised(naive: Series, zone: str) -> Series:
    first = np.ones(len(naive), dtype=bool)
    return naive.dt.tz_localize(zone, ambiguous=first, nonexistent="NaT").dt.tz_convert("UTC").dt.as_unit("us")
