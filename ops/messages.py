"""The catalogues of what people read: `make words` finds in the code what is to be translated, brings each .po in line
with that and compiles it; tests/unit/test_languages.py compares all three.

Found are: `_`, `N_`, `ngettext`, `headings`; help texts of commands by the paragraph, help of options; the default
messages of errors; in templates `_`; in `term`'s context the codes of `codes(...)` and of TERMS; and what click says.
"""

import ast
import importlib.metadata
import io
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, get_args

from babel.messages import Catalog, mofile, pofile
from babel.messages.extract import extract
from jinja2.ext import babel_extract

from broadcast.actions.ledgers import Standing
from broadcast.audience.msisdn import Refusal
from broadcast.campaign.content import Category, Content, Hearers, InDoubtPolicy, Status
from broadcast.campaign.lifecycle import CampaignState
from broadcast.channel.trying import WayState
from broadcast.cli.translated import is_said, paragraphs
from broadcast.languages import DOMAIN, FOLDER, LANGUAGES, TERM
from broadcast.ledger.journal import OddityKind
from broadcast.ledger.states import RecipientState
from broadcast.reports.received import Received

ROOT: Final = Path(__file__).parents[1]
# Their first text is one that is said later, as of N_.
_SAID: Final = frozenset({"_", "N_", "_down", "_unusable", "Advice"})
# Codes that the database holds or JSON names, and that a person sees as words.
TERMS: Final = (
    *CampaignState,
    *(state.column for state in RecipientState),
    *Refusal,
    *(word for kind in (Category, Status, Hearers, InDoubtPolicy, OddityKind) for word in get_args(kind)),
    *Received.__slots__,
    *("text", "sender", "all", "none"),
    # what `db status` and `subscriber show` tell
    *("place", "ready", "problem", *(each.name for each in fields(Standing))),
    *("msisdn", "carrier", "ported", "import", "opted_out_at", "area", "seen", "language"),
    # who is left out, who is in doubt and why, and how that ended
    *(
        "opted_out",
        "not_connected",
        "capped",
        "cancelled",
        "no_response",
        "link_lost",
        "worker_lost",
        "receipt_after_refusal",
    ),
    *("still is", "resent", "held", "closed", "no_receipts"),
    # what a reply is, and brings about
    *("opt_out", "opt_in", "help", "yes", "no", "opted_in", "unchanged", "no_subscriber", "set_aside"),
    # how a way to an SMSC was found
    *("bound", *get_args(WayState)),
    # events of a campaign
    *("drafted", "edited", "approved", "launched", "paused", "resumed", "finished", "audited", "archived"),
    *("returned", "withdrawn", "override"),
    # acts that are no campaign's, as `audit log` names them
    *(
        f"{kind} {what}"
        for kind in ("account", "role", "password", "rule")
        for what in ("proposed", "confirmed", "declined")
    ),
    *("account begun", "account disabled", "role taken", "rule begun", "import begun", "import ended"),
    *("attribute added", "attribute dropped"),
    *("entered", "entered here", "list imported", "list added to", "list dropped"),
    *("message kept", "migrated", "copied", "obeyed", "archive moved", "opted out", "opted in"),
    # fields of a content, as `campaign show` names what changed
    *(each.name for each in fields(Content)),
    *("paused in a ledger", "cancelled in a ledger"),
)

_SOME_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)  # so that the same texts are the same octets
_OF_NOBODY: Final = tuple(
    f'"{each}'.encode()
    for each in ("Project-Id", "Report-", "POT-", "PO-Rev", "Last-", "Language-Team", "Generated-By")
)

Message = tuple[str | tuple[str, str], str | None]  # the text, or one and many; its context


def found(package: Path = ROOT / "broadcast") -> Catalog:
    """Everything that is to be translated, without a word of translation."""
    made = Catalog(domain=DOMAIN, project="broadcast", fuzzy=False)
    for path in sorted(package.rglob("*.py")):
        for text, context in _of_module(ast.parse(path.read_text(encoding="utf-8"))):
            made.add(text, context=context)
    for path in sorted(package.rglob("*.j2")):
        for text in _of_template(path.read_bytes()):
            made.add(text)
    for code in TERMS:
        made.add(str(code), context=TERM)
    for text in _of_click():
        made.add(text)
    return made


def _of_module(tree: ast.Module) -> Iterator[Message]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
            said = ast.get_docstring(node)
            if said and "\n\n" not in said:
                yield said, None
        elif isinstance(node, ast.FunctionDef) and any(map(_is_command, node.decorator_list)):
            yield from ((line, None) for line in _lines(ast.get_docstring(node)))


def _of_call(node: ast.Call) -> Iterator[Message]:
    name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
    texts = [
        each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    if name in _SAID and texts and node.args[0].__class__ is ast.Constant:
        yield texts[0], None
    elif name == "ngettext" and len(texts) == 2:
        yield (texts[0], texts[1]), None
    elif name in ("headings", "codes"):
        yield from ((text, TERM if name == "codes" else None) for text in texts if text)
    for keyword in node.keywords:
        if keyword.arg in ("help", "epilog") and isinstance(keyword.value, ast.Constant):
            yield from ((line, None) for line in _lines(keyword.value.value))


def _lines(text: Any) -> Iterator[str]:
    """Of a help text, what is translated at once."""
    for paragraph in paragraphs(text) if isinstance(text, str) else ():
        yield from filter(is_said, paragraph)


def _of_template(source: bytes) -> Iterator[str | tuple[str, str]]:
    for _line, call, said, _comments in babel_extract(io.BytesIO(source), ("_", "ngettext"), (), {}):
        texts = [each for each in ((said,) if isinstance(said, str) else said or ()) if each]
        if texts:
            yield (texts[0], texts[1]) if call == "ngettext" else texts[0]


def _is_command(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Attribute) and called.attr in ("command", "group")


def _of_click() -> Iterator[str | tuple[str, str]]:
    """Usage, options, errors: in the words of the version that is installed."""
    for file in importlib.metadata.files("click") or ():
        if file.suffix == ".py":
            source = io.BytesIO(Path(file.locate()).read_bytes())
            for _line, text, _comments, _context in extract(
                "python", source, {"_": None, "ngettext": (1, 2)}
            ):
                yield text


def catalogue(language: str) -> Path:
    """The .po of one; beside it lies the .mo."""
    return FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def compiled(po: Path) -> bytes:
    """What its .mo holds."""
    made, known = io.BytesIO(), _read(po)
    known.creation_date = _SOME_DAY
    mofile.write_mo(made, known)
    return made.getvalue()


def written(known: Catalog) -> bytes:
    """As the .po holds it: sorted by text, no places of the code, so that only what is said changes it."""
    made = io.BytesIO()
    pofile.write_po(made, known, width=110, no_location=True, sort_output=True, ignore_obsolete=True)
    lines = made.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(_OF_NOBODY))


def merged(language: str) -> Catalog:
    """What was translated, in line with what is to be."""
    po = catalogue(language)
    known = _read(po) if po.exists() else Catalog(locale=language, domain=DOMAIN)
    known.update(found(), no_fuzzy_matching=True, update_creation_date=False)
    return known


def _read(po: Path) -> Catalog:
    with po.open("rb") as file:
        return pofile.read_po(file, locale=po.parts[-3], domain=DOMAIN)


if __name__ == "__main__":
    for language in LANGUAGES[1:]:
        place = catalogue(language)
        place.parent.mkdir(parents=True, exist_ok=True)
        known = merged(language)
        place.write_bytes(written(known))
        place.with_suffix(".mo").write_bytes(compiled(place))
        missing = [str(each.id) for each in known if each.id and not each.string]
        sys.stdout.write(
            f"{place.relative_to(ROOT)}: {len(known)} texts, {len(missing)} without a translation\n"
        )
