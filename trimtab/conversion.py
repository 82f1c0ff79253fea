"""Raw rows of a feed to one mapped row each: still unchecked, but in our words, types and UTC.

What cannot be understood becomes null and leaves a sentence in the column `unread`, which the door turns
into a quarantined row.
"""

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from trimtab.authors import Authors
from trimtab.mapping import Column, Due, Flag, Moment
from trimtab.moments import to_utc
from trimtab.posts import COUNTS, MEDIA
from trimtab.source import Feed

YES, NO = {"true", "1", "1.0", "yes", "t", "y"}, {"false", "0", "0.0", "no", "f", "n"}
SHOWN_CHARS = 60
LARGEST_COUNT = 2**53  # beyond it a float no longer holds every whole number


class Reader:
    """Reads columns of one raw frame and remembers what it could not understand."""

    def __init__(self, raw: DataFrame) -> None:
        self.raw = raw
        self.unread = pd.Series(None, index=raw.index, dtype=object)

    def text(self, column: Column | None) -> Series:
        """Strings; empty and blank ones are null."""
        if column is None:
            return pd.Series(None, index=self.raw.index, dtype=object)
        if column.constant is not None:
            return pd.Series(column.constant, index=self.raw.index, dtype=object)
        return strings(self.raw[column.column])

    def joined(self, columns: tuple[str, ...]) -> Series:
        """Several text columns, a newline between those that are there."""
        parts = [strings(self.raw[column]) for column in columns]
        whole = parts[0]
        for part in parts[1:]:
            both = whole.notna() & part.notna()
            whole = (whole + "\n" + part).where(both, whole.fillna(part))
        return whole

    def moment(self, moment: Moment | None) -> Series:
        if moment is None:
            return pd.Series(pd.NaT, index=self.raw.index, dtype="datetime64[us, UTC]")
        values = self.raw[moment.column]
        parsed = to_utc(values, moment)
        self._note(moment.column, parsed.isna() & present(values), f"is no time in the format {moment.format}")
        return parsed

    def due(self, due: Due, published: Series) -> Series:
        if due.after_hours is not None:
            return published + pd.Timedelta(hours=due.after_hours)
        return self.moment(due.moment)

    def whole(self, column: Column | None) -> Series:
        """Whole numbers as floats, missing ones NaN; negative ones are left for the door to refuse."""
        if column is None:
            return pd.Series(np.nan, index=self.raw.index)
        if column.constant is not None:
            return pd.Series(float(column.constant), index=self.raw.index)
        values = self.raw[column.column]
        numbers = pd.to_numeric(values, errors="coerce").astype(float)
        broken = present(values) & ~((numbers == numbers.round()) & (numbers.abs() < LARGEST_COUNT))
        self._note(str(column.column), broken, "is no whole number")
        return numbers.where(~broken)

    def flag(self, flag: Flag | None) -> Series:
        if flag is None:
            return pd.Series(None, index=self.raw.index, dtype=object)
        words = self.text(flag)
        lowered = words if words.isna().all() else words.str.lower()
        answer = lowered.map(dict.fromkeys(YES, True) | dict.fromkeys(NO, False)).astype(object)
        answer = answer.where(answer.notna(), None)
        if flag.column is not None:
            self._note(flag.column, answer.isna() & words.notna(), "is neither yes nor no")
        return answer.map({True: False, False: True, None: None}) if flag.negate else answer

    def _note(self, column: str, broken: Series, why: str) -> None:
        if broken.any():
            shown = self.raw.loc[broken, column].map(lambda value: str(value)[:SHOWN_CHARS])
            self.unread[broken] = self.unread[broken].fillna(column + " '" + shown + "' " + why)


def convert(feed: Feed, raw: DataFrame, authors: Authors, hashed: bool = False) -> DataFrame:
    """One mapped row for each raw row; `hashed` says that the raw authors are hashes already (a replay)."""
    reader = Reader(raw)
    platform = reader.text(feed.platform)
    mapped = {"platform": platform, "post_id": platform + ":" + reader.text(feed.id)}
    published = pd.Series(pd.NaT, index=raw.index, dtype="datetime64[us, UTC]")
    if feed.post is not None:
        mapped |= _post(feed, reader, authors, hashed)
        published = mapped["published_at"]
    if feed.engagement is not None:
        counts = feed.engagement.counts.mapped
        mapped |= {count: reader.whole(counts.get(count)) for count in COUNTS}
        mapped["measured_at"] = reader.due(feed.engagement.measured, published)
        mapped["measured_known_at"] = reader.moment(feed.engagement.known)
    if feed.labels is not None:
        words = reader.text(feed.labels.label)
        mapped["label"] = words.map(lambda word: (feed.labels.label.map or {}).get(word, word), na_action="ignore")
        mapped["labelled_at"] = reader.due(feed.labels.labelled, published)
        mapped["labeller"] = reader.text(feed.labels.labeller)
        mapped["labelled_known_at"] = reader.moment(feed.labels.known)
    return DataFrame(mapped).assign(unread=reader.unread)


def _post(feed: Feed, reader: Reader, authors: Authors, hashed: bool) -> dict[str, Series]:
    part = feed.post
    assert part is not None
    author = reader.text(part.author)
    text = reader.joined(part.text)
    return {
        "topic": reader.text(part.topic),
        "author": author if hashed else authors.hashed(author, reader.text(feed.platform)),
        "text": text,
        "text_chars": text.str.len().astype(float) if text.notna().any() else pd.Series(np.nan, text.index),
        "link_domain": reader.text(part.link_domain),
        "body_chars": reader.whole(part.body_chars),
        **{flag: reader.flag(getattr(part, flag)) for flag in MEDIA},
        "published_at": reader.moment(part.published),
        "known_at": reader.moment(part.known),
    }


def strings(values: Series) -> Series:
    """Any column as strings: whole numbers without a decimal point, blank and missing ones null."""
    if pd.api.types.is_float_dtype(values.dtype):
        values = values.map(lambda number: int(number) if number.is_integer() else number, na_action="ignore")
    values = values.astype(object)
    if pd.api.types.infer_dtype(values, skipna=True) not in ("string", "empty"):
        values = values.map(_string, na_action="ignore")
    blank = values.isna() if values.isna().all() else values.isna() | (values.str.strip() == "")
    return values.where(~blank, None)


def _string(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def present(values: Series) -> Series:
    """True where the source gave something, were it NaN: only null and the empty string are nothing."""
    if values.dtype == object:
        return values.map(
            lambda value: value is not None and value is not pd.NA and value is not pd.NaT and value != ""
        )
    return values.notna()


def mask_of(feed: Feed) -> str | None:
    """The raw column that holds the author, or None."""
    author = feed.post.author if feed.post is not None else None
    return author.column if author is not None else None
