"""What a column means, by its name and its values: proposals for files that nobody described."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame

from tests import tiny_exports as exports
from trimtab.errors import SourceError
from trimtab.mapping import Mapping
from trimtab.moments import to_utc
from trimtab.proposing import sentiment
from trimtab.proposing.names import named, words
from trimtab.proposing.profile import look, profile
from trimtab.proposing.proposal import About, Asked, Proposal
from trimtab.proposing.propose import MEANINGS, propose
from trimtab.proposing.times import clock
from trimtab.proposing.words import NAMES
from trimtab.proposing.write import scalar, text_of

NOW = datetime(2024, 6, 1, tzinfo=UTC)
MORE_PATTERNS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z", "%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M",
    "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%d-%m-%Y %H:%M",
    "%a %b %d %H:%M:%S %z %Y", "%a, %d %b %Y %H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S GMT", "%b %d, %Y at %I:%M %p", "%B %d, %Y %H:%M", "%d %b %Y %H:%M", "%d-%b-%Y %H:%M:%S",
    "%Y-%m-%d %H:%M:%S UTC", "%d.%m.%y %H:%M", "%Y-%m-%d %H:%M:%S.%f",
)  # fmt: skip


def proposed(posts: list[dict[str, Any]] | DataFrame, name: str = "posts", **asked: Any) -> Proposal:
    frame = posts if isinstance(posts, DataFrame) else DataFrame(posts).astype(object)
    return propose(look(frame, NOW), About(name, f"{name}.csv"), Asked(**asked))


def columns(proposal: Proposal) -> dict[str, Any]:
    """meaning -> its column, its columns or its constant."""
    found = {}
    for choice in proposal.choices:
        value = choice.value
        found[choice.meaning] = value.get("column", value) if isinstance(value, dict) else value
    return found


def post(number: int, **changes: Any) -> dict[str, Any]:
    usual = {
        "id": f"p{number}", "created_at": exports.moment(number).isoformat(), "text": exports.saying(number),
        "comments": exports.attention(number),
    }  # fmt: skip
    return usual | changes


def posts(change: Callable[[int], dict[str, Any]] = lambda number: {}, rows: int = 60) -> list[dict[str, Any]]:
    return [post(number, **change(number)) for number in range(rows)]


@pytest.mark.parametrize(
    ("export", "wanted"),
    [
        ("twitter", {"id": "id_str", "author": "user.id", "text": "full_text", "published": "created_at",
                     "likes": "favorite_count", "shares": "retweet_count", "platform": {"constant": "twitter"}}),
        ("reddit", {"id": "id", "topic": "subreddit", "author": "author", "text": ["title", "selftext"],
                    "link_domain": "domain", "has_link": "is_self", "has_video": "is_video", "published": "created_utc",
                    "likes": "score", "comments": "num_comments", "shares": "num_crossposts",
                    "measured": "retrieved_on",
                    "platform": {"constant": "reddit"}}),
        ("mastodon", {"id": "id", "text": "content", "published": "created_at", "likes": "favourites_count",
                      "shares": "reblogs_count", "comments": "replies_count", "platform": {"constant": "mastodon"}}),
        ("youtube", {"id": "commentId", "topic": "videoId", "author": "authorChannelId", "text": "textOriginal",
                     "published": "publishedAt", "likes": "likeCount", "comments": "totalReplyCount"}),
        ("spreadsheet", {"id": "Post-Nr.", "platform": "Plattform", "topic": "Kampagne", "author": "Verfasser",
                         "text": "Text", "published": "Veröffentlicht am", "likes": "Gefällt mir", "shares": "Geteilt",
                         "comments": "Kommentare", "views": "Reichweite"}),
        ("airline", {"id": "tweet_id", "topic": "airline", "author": "name", "label": "airline_sentiment",
                     "text": "text", "published": "tweet_created"}),
        ("feed", {"id": "guid", "text": "headline", "published": "pubDate"}),
    ],
)  # fmt: skip
def test_exports_of_other_tools_are_understood(export: str, wanted: dict[str, Any]) -> None:
    found = columns(proposed(getattr(exports, export)(), name="tweets" if export == "twitter" else "posts"))
    constants = {"topic", "platform", "measured", "labelled", "labeller"}
    assert {name: value for name, value in found.items() if name in wanted or name not in constants} == wanted


def test_columns_of_the_author_are_no_counts_or_times_of_the_post() -> None:
    left = proposed(exports.twitter()).left
    for name in ("user.followers_count", "user.statuses_count", "user.created_at"):
        assert left[name] == "about the author rather than the post"


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("created_utc", "published"), ("tweet_id", "id"), ("favouritesCount", "likes"), ("J'aime", "likes"),
        ("Комментарии", "comments"), ("转发数", "shares"), ("いいね", "likes"), ("numComments", "comments"),
        ("Anzahl Kommentare", "comments"), ("VIEWS", "views"), ("screen_name", "author"), ("fecha", "published"),
        ("Überschrift", "title"), ("public_metrics.like_count", "likes"), ("compartidos", "shares"),
    ],
)  # fmt: skip
def test_a_name_says_its_meaning_in_many_languages_and_habits(name: str, meaning: str) -> None:
    assert max(NAMES, key=lambda each: named(name, each)) == meaning
    assert named(name, meaning) >= 0.8


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("statuses_count", "id"), ("user_favourites_count", "likes"), ("subreddit_subscribers", "views"),
        ("updated_at", "published"), ("account_created_at", "published"), ("parent_comment_id", "id"),
        ("in_reply_to_id", "id"),
        ("user_id", "id"), ("authorMeta.fans", "author"), ("text_url", "text"), ("author_followers_count", "author"),
        ("retweeted_status_text", "text"),
    ],
)  # fmt: skip
def test_a_name_of_something_else_says_nothing(name: str, meaning: str) -> None:
    assert named(name, meaning) == 0


@given(st.text())
def test_any_name_can_be_asked_for_any_meaning(name: str) -> None:
    assert all(0 <= named(name, meaning) <= 1 for meaning in NAMES)


@given(st.text("ABCXYZ_- "))
def test_a_name_in_capitals_has_the_words_of_the_same_name_in_small_letters(name: str) -> None:
    assert words(name) == words(name.lower())


@pytest.mark.parametrize("pattern", MORE_PATTERNS)
@given(start=st.datetimes(datetime(2005, 1, 13), datetime(2023, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
@settings(max_examples=5)
def test_times_are_read_as_they_were_written(pattern: str, start: datetime) -> None:
    moments = [start.replace(day=13) + timedelta(hours=29 * n, minutes=13 * n) for n in range(40)]
    written = pd.Series([f"{moment:{pattern}}" for moment in moments], dtype=object)
    found = clock(written, NOW)
    assert found is not None
    assert found.share == 1
    meant = [datetime.strptime(text, pattern).replace(tzinfo=UTC) for text in written]  # noqa: DTZ007
    assert list(to_utc(written, found.moment("t"))) == meant
    assert found.naive == (not pattern.endswith(("%z", "Z", "UTC", "GMT")) and "%z" not in pattern)


@pytest.mark.parametrize(("unit", "factor"), [("epoch_s", 1), ("epoch_ms", 1_000), ("epoch_us", 1_000_000)])
@given(moments=st.lists(st.datetimes(datetime(1995, 1, 1), datetime(2024, 1, 1), timezones=st.just(UTC)), min_size=1))  # noqa: DTZ001
@settings(max_examples=20)
def test_epochs_are_told_by_their_size(unit: str, factor: int, moments: list[datetime]) -> None:
    for kind in (int, str):
        found = clock(pd.Series([kind(int(moment.timestamp()) * factor) for moment in moments], dtype=object), NOW)
        assert found is not None and (found.format, found.naive) == (unit, False)


def test_days_and_months_that_cannot_be_told_apart_are_asked_for() -> None:
    told = proposed(posts(lambda n: {"created_at": f"0{1 + n % 3}/0{1 + n % 4}/2023"}), platform="forum")
    assert told.of("published").sure == "open"
    assert any("days and months cannot be told apart" in question for question in told.questions)
    assert {"%d/%m/%Y", "%m/%d/%Y"} == {
        told.of("published").value["format"], told.of("published").instead[0]["format"]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("days", "format"),
    [
        ([f"{n:02d}/03/2023" for n in range(1, 13)] * 5, "%d/%m/%Y"),  # twelve days, not the third of twelve months
        ([f"03/{n:02d}/2023" for n in range(1, 13)] * 5, "%m/%d/%Y"),
        (["05/06/2024", "04/06/2024"] * 5, "%m/%d/%Y"),  # the other way round one lies ahead of now
        (["25/12/2023", "01/02/2023"] * 5, "%d/%m/%Y"),
    ],
)
def test_days_and_months_are_told_apart_by_the_values(days: list[str], format: str) -> None:
    found = clock(pd.Series(days), datetime(2024, 5, 20, tzinfo=UTC))
    assert found is not None and (found.format, found.other) == (format, None)
    assert found.swapped


@pytest.mark.parametrize(
    "values",
    [
        ["12:30", "13:15"],
        ["2013", "2014"],
        ["1.2.3.4"],
        ["a", "b"],
        [True, False],
        [45123.5],
        ["10. Okt 2018"],
        ["0001"],
    ],
)
def test_what_is_no_time_is_not_read_as_one(values: list[Any]) -> None:
    assert clock(pd.Series(values), NOW) is None


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("Mon Apr 06 22:19:45 PDT 2009", "2009-04-07T05:19:45Z"),
        ("2021-03-05 08:00:02 EST", "2021-03-05T13:00:02Z"),
        ("05.03.2021 08:00 CET", "2021-03-05T07:00:00Z"),
    ],
)
def test_a_zone_written_as_letters_is_kept(written: str, utc: str) -> None:
    values = pd.Series([written, written.replace("05.03", "25.03")])
    found = clock(values, NOW)
    assert found is not None and not found.naive
    assert to_utc(values, found.moment("t"))[0] == pd.Timestamp(utc)


@pytest.mark.parametrize(
    ("values", "map"),
    [
        (("negative", "neutral", "positive"), {}),
        (("NEG", "POS"), {"NEG": "negative", "POS": "positive"}),
        (("negativ", "positiv"), {"negativ": "negative", "positiv": "positive"}),
        (("-1", "0", "1"), {"-1": "negative", "0": "neutral", "1": "positive"}),
        (("0", "4"), {"0": "negative", "4": "positive"}),
        (("负面", "正面"), {"正面": "positive", "负面": "negative"}),
    ],
)
def test_the_words_of_a_label_become_ours(values: tuple[str, ...], map: dict[str, str]) -> None:
    found = sentiment.meaning(dict.fromkeys(values, 3))
    assert found is not None and (dict(found.map), found.share, found.certain) == (map, 1.0, True)


@pytest.mark.parametrize("values", [(0, 1), (0, 1, 2), (1, 2, 3, 4, 5)])
def test_numbers_that_may_mean_anything_are_asked_for(values: tuple[int, ...]) -> None:
    told = proposed(posts(lambda n: {"sentiment": values[n % len(values)]}), platform="forum")
    assert told.of("label").sure == "open"
    assert told.of("label").value["map"][str(values[-1])] == "positive"
    assert [question[:6] for question in told.questions] == ["label:"]


@pytest.mark.parametrize("values", [("a", "b"), ("positive",), ("0.31", "-0.2"), ("red", "green", "positive")])
def test_other_words_are_no_sentiment(values: tuple[str, ...]) -> None:
    assert sentiment.meaning(dict.fromkeys(values, 3)) is None


def test_values_tell_where_names_do_not() -> None:
    renamed = {"id": "a", "created_at": "b", "text": "c", "comments": "comments"}
    told = proposed([{renamed[name]: value for name, value in each.items()} for each in posts()], platform="forum")
    found = columns(told)
    assert (found["id"], found["published"], found["text"]) == ("a", "b", "c")
    assert {told.of(name).sure for name in ("id", "published", "text")} == {"guess"}


def test_of_two_times_without_a_name_the_earlier_is_taken_and_asked_about() -> None:
    rows = [{"a2": (exports.moment(n) + timedelta(days=2)).isoformat(), **post(n)} for n in range(60)]
    told = proposed(
        [{("z1" if name == "created_at" else name): value for name, value in each.items()} for each in rows]
    )
    assert (told.of("published").value["column"], told.of("published").sure) == ("z1", "open")


def test_a_time_of_measurement_before_publication_is_not_believed() -> None:
    told = proposed(posts(lambda n: {"scraped_at": "2010-01-01T00:00:00Z" if n % 2 else "2010-01-02T00:00:00Z"}))
    assert told.of("measured").value == {"after_hours": 48}
    assert told.left["scraped_at"] == "times before publication in many rows"


def test_counts_read_in_one_go_long_after_are_taken_for_final_ones() -> None:
    told = proposed(posts(lambda n: {"scraped_at": f"2024-05-{1 + n % 3:02d}T00:00:00Z"}))
    assert told.of("measured").value == {"after_hours": 48}
    assert told.of("measured").instead == ({"column": "scraped_at", "format": "iso8601"},)


def test_times_of_a_late_load_do_not_say_when_posts_were_known() -> None:
    told = proposed(posts(lambda n: {"loaded_at": f"2024-05-{1 + n % 3:02d}T00:00:00Z"}))
    assert told.of("known") is None
    assert told.left["loaded_at"].startswith("times of a late load")
    soon = proposed(posts(lambda n: {"loaded_at": (exports.moment(n) + timedelta(hours=1)).isoformat()}))
    assert soon.of("known").value["column"] == "loaded_at"


def test_counts_that_were_read_too_early_are_told() -> None:
    told = proposed(
        posts(lambda n: {"scraped_at": (exports.moment(n) + timedelta(hours=12 * (1 + n % 8))).isoformat()})
    )
    assert told.of("measured").value["column"] == "scraped_at"
    assert "were read before 48 h had passed and are no outcome" in told.of("measured").why


def test_an_id_that_repeats_with_measurements_is_a_post_measured_again() -> None:
    def measured(n: int) -> dict[str, Any]:
        first = exports.moment(n // 3)
        return {
            "id": f"p{n // 3}", "created_at": first.isoformat(), "text": exports.saying(n // 3),
            "measured_at": (first + timedelta(hours=24 * (1 + n % 3))).isoformat(),
        }  # fmt: skip

    told = proposed(posts(measured), platform="forum")
    assert "further measurements of the same post" in told.of("id").why
    assert told.questions == ()
    with pytest.raises(SourceError, match=r"No column tells one post from another .*'id' repeats in 67% of the rows"):
        proposed([{name: value for name, value in each.items() if name != "measured_at"} for each in posts(measured)])


def test_an_id_that_repeats_without_a_reason_is_asked_about() -> None:
    told = proposed(posts(lambda n: {"id": f"p{n - n % 5 // 4}"}), platform="forum")
    assert told.of("id").sure == "open"
    assert "20% of the rows have an id that came before" in told.questions[0]


def test_an_address_is_an_id_where_there_is_no_other() -> None:
    told = proposed(posts(lambda n: {"id": 7, "url": f"https://www.reddit.com/r/x/{n}"}))
    assert (told.of("id").value, told.of("id").sure) == ("url", "likely")
    assert "addresses, which may change" in told.of("id").why
    assert told.of("platform").value == {"constant": "reddit"}


def test_a_column_that_counts_the_rows_is_an_id_with_a_warning() -> None:
    renamed = [{("Unnamed: 0" if name == "id" else name): value for name, value in each.items()} for each in posts()]
    told = proposed([each | {"Unnamed: 0": number} for number, each in enumerate(renamed)])
    assert (told.of("id").value, told.of("id").sure) == ("Unnamed: 0", "guess")
    assert "it counts the rows" in told.of("id").why


def test_ids_that_a_spreadsheet_rounded_are_pointed_out() -> None:
    told = proposed(posts(lambda n: {"id": f"1.23{n:03d}E+17"}), platform="forum")
    assert "a spreadsheet has rounded its values" in told.of("id").why


@pytest.mark.parametrize(("meaning", "sentence"), [("id", "tells one post from another"), ("text", "holds the text")])
def test_what_every_source_needs_and_is_not_there_is_one_sentence(meaning: str, sentence: str) -> None:
    rows = [{name: value for name, value in each.items() if name != meaning} for each in posts()]
    rows = [each | {"created_at": "2023-01-01", "comments": 1} for each in rows] if meaning == "id" else rows
    if meaning == "id":
        rows = [each | {"created_at": exports.moment(n).isoformat()} for n, each in enumerate(rows)]
    with pytest.raises(SourceError, match=f"No column {sentence}.*--column {meaning}=COLUMN"):
        proposed(rows)


def test_day_numbers_of_a_spreadsheet_are_named_as_what_keeps_a_file_from_being_read() -> None:
    with pytest.raises(
        SourceError, match=r"'created_at' may hold day numbers of a spreadsheet: format the cells as dates"
    ):
        proposed(posts(lambda n: {"created_at": 45000.25 + n}))


def test_what_a_person_says_goes_before_what_is_seen() -> None:
    told = proposed(
        posts(lambda n: {"body": exports.saying(n + 2), "seen": n}),
        columns={"text": ["text", "body"], "comments": [], "views": ["seen"]}, platform="lemmy",
    )  # fmt: skip
    assert columns(told)["text"] == ["text", "body"]
    assert columns(told)["views"] == "seen"
    assert told.of("comments") is None
    assert told.of("platform").value == {"constant": "lemmy"}
    assert (told.of("views").sure, told.questions) == ("given", ())


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"lieks": ["comments"]}, "'lieks' is nothing that a column can mean. Did you mean 'likes'?"),
        ({"likes": ["coments"]}, "No column is called 'coments'. Did you mean 'comments'?"),
        ({"likes": ["comments", "id"]}, "likes is one column, and 2 were named"),
        ({"published": ["text"]}, "Column 'text' holds no times that can be read"),
    ],
)
def test_a_slip_in_what_a_person_says_is_one_sentence(asked: dict[str, list[str]], sentence: str) -> None:
    with pytest.raises(SourceError) as error:
        proposed(posts(), columns=asked)
    assert sentence in str(error.value)


def test_a_stated_zone_settles_clocks_without_one_and_leaves_others_alone() -> None:
    naive = proposed(posts(lambda n: {"created_at": f"{exports.moment(n):%Y-%m-%d %H:%M}"}), timezone="Asia/Tokyo")
    assert naive.of("published").value["timezone"] == "Asia/Tokyo"
    assert naive.of("published").sure == "sure"
    assert "timezone" not in proposed(posts(), timezone="Asia/Tokyo").of("published").value


def test_a_file_without_outcomes_is_a_question() -> None:
    rows = [{name: value for name, value in each.items() if name != "comments"} for each in posts()]
    (question,) = proposed(rows, platform="forum").questions
    assert question.startswith("outcome: no column holds counts")


@pytest.mark.parametrize(
    "name", ["plain", "a: b", "a, b", "#no", "yes", "12", "it's", '"q"', "a\nb", "{x}", "[", "", " x ", "日本", "- a"]
)
def test_any_name_stands_safely_on_one_line_of_yaml(name: str) -> None:
    assert "\n" not in scalar(name)
    assert yaml.safe_load(f"key: {{a: {scalar(name)}, b: [{scalar(name)}]}}") == {"key": {"a": name, "b": [name]}}


CELLS = st.one_of(
    st.none(), st.text(max_size=12), st.integers(-5, 10**10), st.booleans(), st.floats(),
    st.datetimes(timezones=st.just(UTC)).map(str),
    st.sampled_from(["positive", "negative", "1.2K", "https://x.com/a", "a.org"]),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
)  # fmt: skip
SAMPLE_NAMES = st.one_of(
    st.text(min_size=1, max_size=8),
    st.sampled_from([phrase.lstrip("?") for names in NAMES.values() for phrase in names]),
)


@st.composite
def tables(draw: Callable[..., Any]) -> DataFrame:
    """Posts with columns of anything beside them."""
    rows = draw(st.integers(1, 12))
    extra = draw(st.dictionaries(SAMPLE_NAMES, st.lists(CELLS, min_size=rows, max_size=rows), max_size=5))
    usual = {name: [post(n)[name] for n in range(rows)] for name in post(0)}
    whole = draw(st.booleans())
    return DataFrame(
        {name: pd.Series(cells, dtype=object) for name, cells in ((usual if whole else {}) | extra).items()}
    )


@settings(max_examples=50)
@given(tables())
def test_any_table_gives_a_yaml_that_loads_or_one_sentence(frame: DataFrame) -> None:
    try:
        told = proposed(frame)
    except SourceError as error:
        assert str(error)
        return
    assert yaml.safe_load(text_of(told, ["note\nof two lines"])) == told.mapping()
    Mapping.model_validate(told.mapping())
    used = [column for column, _ in told.meanings()]
    assert len(set(used)) == len(used)
    assert set(used) | set(told.left) == set(frame.columns)
    assert not set(used) & set(told.left)


@settings(max_examples=6)
@given(st.sampled_from(["twitter", "reddit", "youtube", "spreadsheet", "airline"]), st.randoms(use_true_random=False))
def test_the_order_of_columns_changes_nothing(export: str, random: Any) -> None:
    rows = getattr(exports, export)(40)
    names = list(rows[0])
    random.shuffle(names)
    shuffled = [{name: row[name] for name in names} for row in rows]
    assert proposed(shuffled).mapping() == proposed(rows).mapping()


@settings(max_examples=5)
@given(st.sampled_from(["reddit", "spreadsheet", "airline"]), st.sampled_from(["foo", "k9", "flag xy"]))
def test_a_column_of_nothing_known_changes_nothing(export: str, name: str) -> None:
    rows = getattr(exports, export)(40)
    more = [row | {name: "abc" if n % 2 else "abcd"} for n, row in enumerate(rows)]
    assert proposed(more).mapping() == proposed(rows).mapping()


@settings(max_examples=40)
@given(st.lists(CELLS, min_size=1, max_size=20))
def test_any_column_has_a_profile(values: list[Any]) -> None:
    found = profile("x", pd.Series(values, dtype=object), NOW)
    for share in (found.filled, found.unique, found.numeric, found.whole, found.spaced, found.urls, found.domains):
        assert 0 <= share <= 1


def test_every_meaning_that_can_be_told_is_a_place_in_the_yaml() -> None:
    assert set(MEANINGS) >= {"id", "platform", "topic", "author", "text", "published", "known", "measured", "label"}
