"""`broadcast budget`: what may be spent, and what of it is."""

import click

from broadcast.actions.outlook import outlook
from broadcast.actions.session import Session
from broadcast.cli.forecast_moments import budget_document, budget_words
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, say
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.errors import ConfigError
from broadcast.forecast.budget import Standing
from broadcast.languages import _


@click.command("budget")
@login_option
@json_option
def budget(as_json: bool) -> None:
    """What [budget] of the configuration allows in this period, what was spent, and what is left.

    Spent are accepted segments at the prices of their launches.

    \b
    Example:
      broadcast budget
    """
    found = act(_standing, configuration())
    if as_json:
        print_json(budget_document(found))
        return
    say(budget_words(found))
    if found.unpriced:
        say(
            _(
                "not in it, without a price in {currency}: {carriers}",
                currency=found.currency,
                carriers=", ".join(found.unpriced),
            )
        )


async def _standing(session: Session) -> Standing:
    found = (await outlook(session)).budget
    if found is None:
        raise ConfigError(
            _("there is no budget: [budget] in the configuration says amount, currency and period")
        )
    return found
