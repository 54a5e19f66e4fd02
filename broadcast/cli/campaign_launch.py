"""`broadcast campaign launch`, where live and exercise must not look alike, and `rehearse`, for one's own phones."""

import sys

import click

from broadcast.actions import launch as launching
from broadcast.actions import live
from broadcast.actions.live import Reach
from broadcast.actions.session import Session
from broadcast.campaign.campaigns import Campaign
from broadcast.cli.banner import show_live
from broadcast.cli.campaign_steps import say_done
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, note, words
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.errors import RefusedError
from broadcast.languages import _, term
from broadcast.visible import visible


@click.command()
@click.argument("name")
@click.option(
    "--recipients",
    type=click.IntRange(1),
    metavar="COUNT",
    help="How many will hear it, as `forecast` says. Asked for at a terminal.",
)
@click.option("--anyway", is_flag=True, help="Although no link to a carrier was open in the last minutes.")
@login_option
@json_option
def launch(name: str, recipients: int | None, anyway: bool, as_json: bool) -> None:
    """Fix the audience and begin to send, as soon as workers run.

    An actual alert to more than a few (the rule typed_from) asks how many will hear it. Nobody hears it who is not in
    that number: where more would, nothing is sent (exit code 3).

    \b
    Example:
      broadcast campaign launch wash-hands --recipients 48203115
    """
    typed = recipients if recipients is not None or not sys.stdin.isatty() else _ask(name)
    done, training = act(lambda session: _launched(session, name, typed, anyway), configuration())
    if done.status == "actual" and not training:
        show_live(_("{name} goes to {people} people", name=name, people=words(done.audience)))
    say_done(
        done,
        _(
            "{name} is launched: {audience:,} in the audience, {segments} segments each",
            name=name,
            audience=done.audience,
            segments=done.segments,
        ),
        as_json,
    )


async def _launched(session: Session, name: str, typed: int | None, anyway: bool) -> tuple[Campaign, bool]:
    return await launching.launch(session, name, typed, anyway=anyway), session.training


def _ask(name: str) -> int | None:
    """Of whoever sits there, with what it is; None where it is not asked for. Raises RefusedError: another number."""
    found, training = act(lambda session: _reach(session, name), configuration())
    if not found.asked:
        return None
    _show(found, training)
    said: str = click.prompt(
        visible(_("How many people will hear it? Type their number, or nothing to stop")),
        default="",
        err=True,
        show_default=False,
    )
    digits = "".join(filter(str.isdigit, said))
    if not digits or int(digits) != found.recipients:
        raise RefusedError(_("that is not the number of those who would hear it: nothing was launched"))
    return found.recipients


async def _reach(session: Session, name: str) -> tuple[Reach, bool]:
    return await live.reach(session, name), session.training


def _show(found: Reach, training: bool) -> None:
    alert = found.campaign
    said = _(
        "{name}, an actual {category} alert from {sender}, to {people:,} people",
        name=alert.name,
        category=term(alert.category),
        sender=alert.sender,
        people=found.recipients,
    )
    if training:
        note(said)
    else:
        show_live(said)
    note(alert.text)


@click.command()
@click.argument("name")
@login_option
@json_option
def rehearse(name: str, as_json: bool) -> None:
    """Draft the same alert for one's own phones alone ([phones]), as NAME-phones: they hear it before everybody does.

    It is approved and launched as any other. With the rule phones_first NAME itself is launched only after one of them
    has it.

    \b
    Example:
      broadcast campaign rehearse wash-hands
    """
    made = act(lambda session: live.rehearse(session, name), configuration())
    say_done(
        made,
        _(
            "{name} is there for one's own phones, {state}: have it approved (content {code}), then `broadcast "
            "campaign launch {name}`",
            name=made.name,
            state=term(made.state),
            code=made.code,
        ),
        as_json,
    )
