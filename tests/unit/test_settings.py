import pytest
from pydantic import ValidationError

from trimtab import settings
from trimtab.errors import SettingsError


def test_a_nested_setting_is_read_from_its_variable(monkeypatch, tmp_path):
    monkeypatch.setenv("TRIMTAB_ENGAGEMENT__HORIZON_HOURS", "24")
    assert settings.load(tmp_path).engagement.horizon_hours == 24


def test_the_command_line_wins_over_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("TRIMTAB_HOME", "elsewhere")
    assert settings.load(tmp_path).home == tmp_path


def test_a_value_out_of_bounds_is_refused_with_its_variable(monkeypatch):
    monkeypatch.setenv("TRIMTAB_TRAINING__FRESH_DAYS", "-3")
    with pytest.raises(SettingsError, match="TRIMTAB_TRAINING__FRESH_DAYS has value '-3'"):
        settings.load()


def test_an_unknown_nested_setting_is_refused_with_the_nearest(monkeypatch):
    monkeypatch.setenv("TRIMTAB_TRAINING__FRESH_DAY", "3")
    with pytest.raises(SettingsError, match="FRESH_DAY is set, .* Did you mean 'FRESH_DAYS'"):
        settings.load()


@pytest.mark.parametrize("value", ["inf", "nan"])
def test_a_cost_that_is_no_finite_number_is_refused(monkeypatch, value):
    monkeypatch.setenv("TRIMTAB_COST__ERROR_COST", value)
    with pytest.raises(SettingsError, match="TRIMTAB_COST__ERROR_COST has value"):
        settings.load()


def test_settings_cannot_be_changed_after_they_were_read(tmp_path):
    with pytest.raises(ValidationError):
        settings.load(tmp_path).seed = 3


def test_a_mistyped_section_is_refused_with_the_nearest(monkeypatch):
    monkeypatch.setenv("TRIMTAB_TRANING__MIN_ROWS", "5")
    with pytest.raises(SettingsError, match="Did you mean 'TRIMTAB_TRAINING'"):
        settings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRIMTAB_ALERTS__URLS", '"slack://s3cret/b"'),
        ("TRIMTAB_ALERTS__URLS", '[["s3cret"]]'),
        ("TRIMTAB_ALERTS", '["s3cret"]'),
        ("TRIMTAB_SERVING", '{"api_key": ["s3cret"]}'),
        ("TRIMTAB_SERVING__API_KEY__X", "s3cret"),
    ],
)
def test_a_wrong_value_that_may_hold_a_secret_is_not_said(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="TRIMTAB_(ALERTS|SERVING).* has a value that is not shown: ") as refused:
        settings.load()
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "example"),
    [
        ("TRIMTAB_SOURCES", "posts.yaml", '["posts.yaml"]'),
        ("TRIMTAB_MODELS", "a.b, c.d", '["a.b", "c.d"]'),
        ("TRIMTAB_ALERTS__URLS", "slack://s3cret/b", '["FIRST", "SECOND"]'),
        ("TRIMTAB_SERVING", "s3cret", '{"NAME": "VALUE"}'),
    ],
)
def test_what_is_not_json_is_refused_with_its_variable_and_an_example(monkeypatch, name, value, example):
    monkeypatch.setenv("TRIMTAB_LINKS__PAGE_URL", "http://[not-json")
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name} is not JSON") as refused:
        settings.load()
    assert f"{name}='{example}'" in str(refused.value) and "s3cret" not in str(refused.value)
