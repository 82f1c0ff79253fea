"""The reference of settings is the code's own."""

import subprocess
import sys
from pathlib import Path

from trimtab.reference import markdown, rows, text
from trimtab.settings import Alerts, Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_says_what_the_code_says():
    """`trimtab settings --markdown > docs/settings.md` puts it right."""
    assert PAGE.read_text(encoding="utf-8") == markdown(Settings())


def test_every_setting_is_listed_once_and_says_what_it_means():
    found = list(rows(Settings()))
    assert len({row.variable for row in found}) == len(found) > 80
    assert all(row.means for row in found)


def test_a_secret_is_never_shown():
    settings = Settings(alerts=Alerts(urls=("slack://token-of-mine",)))
    assert "token-of-mine" not in text(settings) + markdown(settings)
    assert "* TRIMTAB_ALERTS__URLS" in text(settings)


def test_what_was_changed_is_marked_and_can_be_shown_alone():
    usual = Settings(home=Path(".trimtab"))
    assert text(usual, changed_only=True) == "Every setting is at its default."
    assert text(usual.model_copy(update={"seed": 7}), changed_only=True) == "* TRIMTAB_SEED  7"


def test_the_command_reads_the_environment(tmp_path):
    asked = [sys.executable, "-c", "from trimtab.cli import main; main()", "--home", str(tmp_path / "h"), "settings"]
    environ = {"TRIMTAB_COST__RETRAIN_COST": "5", "PATH": ""}
    shown = subprocess.run([*asked, "--changed"], capture_output=True, text=True, env=environ, timeout=60)
    assert "* TRIMTAB_COST__RETRAIN_COST  5.0" in shown.stdout, shown.stderr
