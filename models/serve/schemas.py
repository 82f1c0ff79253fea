"""What is asked and answered over HTTP."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt

TEXT_CHARS = 100_000  # as at the door
KEY_CHARS = 500
MOST_POSTS = 10_000
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
EXAMPLE_POST: dict[str, Any] = {
    "post_id": "reddit:1b2c3d",
    "platform": "reddit",
    "topic": "python",
    "author": "ana",
    "text": "I love how fast this got! 🚀",
    "link_domain": "python.org",
    "has_image": False,
    "published_at": "2024-03-01T09:30:00Z",
}


def _moment(value: Any) -> datetime:
    """An ISO 8601 moment between 1970 and 2200; no zone means UTC."""
    if not isinstance(value, (str, datetime)):
        raise ValueError("a moment is written as 2024-03-01T09:30:00Z")
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("a moment is written as 2024-03-01T09:30:00Z") from error
    if not EARLIEST <= found < LATEST:
        raise ValueError("a moment lies between 1970 and 2200")
    return found


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 120.0 is as whole as 120."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


YEARS = r"^(19[7-9]|20\d|21\d)\d-"
Key = Annotated[str, Field(max_length=KEY_CHARS)]
Written = Annotated[str, Field(json_schema_extra={"format": "date-time", "pattern": YEARS})]  # as the API describes it
Time = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=Written)]
Count = Annotated[StrictInt, Field(ge=0, lt=2**31), BeforeValidator(_whole)]


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Post(Asked):
    """A post as the lake names its parts. What is not known may be left out."""

    post_id: Key | None = Field(None, description="`platform:id`, or the id alone; without one nothing is logged")
    platform: Annotated[str, Field(min_length=1, max_length=KEY_CHARS)]
    topic: Key | None = None
    author: Key | None = Field(None, description="as the platform names them; only a keyed hash is kept")
    text: Annotated[str, Field(max_length=TEXT_CHARS)]
    link_domain: Key | None = None
    body_chars: Count | None = None
    has_image: StrictBool | None = None
    has_video: StrictBool | None = None
    has_link: StrictBool | None = None
    published_at: Time | None = Field(None, description="no zone means UTC; left out, it is now")


class ScoreRequest(Asked):
    """One post or many, in one list."""

    model_config = ConfigDict(json_schema_extra={"example": {"posts": [EXAMPLE_POST], "explain": True}})

    posts: Annotated[list[Post], Field(min_length=1, max_length=MOST_POSTS)]
    models: Annotated[list[str], Field(min_length=1, max_length=100)] | None = Field(
        None, description="names of models; left out, every model with a champion"
    )
    explain: StrictBool = Field(False, description="also tell what each feature added")


class Reason(BaseModel):
    feature: str
    adds: float | None = Field(description="to log1p of the count, or to the raw score of the label")


class Score(BaseModel):
    """What one version says of one post. Which of count and label there is depends on the model's target."""

    model: str
    version: str
    features: Literal["online", "content alone"]
    why: str | None = Field(None, description="why the features are those of the content alone")
    unknown: list[str] | None = Field(None, description="keys of the post that the feature store has nothing on")
    count: float | None = Field(None, description="expected count at the horizon")
    low: float | None = None
    high: float | None = None
    value: float | None = Field(None, description="log1p of count")
    label: str | None = None
    probabilities: dict[str, float | None] | None = None
    reasons: list[Reason] | None = Field(None, description="largest first")


class PostScores(BaseModel):
    post_id: str | None
    scores: list[Score]


class ScoreAnswer(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "scored_at": "2024-03-01T09:31:00.120000Z",
                "posts": [
                    {
                        "post_id": "reddit:1b2c3d",
                        "scores": [
                            {
                                "model": "engagement",
                                "version": "7",
                                "features": "online",
                                "count": 11.2,
                                "low": 4.0,
                                "high": 28.9,
                                "value": 2.5,
                                "reasons": [{"feature": "level", "adds": 2.1}],
                            },
                            {
                                "model": "sentiment",
                                "version": "3",
                                "features": "content alone",
                                "why": "sentiment reads nothing else",
                                "label": "positive",
                                "probabilities": {"negative": 0.02, "neutral": 0.13, "positive": 0.85},
                            },
                        ],
                    }
                ],
            }
        }
    )

    scored_at: datetime
    posts: list[PostScores]


class Refusal(BaseModel):
    """Why a request was refused, in one sentence."""

    error: str
