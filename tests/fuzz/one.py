"""`python -m fuzz.one TARGET COMMAND [libFuzzer's options] FOLDER`: one target under atheris, until told to stop.

COMMAND: an executable that runs this again, with options of its own: libFuzzer calls it to merge. The code under
test is instrumented as it is imported, so this is the first to import it.
"""

import sys
from collections.abc import Mapping

import atheris

from broadcast.config import ReceiptMeaning

with atheris.instrument_imports(
    include=[
        "broadcast.smpp",
        "broadcast.simulator",
        "broadcast.campaign",
        "broadcast.ledger",
        "broadcast.cap",
    ]
):
    from fuzz.targets import TARGETS

    from broadcast.smpp import inbox
    from broadcast.smpp.vocabulary import Vocabulary, vocabulary


def vocabulary_once(own: Mapping[str, ReceiptMeaning]) -> Vocabulary:
    """Made for every link, so for every input: it would take a third of the time."""
    found = _VOCABULARIES.get(id(own))
    if found is None:
        found = _VOCABULARIES[id(own)] = vocabulary(own)
    return found


_VOCABULARIES: dict[int, Vocabulary] = {}  # the profiles are there as long as the process
inbox.vocabulary = vocabulary_once

if __name__ == "__main__":
    atheris.Setup(sys.argv[2:], TARGETS[sys.argv[1]])
    atheris.Fuzz()
