"""The templates that a configuration has: a nation's, which come with the program, and a site's own before them."""

from collections.abc import Mapping
from pathlib import Path

from broadcast.campaign.templates import Template, filled
from broadcast.config import Config
from broadcast.config.profiles import TEMPLATES
from broadcast.errors import ConfigError, InputError
from broadcast.languages import _
from broadcast.tables import nearest, read_toml, structure


def templates(config: Config) -> dict[str, Template]:
    """By name, that of the file, sorted. Raises ConfigError with every fault of the first file that has one."""
    found: dict[str, Template] = {}
    for folder in _folders(config):
        found |= {path.stem: structure(read_toml(path), Template, str(path)) for path in _files(folder)}
    return dict(sorted(found.items()))


def template(config: Config, name: str) -> Template:
    """Raises InputError when there is none of that name."""
    known = templates(config)
    if name not in known:
        hint = nearest(name, list(known)) if known else _("none is configured: see [templates]")
        raise InputError(_("there is no template {name}: {hint}", name=name, hint=hint))
    return known[name]


def texts_of(config: Config, name: str, values: Mapping[str, str]) -> dict[str, str]:
    """A template filled in, in the country's languages that it has, in their order. Raises as `filled`; InputError."""
    found = template(config, name)
    texts = filled(name, found, values, config.wording)
    spoken = [each for each in config.country.languages if each in texts]
    if not spoken:
        raise InputError(
            _(
                "template {name} has a text in {texts}, and the country speaks {languages}",
                name=name,
                texts=", ".join(texts),
                languages=", ".join(config.country.languages),
            )
        )
    return {language: texts[language] for language in spoken}


def _folders(config: Config) -> list[Path]:
    """The nation's first: what comes later counts."""
    said = config.templates
    folders = [TEMPLATES / said.profile] if said.profile else []
    return folders + ([Path(said.folder)] if said.folder else [])


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ConfigError(_("there is no folder {folder}: see [templates]", folder=folder))
    return sorted(folder.glob("*.toml"))
