"""A reading goes into the table and comes back."""

from broadcast.diagnosis.reading import LaneReading, LinkTrouble


def test_there_and_back() -> None:
    made = LaneReading(
        500,
        1.5,
        refused={0x0B: 3},
        slowed={0x58: 1},
        troubles=(LinkTrouble("lost", 1, 2.0),),
        cannot_send={3: "why"},
    )
    assert LaneReading.from_json(made.to_json()) == made


def test_of_a_worker_with_other_code() -> None:
    trouble = '{"why": "lost", "links": 1, "for_s": 2.0, "news": 1}'
    read = LaneReading.from_json(f'{{"granted_tps": 7, "news": 1, "troubles": [{trouble}]}}')
    assert read == LaneReading(7, troubles=(LinkTrouble("lost", 1, 2.0),))
