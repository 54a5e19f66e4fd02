"""How fast it goes, from progress that is made up."""

from unit.reports.moments import line, moment

from broadcast.reports.rates import Rates


def test_rates_are_over_the_last_seconds() -> None:
    rates = Rates(over_s=5)
    for second in range(11):
        sent = 100 * second if second <= 5 else 500 + 200 * (second - 5)
        rates.look(moment(second, line("viettel", 400, 2 * sent, waiting=4000 - sent, accepted=sent)))
    assert rates.recipients_per_s("viettel") == 200.0
    assert rates.segments_per_s("viettel") == 400.0
    assert rates.segments_per_s("all") == 400.0
    assert rates.left_s(line("viettel", 400, 0, waiting=2500)) == 12.5
    assert rates.left_s(line("viettel", 400, 0, delivered=1)) == 0.0
    assert rates.segments_per_s("unknown") == 0.0


def test_without_movement_the_time_left_is_unknown() -> None:
    rates = Rates()
    waiting = line("viettel", 400, 0, waiting=10)
    rates.look(moment(0, waiting))
    assert rates.left_s(waiting) is None
    rates.look(moment(1, waiting))
    assert rates.left_s(waiting) is None


def test_a_rate_is_never_negative() -> None:
    rates = Rates()
    rates.look(moment(0, line("viettel", 400, 0, accepted=10)))
    rates.look(moment(1, line("viettel", 400, 0, waiting=5, accepted=5)))  # temporary refusals wait again
    assert rates.recipients_per_s("viettel") == 0.0
