"""Why people were not reached, as many of each state as the running totals have. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from broadcast.web.document import Failure


def as_many(asked: Sequence[Failure], states: Mapping[str, int]) -> tuple[Failure, ...]:
    """asked: of some people, or of all a moment ago. The reasons of each state share what it has by now, to the unit,
    as they were found; the most frequent first, without those that nobody is left for."""
    found: list[Failure] = []
    for state in dict.fromkeys(each.state for each in asked):
        own = [each for each in asked if each.state == state]
        found += _shared(own, sum(each.people for each in own), states.get(state, 0))
    return tuple(sorted(found, key=lambda each: (-each.people, each.state, each.reason)))


def _shared(own: Sequence[Failure], asked: int, people: int) -> list[Failure]:
    """By the largest remainder."""
    if not asked or not people:
        return []
    whole = [each.people * people // asked for each in own]
    rest = [each.people * people % asked for each in own]
    for place in sorted(range(len(own)), key=lambda at: -rest[at])[: people - sum(whole)]:
        whole[place] += 1
    return [replace(each, people=count) for each, count in zip(own, whole, strict=True) if count]
