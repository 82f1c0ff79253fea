"""One frozen tree of settings, read once at the edge from TRIMTAB_* variables.

Nested fields are written with two underscores: TRIMTAB_ENGAGEMENT__HORIZON_HOURS=24. Lower layers get the
section that they need, never the environment.
"""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as NotJson

from trimtab.errors import SettingsError, hint
from trimtab.sections import (
    Alerts,
    Cost,
    Engagement,
    Gates,
    Ingest,
    Links,
    Monitoring,
    Release,
    Schedules,
    Serving,
    Training,
    Up,
    Watch,
)

PREFIX = "TRIMTAB_"


class Settings(BaseSettings):
    """The whole tree."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid")

    home: Path = Field(Path(".trimtab"), description="folder that holds every embedded store")
    models: tuple[str, ...] = Field(("models.engagement", "models.sentiment"), description="modules that export MODEL")
    sources: tuple[Path, ...] = Field((), description="YAML files whose data are ingested on schedule")
    seed: int = Field(0, ge=0, description="of everything that draws at random and is not training")
    engagement: Engagement = Engagement()
    ingest: Ingest = Ingest()
    training: Training = Training()
    monitoring: Monitoring = Monitoring()
    cost: Cost = Cost()
    release: Release = Release()
    watch: Watch = Watch()
    serving: Serving = Serving()
    gates: Gates = Gates()
    schedules: Schedules = Schedules()
    alerts: Alerts = Alerts()
    up: Up = Up()
    links: Links = Links()

    @property
    def lake_path(self) -> Path:
        return self.home / "lake"

    @property
    def features_path(self) -> Path:
        return self.home / "features"

    @property
    def ledger_path(self) -> Path:
        return self.home / "ledger.db"

    @property
    def mlflow_path(self) -> Path:
        return self.home / "mlflow"

    @property
    def reports_path(self) -> Path:
        return self.home / "reports"


def _refuse_unknown(names: Iterable[str]) -> None:
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    for name in names:
        section = name.split("__")[0]
        if section not in known:
            raise SettingsError(f"{name} is set, but no setting begins with {section}.{hint(section, known)}")


def _no_such(section: str, name: str) -> str:
    known = getattr(Settings.model_fields[section].annotation, "model_fields", {})
    return f"is set, but there is no such setting.{hint(name.upper(), map(str.upper, known)) or ' Unset it.'}"


def _annotation(path: Sequence[str | int]) -> Any:
    """Of the setting at `path`: of the last of its parts that is a name which we know."""
    found: Any = Settings
    for part in path:
        fields = found.model_fields if _is_section(found) else {}
        if part not in fields:
            break
        found = fields[part].annotation
    return found


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _holds_secret(annotation: Any) -> bool:
    if _is_section(annotation):
        return any(_holds_secret(field.annotation) for field in annotation.model_fields.values())
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))


def _wrong(error: ValidationError) -> str:
    """The first wrong setting, in words; a value that may hold a secret is not said."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        what = _no_such(path[0], path[-1])
    else:
        secret = _holds_secret(_annotation(first["loc"]))
        value = "a value that is not shown" if secret else f"value {first.get('input')!r}"
        what = f"has {value}: {first['msg']}. Correct or unset it."
    return f"{PREFIX}{'__'.join(path).upper()} {what}"


def _not_json() -> str | None:
    """The first variable that wants JSON and has none, in words; a list is shown as it would be right."""
    for name in sorted(name for name in os.environ if name.upper().startswith(PREFIX)):
        annotation = _annotation(name.upper().removeprefix(PREFIX).lower().split("__"))
        section, value = _is_section(annotation), os.environ[name]
        if (section or get_origin(annotation) is tuple) and not _is_json(value):
            wanted = f"an object of {annotation.__name__}'s settings" if section else "a list"
            example = '{"NAME": "VALUE"}' if section else '["FIRST", "SECOND"]'
            if not section and not _holds_secret(annotation):
                example = json.dumps([part.strip() for part in value.split(",")])
            return f"{name} is not JSON, and {wanted} in JSON is wanted. Write it as {name}='{example}', or unset it."
    return None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def load(home: Path | None = None) -> Settings:
    """Settings from the environment; `home` given on the command line wins. Paths come back absolute."""
    _refuse_unknown(name for name in os.environ if name.startswith(PREFIX))
    try:
        settings = Settings() if home is None else Settings(home=home)
    except ValidationError as error:
        raise SettingsError(_wrong(error)) from error
    except NotJson as error:
        raise SettingsError(_not_json() or f"A TRIMTAB_* variable cannot be read: {error}.") from error
    return settings.model_copy(update={"home": settings.home.expanduser().resolve()})
