"""What each policy makes of the evidence of a window."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from models.intervals import Interval
from monitoring.alarm import Alarm, Finding
from monitoring.decide import decide
from monitoring.evidence import Evidence, Guards
from monitoring.measures import ALL, Measure
from monitoring.paired import Paired
from monitoring.policy import decided, gathered, policy
from trimtab.errors import SettingsError
from trimtab.settings import Monitoring, Settings
from trimtab.windows import Window

NOW = datetime(2024, 3, 1, tzinfo=UTC)
SETTINGS = Settings()


def evidence(last_retrain_days_ago: float | None = None, **more) -> Evidence:
    last = None if last_retrain_days_ago is None else NOW - timedelta(days=last_retrain_days_ago)
    window = Window(NOW - timedelta(days=7), NOW)
    usual = {"measures": (), "guards": Guards(last_retrain_at=last)}
    return Evidence("engagement", "1", window, NOW, 100, **(usual | more))


def stock(*drifted: bool) -> tuple[Measure, ...]:
    return tuple(Measure("drift", f"column {n}", ALL, 0.2, 0.1, moved, 100) for n, moved in enumerate(drifted))


def loss_rise(value: float, alarm: bool) -> tuple[Measure, ...]:
    return (Measure("performance", "loss_rise", ALL, value, 0.05, alarm, 100),)


def alarm(*scores: float) -> Alarm:
    loss = Finding(kind="performance", name="loss", slice=ALL, group="loss", spent=0, surprise=0, z=scores,
                   changed_at=None)  # fmt: skip
    return Alarm(raised=False, spent=0, raised_on=None, changed_at=None, streams=(loss,))


def action(name: str, found: Evidence) -> str:
    return policy(name).decide(found, SETTINGS).action


def test_never_never_retrains():
    assert action("never", evidence(None)) == "none"


def test_the_calendar_retrains_every_window_unless_told_how_often():
    assert action("calendar", evidence(7)) == "retrain"
    assert action("calendar:28d", evidence(27)) == "none"
    assert action("calendar:28d", evidence(28)) == "retrain"


@pytest.mark.parametrize(
    ("name", "words"), [("calendar", "window"), ("calendar:12h", "12 h"), ("calendar:4w", "28 days")]
)
def test_the_calendar_says_how_often_it_asks(name, words):
    reasons = policy(name).decide(evidence(30), SETTINGS).reasons
    assert reasons == (f"The calendar asks for a retrain every {words}.",)


def test_evidently_default_wants_half_of_the_columns_and_evidently_any_one():
    one_of_three, two_of_four = (
        evidence(measures=stock(True, False, False)),
        evidence(measures=stock(*[True, False] * 2)),
    )
    assert [action("evidently-default", found) for found in (one_of_three, two_of_four)] == ["none", "retrain"]
    assert action("evidently-any", one_of_three) == "retrain"
    assert action("evidently-any", evidence(measures=stock(False, False))) == "none"
    assert action("evidently-default", evidence()) == "none"


def test_performance_retrains_on_a_rise_of_the_loss_and_rests_after_a_retrain():
    assert action("performance", evidence(measures=loss_rise(0.2, alarm=True))) == "retrain"
    assert action("performance", evidence(measures=loss_rise(0.02, alarm=False))) == "none"
    assert action("performance", evidence(SETTINGS.cost.cool_down_days - 1, measures=loss_rise(0.2, True))) == "none"
    assert action("performance", evidence()) == "none"


def test_the_cusum_gathers_what_no_single_window_shows():
    watch = policy("cusum")
    decided = [watch.decide(evidence(60, alarm=alarm(1.5, 1.5)), SETTINGS).action for _ in range(3)]
    assert decided == ["none", "none", "retrain"]


def test_the_cusum_forgets_quiet_days_and_days_that_were_not_judged():
    watch = policy("cusum")
    for scores in ((3.0,), (-5.0,), (3.0,), (float("nan"),)):
        assert watch.decide(evidence(60, alarm=alarm(*scores)), SETTINGS).action == "none"


def test_budgeted_without_any_evidence_does_nothing():
    assert action("budgeted", evidence()) == "none"


@pytest.mark.parametrize("name", ["budgetted", "drift", "never:3d", "oracle", ""])
def test_an_unknown_policy_is_refused_with_the_ones_there_are(name):
    with pytest.raises(SettingsError, match=r"budgeted, and in a backtest oracle\.$"):
        policy(name)


def test_a_calendar_of_no_duration_is_refused():
    with pytest.raises(SettingsError, match="'soon' is not a duration"):
        policy("calendar:soon")


def test_a_policy_pays_only_for_what_it_looks_at():
    wanted = {"never": set(), "calendar:7d": set(), "evidently-default": {"stock"}, "performance": {"evidence"}}
    wanted["budgeted"] = {"evidence", "look"}
    assert {name: set(policy(name).looks_at) for name in wanted} == wanted


def in_service(name: str, found: Evidence):
    return decided(found, Settings(monitoring=Monitoring(policy=name)))


def test_in_service_the_policy_of_the_settings_decides():
    assert in_service("calendar:28d", evidence(30)).action == "retrain"
    assert in_service("never", evidence(30)).action == "none"
    assert in_service("never", evidence(30)).evidence["model"] == "engagement"
    assert decided(evidence(30), Settings()) == decide(evidence(30), Settings())


@pytest.mark.parametrize("name", ["never", "calendar", "performance", "budgeted"])
def test_in_service_a_version_that_is_worse_goes_back_whatever_the_policy(name):
    worse = Paired(Interval(1.0, 0.9, 1.1), rows=500, evidence=1_000.0, limit=100.0, days=5)
    found = evidence(30, previous="0", promoted_at=NOW - timedelta(days=5), paired=worse)
    assert in_service(name, found).action == "rollback"


@pytest.mark.parametrize("name", ["oracle", "cusum", "evidently-default", "calender", "calendar:soon"])
def test_a_policy_that_cannot_serve_is_refused_with_the_settings(name):
    with pytest.raises(ValidationError):
        Monitoring(policy=name)


def test_only_the_budgeted_policy_pays_for_a_look():
    assert gathered(Settings()) == {"evidence", "look"}
    assert gathered(Settings(monitoring=Monitoring(policy="calendar:28d"))) == {"evidence"}
