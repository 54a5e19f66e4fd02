"""Two persons: what the second one approved is what goes out (law 6). Pure."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from broadcast.campaign.content import Content
from broadcast.errors import InputError, RefusedError
from broadcast.languages import _


@dataclass(frozen=True, slots=True)
class Approval:
    """Of one person. kind: `override`: alone, where a rule wants more."""

    signer: str
    at: datetime
    kind: Literal["approved", "override"]
    hash: bytes


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


def content_code(content: Content, nonce: str) -> str:
    """For one person to read to another: 3fa9-07c2. As `content_code` in SQL.

    nonce: hexadecimal, drawn by the database when this was written: without it two contents with one code are found
    within minutes, and whoever edits between `show` and `approve` would have one approved in place of the other.
    """
    digits = hashlib.sha256(content_hash(content) + bytes.fromhex(nonce)).hexdigest()
    return f"{digits[:4]}-{digits[4:8]}"


def read_code(said: str) -> str:
    """The digits of a code, however it was typed or pasted. Raises InputError."""
    digits = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", said).casefold()))
    if not re.fullmatch("[0-9a-f]{8}", digits):
        raise InputError(
            _(
                "--content wants the content code that `broadcast campaign show` prints: 8 of 0 to 9 and a to f,"
                " 3fa9-07c2 say"
            )
        )
    return digits


def check_approved(
    content: Content, drafted_by: str, approvals: Sequence[Approval], approved_hash: bytes | None
) -> None:
    """Raises RefusedError unless `content` is what others than its drafter approved. approvals: those that hold.

    approved_hash: of what was approved before approvals had rows of their own, and texts their languages.
    """
    if not content.texts and approved_hash is not None:
        check_hash(content, approved_hash)
        return
    if not any(each.signer != drafted_by for each in approvals):
        raise RefusedError(_("the campaign is not approved: a second person must approve it first"))
    for each in approvals:
        check_hash(content, each.hash)


def check_hash(content: Content, approved: bytes) -> None:
    """Raises RefusedError unless `content` has that hash, as it was computed when it was written."""
    if approved != (content_hash(content) if content.texts else older_hash(content)):
        raise RefusedError(_("the campaign is not what was approved: have it approved again"))
