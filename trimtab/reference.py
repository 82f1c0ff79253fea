"""Every setting with its default, its meaning and the value in force, read off the tree itself."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from trimtab.settings import PREFIX, Settings


@dataclass(frozen=True)
class Row:
    """One setting; values as they are written in the environment, secrets as stars."""

    section: str  # "" at the top
    about: str  # what the section is for
    variable: str
    default: str
    value: str
    means: str

    @property
    def changed(self) -> bool:
        return self.value != self.default


def rows(settings: Settings) -> Iterator[Row]:
    """In the order of the tree, those of no section first."""
    fields = Settings.model_fields
    for name, field in fields.items():
        if not _is_section(field):
            yield _row("", "", name, field, getattr(settings, name))
    for name, field in fields.items():
        if _is_section(field):
            section = getattr(settings, name)
            about = (type(section).__doc__ or "").strip()
            for part, inner in type(section).model_fields.items():
                yield _row(name, about, f"{name}__{part}", inner, getattr(section, part))


def markdown(settings: Settings) -> str:
    """The page docs/settings.md; a test holds it to this."""
    lines, section = [HEAD], None
    for row in rows(settings):
        if row.section != section:
            section = row.section
            lines += ["", f"## {section or 'everything'}", *(["", row.about] if row.about else []), "", TABLE]
        lines.append(f"| `{row.variable}` | {_cell(row.default)} | {_cell(row.means)} |")
    return "\n".join(lines) + "\n"


def text(settings: Settings, changed_only: bool = False) -> str:
    """One line a setting, what is not at its default marked with a star."""
    shown = [row for row in rows(settings) if row.changed or not changed_only]
    if not shown:
        return "Every setting is at its default."
    width = max(len(row.variable) for row in shown)
    return "\n".join(f"{'*' if row.changed else ' '} {row.variable:<{width}}  {row.value}" for row in shown)


HEAD = """# Settings

One tree, read once from the environment; two underscores go one level down, and units are in the names. Lists are JSON:
`TRIMTAB_SOURCES='["posts.yaml"]'`. A variable that is misspelt or out of its range is refused by name.

`trimtab settings` shows what is in force where you stand, `--changed` only what you changed. This page is written by
`trimtab settings --markdown`."""
TABLE = "| variable | default | means |\n|---|---|---|"


def _row(section: str, about: str, path: str, field: FieldInfo, value: Any) -> Row:
    default = field.get_default(call_default_factory=True)
    return Row(section, about, f"{PREFIX}{path.upper()}", _written(default), _written(value), field.description or "")


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return json.dumps([_written(part) for part in value])
    return str(SecretStr("x") if isinstance(value, SecretStr) else value)


def _cell(said: str) -> str:
    return said.replace("|", "\\|") or "none"
