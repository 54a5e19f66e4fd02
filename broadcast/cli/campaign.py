"""`broadcast campaign`: an alert from its first draft to its last report."""

import click

from broadcast.cli.lazy import LazyGroup

_WRITTEN = ("draft", "edit")
_STEPS = ("pause", "resume", "cancel")
_APPROVALS = ("approve", "override", "withdraw")
_PLACES = {
    **{name: f"cli.campaign_draft:{name}" for name in _WRITTEN},
    **{name: f"cli.campaign_steps:{name}" for name in _STEPS},
    **{name: f"cli.campaign_approval:{name}" for name in _APPROVALS},
    "return": "cli.campaign_approval:send_back",
    "archive": "cli.campaign_archive:campaign_archive",
    "audit": "cli.campaign_audit:campaign_audit",
    "correct": "cli.campaign_correct:campaign_correct",
    "doubts": "cli.campaign_doubts:campaign_doubts",
    "forecast": "cli.campaign_forecast:campaign_forecast",
    "launch": "cli.campaign_launch:launch",
    "list": "cli.campaign_show:campaign_list",
    "rehearse": "cli.campaign_launch:rehearse",
    "replies": "cli.campaign_replies:campaign_replies",
    "report": "cli.campaign_report:campaign_report",
    "show": "cli.campaign_show:campaign_show",
    "watch": "cli.campaign_watch:campaign_watch",
}


@click.group(cls=LazyGroup, places=_PLACES)
def campaign() -> None:
    """Draft, approve, launch and follow an alert.

    \b
    Example:
      broadcast campaign draft wash-hands --text-file alert.txt --category health --expires 6h
      broadcast campaign forecast wash-hands
      broadcast campaign show wash-hands
      broadcast campaign approve wash-hands --as SOMEBODY-ELSE --content 3fa9-07c2
      broadcast campaign launch wash-hands
      broadcast campaign watch wash-hands
    """
