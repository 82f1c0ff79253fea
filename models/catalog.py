"""Which models there are: the modules that settings name, each exporting MODEL."""

from collections.abc import Iterable
from importlib import import_module

from models.spec import Model
from trimtab.errors import SettingsError, UnknownModel


def load_models(modules: Iterable[str]) -> dict[str, Model]:
    """Models by name, in the order of the settings."""
    found = [_load(module) for module in modules]
    return {model.name: model for model in found}


def pick(models: dict[str, Model], name: str) -> Model:
    if name not in models:
        raise UnknownModel.named(name, models)
    return models[name]


def _load(module: str) -> Model:
    try:
        model = import_module(module).MODEL
    except ModuleNotFoundError as error:
        raise SettingsError(f"TRIMTAB_MODELS names '{module}', which cannot be imported: {error}.") from error
    except AttributeError as error:
        raise SettingsError(
            f"Module '{module}' exports no MODEL; a model module ends with MODEL = Model(...)."
        ) from error
    return model
