"""The templates that come with the program can be used as they are; a site's own come before them."""

from dataclasses import replace
from pathlib import Path

import pytest

from broadcast.actions.templates import template, templates, texts_of
from broadcast.campaign.templates import CORRECTION, Parameter
from broadcast.campaign.text import compose
from broadcast.config import Config, Templates, load
from broadcast.config.profiles import VIETNAM
from broadcast.errors import ConfigError, InputError

HAZARDS = {
    "typhoon", "flood", "flash-flood", "tsunami", "earthquake", "dam-release", "epidemic", "heat", "forest-fire",
    "chemical", "missing-child", "all-clear",
}  # fmt: skip


@pytest.fixture
def vietnam() -> Config:
    return load([VIETNAM])


def example(parameter: Parameter) -> str:
    """The longest that is usual."""
    if parameter.kind == "choice":
        return max(parameter.choices, key=lambda each: len(parameter.choices[each]["vi"]))
    kinds = {"time": "2030-10-31T18:00", "number": "38", "place": "các huyện ven biển tỉnh Quảng Nam"}
    return kinds.get(parameter.kind) or "số 12 (Noru)"[: parameter.most]


def filled(config: Config, name: str) -> dict[str, str]:
    found = template(config, name)
    return texts_of(config, name, {each: example(about) for each, about in found.parameters.items()})


def test_every_hazard_has_its_correction_ready_to_approve(vietnam: Config) -> None:
    found = templates(vietnam)
    assert set(found) == HAZARDS | {CORRECTION + each for each in HAZARDS}
    for each in HAZARDS:
        assert found[CORRECTION + each].parameters == {}
        assert found[CORRECTION + each].category == found[each].category


@pytest.mark.parametrize("name", sorted(HAZARDS | {CORRECTION + each for each in HAZARDS}))
def test_each_says_it_in_both_languages_and_shortly(vietnam: Config, name: str) -> None:
    found = template(vietnam, name)
    assert set(found.title) == {"vi", "en"}
    assert all(set(each.about) == {"vi", "en"} for each in found.parameters.values())
    texts = filled(vietnam, name)
    assert list(texts) == ["vi", "en"]
    assert not texts["vi"].isascii()
    for text in texts.values():
        assert "drill" not in text.lower()
        assert "diễn tập" not in text.lower()
        assert text.endswith(".")
        assert not set("{}\n") & set(text)
        assert ".." not in text
    alone = {
        language: len(compose(text, "ucs2", "udh8", "gsm0338", 0).segments)
        for language, text in texts.items()
    }
    assert alone["vi"] <= 3
    assert alone["en"] <= 4


def test_a_sites_own_come_before_the_nations(vietnam: Config, tmp_path: Path) -> None:
    own = tmp_path / "flood.toml"
    own.write_text('title = { vi = "Lũ" }\ncategory = "health"\n[texts]\nvi = "Lũ"\n', encoding="utf-8")
    site = replace(vietnam, templates=Templates(profile="vietnam", folder=str(tmp_path)))
    assert texts_of(site, "flood", {}) == {"vi": "Lũ"}
    assert len(templates(site)) == len(templates(vietnam))
    assert list(templates(replace(vietnam, templates=Templates(folder=str(tmp_path))))) == ["flood"]
    own.write_text('title = { vi = "Lũ" }\n[texts]\nvi = "{a}"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"flood\.toml: category is missing"):
        templates(site)


def test_languages_are_those_of_the_country(vietnam: Config, tmp_path: Path) -> None:
    english = replace(vietnam, country=replace(vietnam.country, languages=("en",)))
    assert list(filled(english, "tsunami")) == ["en"]
    french = replace(vietnam, country=replace(vietnam.country, languages=("fr",)))
    with pytest.raises(InputError, match="tsunami has a text in vi, en, and the country speaks fr"):
        filled(french, "tsunami")


@pytest.mark.parametrize(
    ("said", "name", "message"),
    [
        (Templates(profile="vietnam"), "tsunmi", "no template tsunmi: did you mean tsunami?"),
        (Templates(), "tsunami", "no template tsunami: none is configured"),
    ],
)
def test_a_template_that_is_none(vietnam: Config, said: Templates, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        template(replace(vietnam, templates=said), name)


@pytest.mark.parametrize("said", [Templates(profile="laos"), Templates(folder="/nowhere/at/all")])
def test_a_folder_that_is_none(vietnam: Config, said: Templates) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        templates(replace(vietnam, templates=said))
