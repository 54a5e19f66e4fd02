"""A few runs of the chaos suite, small: `make chaos` does many, with 10,000 messages of five segments each."""

import asyncio
from pathlib import Path

import pytest
from chaos import hosts, table
from chaos.database import prepared
from chaos.ledger_schedule import ledger_schedule
from chaos.run import run
from chaos.schedule import Schedule, schedule

MESSAGES = 3_000


def problems(folder: Path, *plans: Schedule) -> list[str]:
    """Of all these runs, side by side."""
    with prepared(MESSAGES) as data:

        async def together() -> list[str]:
            results = await asyncio.gather(
                *(run(plan, MESSAGES, data, folder / f"seed-{plan.seed}") for plan in plans)
            )
            for result in results:
                print(table.row(result))
            return [problem for result in results for problem in result.problems]

        return asyncio.run(together())


@pytest.mark.long
def test_books_balance_through_everything(tmp_path: Path) -> None:
    """Workers and resolvers killed and frozen, the database lost, SMSCs that crash and hang, links cut; resent, and
    held."""
    assert problems(tmp_path, schedule(880), schedule(1038)) == []


@pytest.mark.long
def test_books_balance_through_a_broken_network(tmp_path: Path) -> None:
    """The same with each process on a host of its own."""
    if reason := hosts.missing():
        pytest.skip(reason)
    assert problems(tmp_path, schedule(289, hosts=True)) == []


@pytest.mark.long
def test_books_balance_over_two_ledgers(tmp_path: Path) -> None:
    """A home and two ledgers on hosts of their own, a carrier in both; ways parted, a pause amid that, STOP."""
    if reason := hosts.missing():
        pytest.skip(reason)
    assert problems(tmp_path, ledger_schedule(59)) == []
