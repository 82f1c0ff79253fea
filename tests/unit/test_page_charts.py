"""The charts of the status page."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from monitoring.page import charts
from monitoring.page.render import FOLDER, told

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)


def points(count, **more):
    """Windows of a day with every figure."""
    figures = {
        "loss": 1.0,
        "loss_low": 0.9,
        "loss_high": 1.1,
        "estimate": 1.05,
        "usual": 1.0,
        "spent": 0.4,
        "deciding": 0.1,
    }
    return [
        {"start": START + n * DAY, "end": START + (n + 1) * DAY, "version": "1", "raised": False, "calls": False}
        | figures
        | {name: value(n) if callable(value) else value for name, value in more.items()}
        for n in range(count)
    ]


def mark(kind="promoted", day=3, **more):
    return {"at": START + day * DAY, "start": None, "kind": kind, "version": "2", "sentence": "so", **more}


@pytest.mark.parametrize("draw", [charts.performance, charts.evidence])
def test_the_same_figures_give_the_same_bytes(draw):
    assert draw("m", points(9), [mark()]) == draw("m", points(9), [mark()])


@pytest.mark.parametrize("draw", [charts.performance, charts.evidence])
def test_a_chart_of_400_windows_is_small_and_loads_nothing(draw):
    drawn = draw(
        "m",
        points(400, loss=lambda n: 1 + n % 7 / 10, spent=lambda n: n % 5 / 3),
        [mark(day=n) for n in range(0, 400, 20)],
    )
    assert len(drawn) < 45_000
    assert not re.search(r"https?:|<script|<image|@import|<style", drawn)


@pytest.mark.parametrize("draw", [charts.performance, charts.evidence])
def test_colours_are_the_pages_own_and_text_stays_text(draw):
    drawn = draw("m", points(5), [mark(), mark("rolled_back", 4), mark("refused", 2), mark("moved_by_hand", 1)])
    assert not re.search(r"#[0-9a-f]{6}\b(?!\))", re.sub(r"url\(#\w+\)|href=\"#\w+\"", "", drawn))
    assert "4 Mar 2024</text>" in drawn
    assert "font-family" not in drawn


def test_a_chart_has_a_title_and_a_description_that_say_what_it_shows():
    drawn = charts.performance("m", points(5), [mark()])
    assert 'role="img" aria-labelledby="m-errors-t m-errors-d"' in drawn
    assert "Newest calculated loss 1 (0.9 to 1.1)." in drawn
    assert "2024-03-07: so." in drawn


def test_ids_within_a_page_are_never_shared_by_two_charts():
    drawn = [charts.performance(name, points(5), []) for name in ("a", "b")] + [charts.evidence("a", points(5), [])]
    ids = [each for svg in drawn for each in set(re.findall(r' id="([^"]+)"', svg))]
    assert len(ids) == len(set(ids))


def test_what_is_named_by_others_is_escaped():
    drawn = charts.performance("<b>m</b>", points(2), [mark(day=1, sentence="<script>x</script>")])
    assert "<b>" not in drawn
    assert "<script" not in drawn


@pytest.mark.parametrize("count", [1, 2])
def test_few_windows_can_be_drawn(count):
    assert "<svg" in charts.performance("m", points(count), [mark(day=0)])
    assert "<svg" in charts.evidence("m", points(count), [])


def test_windows_that_could_not_be_judged_leave_gaps():
    nothing = dict.fromkeys(("loss", "loss_low", "loss_high", "estimate", "usual", "spent", "deciding"))
    assert "<svg" in charts.performance("m", points(4, **nothing), [])
    assert "<svg" in charts.evidence("m", points(4, **nothing), [])


def test_one_very_bad_window_is_an_arrow_with_its_value_and_squashes_nothing():
    drawn = charts.performance("m", points(9, loss=lambda n: 70.0 if n == 8 else 1.0), [])
    assert ">70</text>" in drawn
    ticks = [float(text) for text in re.findall(r">([\d.]+)</text>", drawn) if text != "70"]
    assert max(ticks) <= 4


def test_posts_a_day_can_be_none_at_all():
    days = [{"day": date(2024, 3, 4 + n), "posts": 0} for n in range(7)]
    assert "0 posts a day on average" in charts.posts(days)


def test_words_between_backticks_are_code_and_all_is_escaped():
    assert str(told("say `a <b>` & go")) == "say <code>a &lt;b&gt;</code> &amp; go"


def luminance(colour):
    """Relative luminance, WCAG 2.2."""
    whole = colour.lstrip("#")
    whole = "".join(2 * digit for digit in whole) if len(whole) == 3 else whole
    parts = [int(whole[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "behind"),
    [(text, behind) for text in ("ink", "muted", "calc", "act", "watch", "est") for behind in ("bg", "card")]
    + [("good", "good-bg"), ("watch", "watch-bg"), ("act", "act-bg"), ("ink", "none-bg"), ("ink", "watch-bg")],
)
def test_every_text_can_be_read_on_what_is_behind_it(scheme, text, behind):
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([\w-]+):(#\w+)", re.findall(r":root\{[^}]*\}", style)[scheme]))
    light, dark = sorted((luminance(colours[text]), luminance(colours[behind])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
