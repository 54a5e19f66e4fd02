"""Upgrades with alerts under way, by real processes of two versions: docs/nation.md is followed to the letter, and
nobody is lost or hears anything twice."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from integration.machines import (
    ROOT,
    SEVERAL,
    Command,
    Machine,
    before_several,
    machines,
    manual,
    next_version,
)
from integration.rig import Rig
from waiting import PATIENCE_S, until

from broadcast.archive.books import books_of, snapshot
from broadcast.config import load
from broadcast.reports.everybody import compare_people, row
from broadcast.store.ledgers import parts_of
from broadcast.store.pool import connect

PREFIXES = {"viettel": "096", "mobifone": "090", "vinaphone": "091", "vietnamobile": "092"}
SLOWLY = 12  # TPS: so that an alert is under way for longer than all steps take
FAST = 500  # once all is done


@dataclass
class Scene:
    """rig: of the simulated carriers. at: the machines, by name. home: the URL of that database. people: by carrier."""

    rig: Rig
    at: Mapping[str, Machine]
    home: str
    tps: int = SLOWLY
    people: dict[str, int] = field(default_factory=dict)

    async def carriers(self, **people: int) -> None:
        """Simulated, each with so many people in the operator's list."""
        self.people |= people
        for name in people:
            await self.rig.smsc(name, receipt_delay_s=0.3, undeliverable_share=0.1)
        numbers = [f"{PREFIXES[name]}{each:07}" for name, count in people.items() for each in range(count)]
        (self.at["operator"].folder / "people.csv").write_text("msisdn\n" + "\n".join(numbers) + "\n")

    def configure(self, ledgers: Mapping[str, tuple[str, ...]], *names: str) -> None:
        """The file on these machines. ledgers: carriers by name; `first` is home itself."""
        tables = [
            f"[ledgers.{name}]\ncarriers = {json.dumps(carriers)}\n"
            + ("" if name == "first" else f'url_env = "{name.upper()}_DATABASE_URL"\n')
            for name, carriers in ledgers.items()
        ]
        for name, smsc in self.rig.smscs.items():
            tables.append(
                f'[carriers.{name}]\ntps = {self.tps}\nresponse_id = "decimal"\nreceipt_id = "decimal"\n'
                f'[[carriers.{name}.binds]]\nhost = "127.0.0.1"\nport = {smsc.port}\n'
                f'system_id = "{name}"\nsessions = 2\nreconnect_min_s = 0.2\n'
            )
        for name in names or self.at:
            self.at[name].config.write_text("\n".join(tables))

    async def follow(self, command: Command, **where: str) -> None:
        """A line of the manual, at the machine that it means. where: which one that is, by the words of the line."""
        [name] = [name for name, words in where.items() if words == command.where] or ["operator"]
        assert name in where or command.where == "an operator's machine", command
        print(f"{name}: {command.line}")
        await self.at[name].follow(command)

    async def launch(self, name: str, *carriers: str, code: int = 0, typed: bool = True) -> None:
        """By the operator, from the draft on; the launch ends with this exit code. typed: how many hear it is given."""
        operator = self.at["operator"]
        options = " ".join(f"--carrier {each}" for each in carriers)
        words = f"--text Wash-your-hands-{name} --category emergency --priority 7 --expires 1h"
        await operator.run(f"broadcast campaign draft {name} {words} {options}")
        shown = (await operator.run(f"broadcast campaign show {name} --json")).document
        await operator.run(f"broadcast campaign approve {name} --as binh --content {shown['code']}")
        people = sum(self.people[each] for each in carriers or self.people)
        recipients = f" --recipients {people}" if typed else ""
        await operator.run(f"broadcast campaign launch {name}{recipients}", code)

    async def taken(self, carrier: str) -> int:
        return int((await self.rig.smscs[carrier].book())["segments"])

    async def hurry(self, ledgers: Mapping[str, tuple[str, ...]], *names: str) -> None:
        """What is left to send leaves at once, from these machines of workers."""
        self.tps = FAST
        self.configure(ledgers)
        await asyncio.gather(*(self.at[name].reload() for name in names))

    async def goes_on(self, *carriers: str, more: int = 2 * SLOWLY) -> None:
        """Each of these takes so many segments more."""
        for name in carriers:
            before = await self.taken(name)

            async def flowing(name: str = name, before: int = before) -> bool:
                return await self.taken(name) >= before + more

            await until(flowing, f"{name} takes segments")

    async def finished(self, name: str) -> None:
        """At home."""
        conn = await connect(self.home, slack=1)
        try:

            async def over() -> bool:
                return bool(await conn.fetchval("SELECT finished_at FROM campaign WHERE name = $1", name))

            await until(over, f"{name} is finished", 3 * PATIENCE_S)
        finally:
            await conn.close()

    async def ended(self, name: str, carrier: str) -> None:
        """Everybody at this carrier has their end, whatever the others have."""

        async def over() -> bool:
            report = await self.at["operator"].run(f"broadcast campaign report {name} --json")
            [line] = [each for each in report.document["carriers"] if each["carrier"] == carrier]
            return not any(line[state] for state in ("waiting", "in_doubt", "accepted"))

        await until(over, f"{carrier} is through with {name}")

    async def check(self, name: str, people: Mapping[str, int], **message: int) -> None:
        """Whoever is of this campaign heard it once, and ended as their SMSC told. message: which of an SMSC's it is,
        from 1; by default it had no other."""
        await self.at["operator"].run(f"broadcast campaign audit {name}")
        accounts = {
            carrier: await asyncio.to_thread(self.rig.smscs[carrier].people, message.get(carrier, 1))
            for carrier in people
        }
        config = load([ROOT / "config" / "vietnam.toml", self.at["operator"].config])
        conn = await connect(self.home, slack=1)
        try:
            number = await conn.fetchval("SELECT campaign_id FROM campaign WHERE name = $1", name)
            async with parts_of(conn, config, number) as parts, AsyncExitStack() as stack:
                for part in parts.all():
                    await stack.enter_async_context(snapshot(part.connection))
                books = [await books_of(part.connection, number) for part in parts.all()]
                found = await compare_people(books, accounts, {}, lambda each: print(row(each)))
        finally:
            await conn.close()
        assert found.problems == []
        assert {each.carrier: each.people for each in found.comparisons} == dict(people)

    async def check_copies(self, **segments: int) -> None:
        """So many each SMSC took in all, and none a second time."""
        for name, count in segments.items():
            book = await self.rig.smscs[name].book()
            assert (book["segments"], book["extra_copies"]) == (count, 0), name


@pytest.mark.long
async def test_one_ledger_after_the_other(
    rig: Rig, two_databases: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home and two ledgers come to the next version; what is half done sends, pauses, resumes and launches."""
    for name, url in zip(("BROADCAST", "NORTH", "SOUTH"), (rig.url, *two_databases), strict=True):
        monkeypatch.setenv(f"{name}_DATABASE_URL", url)
    people = {"viettel": 2500, "mobifone": 2500}
    async with machines(tmp_path, ("operator", "another", "north", "south"), ROOT) as at:
        scene, operator = Scene(rig, at, rig.url), at["operator"]
        await scene.carriers(**people, vietnamobile=60, vinaphone=60)
        ledgers = {"north": ("viettel", "vietnamobile"), "south": ("mobifone", "vinaphone")}
        scene.configure(ledgers)
        await operator.run("broadcast db migrate")  # roles of their own
        await operator.run("broadcast user begin an=author,operator binh=approver --passfile people.pgpass")
        await operator.run("broadcast db spread")
        await operator.run("broadcast subscriber import people.csv")
        for name in ("north", "south"):
            await at[name].up(f"broadcast up --ledger {name}")
        await scene.launch("one", *people)
        await scene.goes_on(*people)

        migrate_north, reload_north, migrate_south, reload_south, status = manual(
            "Upgrades, one ledger after the other"
        )
        newer = next_version(tmp_path / "newer")
        for name in ("operator", "north"):
            at[name].install(newer)
        await scene.follow(migrate_north)
        await scene.follow(reload_north, north="each machine of north")
        assert not (await at["another"].run("broadcast campaign pause one", 1)).out
        assert (await operator.run("broadcast db status --json", 1)).document["ledgers"]["south"]["pending"]
        await at["south"].reload()  # those of before start anew, with a home that is newer than their ledger
        await operator.run("broadcast campaign pause one")
        await scene.launch("two", "vietnamobile", "vinaphone")
        await scene.finished("two")
        await operator.run("broadcast campaign resume one")
        await scene.goes_on(*people)

        at["south"].install(newer)
        await scene.follow(migrate_south)
        await scene.follow(reload_south, south="each machine of south")
        at["another"].install(newer)
        await scene.follow(status)
        await scene.goes_on(*people)  # it was under way throughout
        await scene.hurry(ledgers, "north", "south")
        await scene.finished("one")
        await scene.check("one", people)
        await scene.check("two", {"vietnamobile": 60, "vinaphone": 60})
        await scene.check_copies(**people, vietnamobile=60, vinaphone=60)
        monkeypatch.setenv("NORTH_DATABASE_URL", two_databases[1])
        swapped = (await operator.run("broadcast db status --json", 1)).document["problem"]
        assert swapped.startswith("ledger north: the database ")
        assert swapped.endswith(" is the ledger south; correct its URL")


@pytest.mark.long
async def test_from_one_database_of_before_to_several(
    rig: Rig, empty_database_url: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0.2.0 with an alert under way comes to this version, its database is a ledger by name, and carriers leave it."""
    before = before_several(tmp_path / "before")
    monkeypatch.setenv("BROADCAST_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("SOUTH_DATABASE_URL", database_url)
    people = {"viettel": 2500, "mobifone": 100}
    async with machines(tmp_path, ("operator", "first", "south"), before) as at:
        scene, operator = Scene(rig, at, empty_database_url), at["operator"]
        await scene.carriers(**people, vinaphone=60)
        scene.configure({})
        await operator.run("broadcast db migrate")
        await operator.run("broadcast subscriber import people.csv")
        await at["first"].up("broadcast up")
        await scene.launch("one", *people, typed=False)  # nobody asked, before
        await scene.goes_on(*people)

        (
            migrate,
            reload,
            begin,
            spread,
            up_first,
            export,
            migrate_south,
            begin_south,
            move,
            reload_first,
            up_south,
        ) = manual("From one database to several")
        assert export.line.startswith("broadcast exporter ")  # beside what follows, and none of its steps
        for machine in at.values():
            machine.install(ROOT)
        pending = (await operator.run("broadcast db status --json", 1)).document["pending"]
        assert pending[0] == Path(SEVERAL).stem
        await scene.follow(migrate)
        await scene.follow(reload, first="each machine of workers")
        await scene.follow(begin)
        await scene.goes_on("viettel")
        everything = ("viettel", "mobifone", "vinaphone")
        scene.configure({"first": everything}, "operator")
        await scene.follow(spread)
        scene.configure({"first": everything}, "first")
        await scene.follow(up_first, first="each machine of workers")
        await scene.goes_on("viettel")

        scene.configure({"first": ("mobifone", "vinaphone"), "south": ("viettel",)}, "operator")
        await scene.follow(migrate_south)
        await scene.follow(begin_south)
        refused = await operator.run(move.line, 3)
        assert "viettel cannot leave ledger first yet: the campaign one is open there" in refused.err
        moved = {"first": ("viettel", "vinaphone"), "south": ("mobifone",)}
        scene.configure(moved, "operator")
        await scene.ended("one", "mobifone")
        await scene.follow(move)
        scene.configure(moved)
        await scene.follow(reload_first, first="each machine of first")
        await scene.follow(up_south, south="each machine of south")
        await scene.launch("two", "mobifone", "vinaphone")
        await scene.goes_on("viettel")  # it was under way throughout
        await scene.hurry(moved, "first", "south")
        for name in ("one", "two"):
            await scene.finished(name)
        await scene.check("one", people)
        await scene.check("two", {"mobifone": 100, "vinaphone": 60}, mobifone=2)
        await scene.check_copies(viettel=2500, mobifone=200, vinaphone=60)
