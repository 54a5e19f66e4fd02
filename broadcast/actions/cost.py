"""What a text that nobody has drafted yet would cost, with all that the configuration adds to it."""

from broadcast.actions.session import Tell
from broadcast.actions.terms import Terms, message_of
from broadcast.campaign.cost import Cost, cost
from broadcast.config import Config


def cost_of(config: Config, terms: Terms, tell: Tell) -> Cost:
    """At the connected carriers, or those of them that were named. Raises InputError where there is no text."""
    _, _, text = message_of(config, terms, tell)
    named = terms.carriers or config.carriers
    carriers = {name: carrier for name, carrier in config.carriers.items() if name in named}
    return cost(text, carriers, config.wording, terms.alphabet)
