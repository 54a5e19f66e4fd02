"""Two persons: what the second one approved is what goes out (law 6). Pure."""

import hashlib
import json
import re
import unicodedata
from typing import Any

from broadcast.campaign.content import Content
from broadcast.errors import InputError, RefusedError
from broadcast.languages import _


def content_hash(content: Content) -> bytes:
    """SHA-256 over PostgreSQL's own text of its document as jsonb: so it is `content_hash` in SQL too."""
    return hashlib.sha256(_jsonb_text(content.document()).encode()).digest()


def _jsonb_text(value: Any) -> str:
    """As PostgreSQL writes jsonb: keys by their length, then by octets; a blank after colons and commas."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return "{" + ", ".join(f"{_jsonb_text(key)}: {_jsonb_text(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_jsonb_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def older_hash(content: Content) -> bytes:
    """Of a campaign that was written before it had texts: as it was approved then."""
    fields = (
        "alphabet",
        "carriers",
        "category",
        "expires_at",
        "grace_s",
        "in_doubt_policy",
        "priority",
        "sender",
        "text",
    )
    document = content.document()
    canonical = {name: document[name] for name in fields}
    written = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(written.encode("ascii")).digest()


def content_code(content: Content) -> str:
    """The beginning of its hash, for one person to read to another: 3fa9-07c2."""
    digits = content_hash(content).hex()
    return f"{digits[:4]}-{digits[4:8]}"


def read_code(said: str) -> str:
    """The digits of a code, or of a whole hash, however it was typed or pasted. Raises InputError."""
    digits = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", said).casefold()))
    if not re.fullmatch("[0-9a-f]{8,64}", digits):
        raise InputError(
            _(
                "--content wants the content code that `broadcast campaign show` prints: 8 of 0 to 9 and a to f,"
                " 3fa9-07c2 say"
            )
        )
    return digits


def check_code(content: Content, digits: str) -> None:
    """Raises RefusedError unless `content` has that code; it does not say which it has: who approves must look."""
    if not content_hash(content).hex().startswith(digits):
        raise RefusedError(
            _(
                "the content has another code than the one given: it was edited since it was shown, or the code is"
                " mistyped; look at it again (`broadcast campaign show`) and give the code that stands there"
            )
        )


def check_approver(drafted_by: str, approver: str) -> None:
    """Raises RefusedError when the approver is the drafter, however the name is written."""
    if _same(drafted_by) == _same(approver):
        raise RefusedError(_("who drafted a campaign cannot approve it: a second person must (--as NAME)"))


def check_unchanged(content: Content, approved_hash: bytes | None) -> None:
    """Raises RefusedError unless `content` is what was approved."""
    if approved_hash is None:
        raise RefusedError(_("the campaign is not approved: a second person must approve it first"))
    if approved_hash != content_hash(content) and (content.texts or approved_hash != older_hash(content)):
        raise RefusedError(_("the campaign is not what was approved: have it approved again"))


def check_actor(actor: str) -> str:
    """The name of who acts, tidied. Raises InputError when there is none."""
    name = " ".join(actor.split())
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise InputError(_("say who acts, in 1 to 100 printable characters: --as NAME or BROADCAST_OPERATOR"))
    return name


def _same(name: str) -> str:
    return " ".join(name.split()).casefold()
