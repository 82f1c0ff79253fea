"""What a source YAML may say: frozen parts that refuse a key which they do not know."""

import codecs
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from trimtab.errors import hint

Format = Literal["csv", "csv_semicolon", "tsv", "jsonl", "parquet"]
Sentiment = Literal["negative", "neutral", "positive"]
EPOCHS = ("epoch_s", "epoch_ms", "epoch_us")


def _names_files(value: str) -> str:
    if Path(value).name in ("", ".", ".."):
        raise ValueError(f"'{value}' names a folder; name the files in it, such as {value.rstrip('/')}/*.csv")
    return value


def _known_encoding(value: str) -> str:
    try:
        codecs.lookup(value)
    except LookupError as error:
        raise ValueError(f"'{value}' is no encoding that Python knows; utf-8, utf-16 and latin-1 are common") from error
    return value


Files = Annotated[str, AfterValidator(_names_files)]
Encoding = Annotated[str, AfterValidator(_known_encoding)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    def named_columns(self) -> Iterator[str]:
        """Every column of the file that this part reads."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Part):
                yield from value.named_columns()
            elif isinstance(value, tuple):
                yield from value
            elif name == "column" and value is not None:
                yield value


class Column(Part):
    """`name`, `{column: name}` or `{constant: value}`."""

    column: str | None = None
    constant: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str | int) else value

    @model_validator(mode="after")
    def _one(self) -> "Column":
        if (self.column is None) == (self.constant is None):
            raise ValueError("give either a column or a constant")
        return self


class Flag(Column):
    """A column of yes and no; `negate: true` turns it round."""

    negate: bool = False


class LabelColumn(Column):
    """The sentiment, with a map from the words of the source to ours where they differ."""

    map: dict[str, Sentiment] | None = None


class Moment(Part):
    """A time column: iso8601, epoch_s, epoch_ms, epoch_us or a strptime pattern, in a stated time zone."""

    column: str
    format: str = "iso8601"
    timezone: str = "UTC"

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @field_validator("format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value not in ("iso8601", *EPOCHS) and "%" not in value:
            options = hint(value, ("iso8601", *EPOCHS))
            raise ValueError(
                f"'{value}' is no time format.{options} Use iso8601, epoch_s, epoch_ms, epoch_us or a pattern "
                "like %d/%m/%Y"
            )
        try:
            datetime.strptime("", value)  # noqa: DTZ007 - only the pattern is of interest
        except ValueError as error:
            if "directive" in str(error) or "stray" in str(error):
                raise ValueError(f"'{value}' is no time format: {error}") from error
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"'{value}' is no IANA time zone.{hint(value, available_timezones())}")
        return value

    @model_validator(mode="after")
    def _epoch_is_utc(self) -> "Moment":
        if self.format in EPOCHS and self.timezone != "UTC":
            raise ValueError(f"{self.format} counts from 1970 in UTC by definition; leave the timezone out")
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Due(Part):
    """A time column, or a fixed age of the post: `{after_hours: 48}`."""

    column: str | None = None
    format: str = "iso8601"
    timezone: str = "UTC"
    after_hours: float | None = Field(None, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> "Due":
        if (self.column is None) == (self.after_hours is None):
            raise ValueError("give either a column or after_hours")
        if self.column is not None:
            self.moment  # noqa: B018  (refuses a bad format or zone now, not at the first row)
        return self

    @property
    def moment(self) -> Moment | None:
        if self.column is None:
            return None
        return Moment(column=self.column, format=self.format, timezone=self.timezone)


class PostPart(Part):
    id: Column
    platform: Column
    topic: Column
    author: Column | None = None
    text: tuple[str, ...] = Field(min_length=1)
    link_domain: Column | None = None
    body_chars: Column | None = None
    has_image: Flag | None = None
    has_video: Flag | None = None
    has_link: Flag | None = None
    published: Moment
    known: Moment | None = None

    @field_validator("text", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class Counts(Part):
    likes: Column | None = None
    shares: Column | None = None
    comments: Column | None = None
    views: Column | None = None

    @model_validator(mode="after")
    def _some(self) -> "Counts":
        if not self.mapped:
            raise ValueError("map at least one of likes, shares, comments, views")
        return self

    @property
    def mapped(self) -> dict[str, Column]:
        return {name: column for name in type(self).model_fields if (column := getattr(self, name)) is not None}


class Apart(Part):
    """What may come in files of its own, then with its own id."""

    files: Files | None = None
    format: Format | None = None
    encoding: Encoding | None = None
    id: Column | None = None
    platform: Column | None = None
    known: Moment | None = None


class EngagementPart(Apart):
    counts: Counts
    measured: Due


class LabelsPart(Apart):
    label: LabelColumn
    labelled: Due
    labeller: Column = Column(constant="source")


class Mapping(Part):
    """A whole source YAML."""

    source: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    files: Files
    format: Format | None = None
    encoding: Encoding | None = None
    post: PostPart
    engagement: EngagementPart | None = None
    labels: LabelsPart | None = None
