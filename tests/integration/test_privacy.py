"""No number of a person and no word of theirs, or of the alert, in logs and metrics: on the ways that meet the most."""

import asyncio
import re
import urllib.request

from integration.rig import Rig
from waiting import until

TEXT = "Zebra crossing closed: use the quagga bridge"
SAID = ["STOP", "walrus, thank you", "Call me at 0320000123, I am at home"]
PROFILE = {"temporary_statuses": (0x401, 0x55F), "throttled_statuses": (0x402,), "retry_delay_s": 0.5}


async def test_logs_and_metrics_name_nobody(rig: Rig) -> None:
    """Replies, opt-outs, refusals, doubts after a killed worker, unreadable PDUs, states that nobody knows."""
    replies = {"inbound.share": 0.2, "inbound.texts": SAID, "inbound.delay_s": 0.1}
    await rig.smsc("viettel", like="worst", tps=2_000, **replies)
    rig.connect(
        "viettel", 2_000, sessions=2, window=100, response_timeout_s=2.0, response_id="hex", **PROFILE
    )
    await rig.subscribers("viettel", 3_000)
    killed = await rig.worker_process()
    campaign = await rig.launch(text=TEXT, category="health", in_doubt_policy="resend", grace_s=1)
    await rig.reached(campaign, 500, "delivered", "accepted", "undeliverable", "rejected")
    killed.kill()
    await killed.wait()
    await rig.worker_process()

    async def sent() -> (
        bool
    ):  # some receipts of the killed one's links never come again: the end would take days
        return not {"waiting", "in_doubt"} & set(await rig.states(campaign))

    await until(sent, "nobody waits")

    async def opted_out() -> bool:
        return bool(await rig.conn.fetchval("SELECT count(*) > 20 FROM reply WHERE effect = 'opted_out'"))

    await until(opted_out, "opt-outs")
    log = "\n".join(path.read_text("utf-8", "replace") for path in sorted(rig.folder.glob("process-*.log")))
    url = re.findall(r"http://[0-9.:]+/metrics", log)[-1]
    metrics = await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=10).read().decode())
    counts = await rig.conn.fetchrow(
        """SELECT (SELECT count(*) FROM in_doubt) AS doubts, (SELECT count(*) FROM quarantine) AS unreadable,
                  (SELECT sum(rejected) FROM tally) AS rejected, (SELECT count(*) FROM oddity) AS oddities"""
    )
    assert counts is not None and all(counts.values()), counts
    for words in (log, metrics):
        assert len(words) > 1000
        assert not re.findall(r"(?:84|0)320[0-9]{6}", words)
        assert not re.findall("(?i)zebra|quagga|walrus|at home", words)
