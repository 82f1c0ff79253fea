"""What the docs name is there: files, commands and their options, settings, headings that links lead to."""

import re
from pathlib import Path

import click
import pytest

from trimtab.cli.main import cli, register
from trimtab.reference import rows
from trimtab.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
ROOMS = "trimtab|models|monitoring|flows|feature_repo|simulator|infra|tests|benchmarks|docs"
FENCED, QUOTED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL), re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(
    r"^(?:\$ )?(?:\.venv/bin/)?trimtab ((?:--home \S+ )?[a-z][a-z|-]*(?![a-z:|-])[^#\n]*)", re.MULTILINE
)


@pytest.fixture(scope="module", autouse=True)
def registered():
    register()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, heading = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        if heading:
            assert heading in anchors(found), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_file_that_is_named_is_there(page):
    named = re.findall(rf"`((?:{ROOMS})/[\w./]*)`", page.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_is_one_and_takes_the_options_that_are_shown(page):
    for line in commands_of(page.read_text(encoding="utf-8")):
        command = named(line)
        assert isinstance(command, click.Command), line
        taken = {option for param in command.params for option in param.opts} | {"--home", "--help"}
        assert set(re.findall(r"(?<!\S)--[a-z-]+", line)) <= taken, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_setting_that_is_named_exists(page):
    known = {row.variable for row in rows(Settings())}
    for name in re.findall(r"TRIMTAB_[A-Z0-9_]*[A-Z0-9](?![A-Z0-9_*]|__\*)", page.read_text(encoding="utf-8")):
        assert any(variable == name or variable.startswith(f"{name}__") for variable in known | GONE), name


GONE = {"TRIMTAB_MONITORING__DRIFT_DISTANCE"}  # the changelog tells of them


def commands_of(text: str) -> list[str]:
    """What follows `trimtab` in fenced lines and in quotes of a page."""
    fenced = "\n".join(FENCED.findall(text))
    quoted = "\n".join(QUOTED.findall(FENCED.sub("", text)))
    return COMMAND.findall(f"{fenced}\n{quoted}")


def named(line: str) -> click.Command | None:
    """The command of a line of the docs, its groups walked down; None where there is no such command."""
    words = re.sub(r"^--home \S+ ", "", line).split()
    found: click.Command | None = cli
    for word in words:
        if not isinstance(found, click.Group):
            break
        choices = [found.commands.get(one) for one in word.split("|")]  # approve|refuse
        found = choices[0] if all(choices) else None
    return None if isinstance(found, click.Group) and len(words) > 1 else found


def anchors(page: Path) -> set[str]:
    """Headings as GitHub links to them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
