"""`broadcast health`: asks a worker, resolver or exporter how it is, as probes do."""

import http.client

import click

from broadcast.cli.output import json_option, print_json, print_table, say
from broadcast.errors import BroadcastError, InputError
from broadcast.languages import _, headings
from broadcast.monitor.probe import Health, ask


@click.command(epilog="Example: broadcast health http://127.0.0.1:9464")
@click.argument("url")
@json_option
@click.pass_context
def health(ctx: click.Context, url: str, as_json: bool) -> None:
    """Whether a process takes part, and if not, why: of a worker, a resolver or an exporter.

    URL is where it serves its metrics. Exit code 0: it is ready; 1: it is not, or does not answer.
    """
    found = _asked(url)
    if as_json:
        print_json(found.body)
    else:
        say(_("ready") if found.ok else _("not ready"))
        checks = found.body["checks"]
        print_table("", headings("condition", "state"), checks.items())
    ctx.exit(0 if found.ok else 1)


def _asked(url: str) -> Health:
    """Raises InputError, BroadcastError."""
    try:
        found = ask(f"{url.removesuffix('/').removesuffix('/readyz')}/readyz")
    except (ValueError, http.client.InvalidURL) as error:
        said = _("{url} is no address as http://127.0.0.1:9464, where a process serves its metrics", url=url)
        raise InputError(said) from error
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise BroadcastError(_("{url} does not answer: {why}", url=url, why=why)) from error
    if not isinstance(found.body.get("checks"), dict):
        raise BroadcastError(_("what answers at {url} is no process of broadcast", url=url))
    return found
