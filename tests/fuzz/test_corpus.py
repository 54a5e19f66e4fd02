"""Every kept input once more, without a fuzzer: what was found stays found."""

import pytest
from fuzz.seeds import SEEDS
from fuzz.store import FOUND, as_line, load, read_line
from fuzz.targets import TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_in_the_corpus_fails(target: str) -> None:
    inputs = [*SEEDS[target], *load(target, FOUND), *load(target)]
    for each in inputs:
        try:
            TARGETS[target](each)
        except BaseException as error:
            error.add_note(f"target {target}, input {as_line(each)}")
            raise
    assert len(inputs) > len(SEEDS[target]) > 0


def test_lines_keep_every_octet() -> None:
    every = bytes(range(256))
    assert read_line(as_line(every)) == every
    assert len(as_line(every).splitlines()) == 1
