"""What our own time limit cuts off is told as that, in the log and by `/readyz`, until it was done."""

import pytest
from integration.rig import Rig
from waiting import until


async def test_a_table_that_is_locked(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The tidier waits for it, and so do others; the database is not lost, and nobody says so."""
    monkeypatch.setattr("broadcast.engine.tidier.WORK_S", 0.5)
    worker = rig.worker()

    async def registered() -> bool:
        return await worker.ready() is None

    await until(registered, "it is ready")
    assert await worker.database() is None
    transaction = rig.conn.transaction()
    await transaction.start()
    await rig.conn.execute("LOCK TABLE in_doubt IN ACCESS EXCLUSIVE MODE")

    async def told() -> bool:
        return "task=tidier why=not done within 1 s, trying again with 2 s" in caplog.text

    await until(told, "it has had more time twice")
    said = await worker.database()
    assert said is not None
    assert "tidier" in said
    assert "not done within" in said
    await transaction.rollback()

    async def well() -> bool:
        return await worker.database() is None

    await until(well, "all was done")
    assert "database_trouble task=tidier why=not done within 0.5 s, trying again with 1 s" in caplog.text
    assert "task=control why=not done within 2 s" in caplog.text or "task=control" not in caplog.text
    assert "database lost" not in caplog.text
    assert "database_back" not in caplog.text
    await rig.stop(worker)
