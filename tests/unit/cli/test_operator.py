"""Who a command logs in as."""

import click
import pytest
from click.testing import CliRunner

from broadcast.cli import main
from broadcast.cli.operator import by_url, login_option
from broadcast.cli.settings import Settings
from broadcast.store import pool


def seen() -> str | None:
    """The login of the moment."""
    return pool._login.get()


@click.command()
@login_option
@click.pass_context
def look(ctx: click.Context) -> None:
    mine = seen()
    with by_url():
        click.echo(f"{mine} {seen()} {ctx.find_root().ensure_object(Settings).words()}")


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["campaign"], {}, "None None []"),
        (["campaign"], {"BROADCAST_OPERATOR": "an"}, "an None []"),
        (["--as", "binh", "campaign"], {"BROADCAST_OPERATOR": "an"}, "binh binh ['--as', 'binh']"),
        (["--as", "binh", "campaign", "--as", "chi"], {}, "chi chi ['--as', 'chi']"),
        (["db"], {"BROADCAST_OPERATOR": "an"}, "None None []"),
        (["--config", "x.toml", "worker", "--as", "w"], {}, "w w ['--config', 'x.toml', '--as', 'w']"),
    ],
)
def test_the_nearest_says(
    words: list[str], environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's environment says nothing of what a machine does, or who has the database."""
    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: look)
    done = CliRunner().invoke(main.broadcast, words, env=environment)
    assert (done.exit_code, done.output) == (0, said + "\n")
    assert seen() is None
