from datetime import UTC, datetime, timedelta

import pytest

from monitoring.evidence import Evidence
from monitoring.policy import needs_evidence, policy
from trimtab.errors import SettingsError
from trimtab.settings import Monitoring
from trimtab.windows import Window

NOW = datetime(2024, 3, 1, tzinfo=UTC)


def evidence(last_retrain_days_ago: float | None) -> Evidence:
    last = None if last_retrain_days_ago is None else NOW - timedelta(days=last_retrain_days_ago)
    window = Window(NOW - timedelta(days=7), NOW)
    return Evidence("engagement", "1", window, NOW, 100, timedelta(hours=48), (), last_retrain_at=last)


def action(name: str, last: float | None) -> str:
    return policy(name)(evidence(last), Monitoring()).action


def test_never_never_retrains():
    assert action("never", None) == "none"


def test_the_calendar_retrains_every_window_unless_told_how_often():
    assert action("calendar", 7) == "retrain"
    assert action("calendar:28d", 27) == "none"
    assert action("calendar:28d", 28) == "retrain"


@pytest.mark.parametrize(
    ("name", "words"), [("calendar", "window"), ("calendar:12h", "12 h"), ("calendar:4w", "28 days")]
)
def test_the_calendar_says_how_often_it_asks(name, words):
    assert policy(name)(evidence(30), Monitoring()).reasons == (f"The calendar asks for a retrain every {words}.",)


def test_drift_without_any_evidence_does_nothing():
    assert action("drift", None) == "none"


@pytest.mark.parametrize("name", ["drfit", "never:3d", "calendar:soon", ""])
def test_an_unknown_policy_is_refused_with_the_ones_there_are(name):
    with pytest.raises(SettingsError):
        policy(name)


def test_only_drift_pays_for_evidence():
    assert [needs_evidence(name) for name in ("never", "calendar:7d", "drift")] == [False, False, True]
