"""What PostgreSQL keeps of a password: a SCRAM-SHA-256 verifier, computed where it is typed (RFC 5803). Pure.

So no password is in a statement, in a log, or known to whoever makes the account.
"""

import hashlib
import hmac
import os
import stringprep
import unicodedata
from base64 import b64encode
from typing import Final

from broadcast.errors import InputError
from broadcast.languages import _

_ROUNDS: Final = 4096
_SALT_OCTETS: Final = 16
SHORTEST: Final = 12
_FORBIDDEN: Final = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,
)


def verifier(password: str, salt: bytes | None = None) -> str:
    """As in `pg_authid.rolpassword`. Raises InputError for one that is too short."""
    if len(password) < SHORTEST:
        raise InputError(_("a password has at least {shortest} characters", shortest=SHORTEST))
    salt = salt or os.urandom(_SALT_OCTETS)
    salted = hashlib.pbkdf2_hmac("sha256", _prepared(password).encode(), salt, _ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (b64encode(each).decode() for each in (salt, stored, server))
    return f"SCRAM-SHA-256${_ROUNDS}:{salt64}${stored64}:{server64}"


def code(verifier: str) -> str:
    """The beginning of its hash: whoever typed the password reads it to the admin who confirms."""
    digits = hashlib.sha256(verifier.encode()).hexdigest()
    return f"{digits[:4]}-{digits[4:8]}"


def _prepared(password: str) -> str:
    """SASLprep (RFC 4013) as PostgreSQL does it: what it forbids is taken as it is."""
    mapped = "".join(
        " " if stringprep.in_table_c12(each) else each
        for each in password
        if not stringprep.in_table_b1(each)
    )
    found = unicodedata.normalize("NFKC", mapped)
    if not found or any(forbidden(each) for each in found for forbidden in _FORBIDDEN):
        return password
    rtl = [stringprep.in_table_d1(each) for each in found]
    if any(rtl) and (any(map(stringprep.in_table_d2, found)) or not (rtl[0] and rtl[-1])):
        return password
    return found
