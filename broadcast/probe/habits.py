"""What the answers and receipts of a check say about the SMSC, and whether the profile says the same."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

from broadcast.channel.receipt import ReceiptState
from broadcast.config import Carrier, ReceiptSegments
from broadcast.probe import ids
from broadcast.probe.findings import Findings
from broadcast.probe.messages import MARKS
from broadcast.probe.traffic import Receipt, Traffic, receipted_id
from broadcast.smpp import status as statuses
from broadcast.smpp.pdu import DATA_SM, MESSAGE_STATE
from broadcast.smpp.receipt import unknown_state

_LATIN_READ_AS_GSM = "¡¤§".encode("latin-1")  # @ $ _ of ASCII, had the SMSC taken them for GSM 03.38


class Habits:
    """Looks at everything that a check sent and got. sent under the settings of `carrier`."""

    def __init__(self, traffic: Traffic, carrier: Carrier, findings: Findings) -> None:
        self._traffic = traffic
        self._carrier = carrier
        self._findings = findings
        self._accepted = [each for each in traffic.sent if each.accepted]
        self._receipts = [receipt for each in traffic.sent for receipt in each.receipts]

    def tell(self, waited_s: float) -> None:
        """All of it. waited_s: how long receipts were waited for."""
        self._responses()
        if self._receipts:
            self._ids()
            self._shapes()
            self._segments()
            self._states()
            self._times()
            self._alphabet()
        elif self._accepted:
            self._none(waited_s)
        self._others()

    def _responses(self) -> None:
        answered = [each for each in self._traffic.sent if each.status is not None]
        if not answered:
            return
        counts = Counter(statuses.name(each.status or 0) for each in answered)
        seen = ", ".join(f"{count} {name}" for name, count in counts.most_common())
        took_ms = sorted(1000 * (each.answered_at - each.at) for each in answered)
        median_ms = round(statistics.median(took_ms), 1)
        self._findings.note("answers", f"{seen}; median {median_ms} ms, slowest {took_ms[-1]:.1f} ms")
        self._habit("response_ms", median_ms)
        self._habit("statuses", seen)
        if any(each.accepted and not each.raw_id for each in answered):
            self._findings.failed(
                "ids", "the SMSC took a message and gave it no id: its receipts cannot be matched"
            )

    def _ids(self) -> None:
        pairs = [(sent.raw_id, receipt.raw_id) for sent in self._accepted for receipt in sent.receipts]
        profile = ids.of(self._carrier)
        met = sum(profile.meet(*pair) for pair in pairs)
        response, receipt = (ids.form(raw) for raw in pairs[0])
        self._habit("id_in_response", response)
        self._habit("id_in_receipt", receipt)
        looks = f"in responses: {response}; in receipts: {receipt}"
        if met == len(pairs):
            self._findings.ok("ids", f"they meet under the profile; {looks}")
            return
        best = ids.best(profile, pairs)
        changed = [key for key in ids.Reading.__slots__ if getattr(best, key) != getattr(profile, key)]
        for key in changed:
            self._findings.recommend(key, getattr(best, key))
        told = ", ".join(f'{key} = "{getattr(best, key)}"' for key in changed)
        self._findings.failed(
            "ids",
            f"{len(pairs) - met} of {len(pairs)} receipts do not meet their response; {looks}; "
            f"they meet with {told}",
            changed[0] if changed else "receipt_id",
        )

    def _shapes(self) -> None:
        """Where id and state stand, and how the receipts are marked and written."""
        style = _each(_style(receipt) for receipt in self._receipts)
        marks = _each(f"0x{receipt.delivery.esm_class:02X}" for receipt in self._receipts)
        pdus = _each("data_sm" if receipt.command == DATA_SM else "deliver_sm" for receipt in self._receipts)
        coding = _each(str(receipt.delivery.data_coding) for receipt in self._receipts)
        self._habit("receipt_style", style)
        self._habit("receipt_esm_class", marks)
        self._findings.note(
            "receipts", f"by {pdus}, id and state in {style}, esm_class {marks}, data_coding {coding}"
        )

    def _segments(self) -> None:
        """Which segments of a message of several get receipts."""
        for message in self._traffic.taken():
            if len(message) < 2:
                continue
            got = [bool(each.receipts) for each in message]
            found = _which(got)
            if found is None:
                numbers = [str(each.segment) for each in message if each.receipts]
                self._findings.note(
                    "segments", f"of {len(message)} only {', '.join(numbers) or 'none'} had a receipt in time"
                )
                continue
            self._habit("receipts_for", found)
            if found in ("all", self._carrier.smpp.receipts):
                self._findings.ok("segments", f"receipts came for {_WORDS[found]}")
                continue
            self._findings.recommend("receipts", found)
            self._findings.failed(
                "segments",
                f"receipts came for {_WORDS[found]}, the profile expects them for "
                f'{_WORDS[self._carrier.smpp.receipts]}: receipts = "{found}"',
                "receipts",
            )

    def _states(self) -> None:
        last = [each.receipts[-1] for each in self._accepted if each.receipts]
        counts = Counter(ReceiptState(receipt.state).name.lower() for receipt in last)
        seen = ", ".join(f"{count} {name}" for name, count in counts.most_common())
        errs = sorted({receipt.err for receipt in last if receipt.err})
        told = f"{seen}" + (f" (err {', '.join(errs)})" if errs else "")
        self._findings.note("states", told)
        self._habit("states", seen)
        strange = {
            unknown_state(receipt.delivery, self._traffic.vocabulary) for receipt in self._receipts
        } - {None}
        for word in sorted(filter(None, strange)):
            self._findings.failed(
                "states",
                f"the SMSC's state {word} is not known, so it is taken as not final: say what it means",
                f"receipt_states.{word}",
            )
        again = sum(max(0, len(each.receipts) - 1) for each in self._accepted)
        if again:
            self._findings.note(
                "states", f"{again} receipts more than one a segment: intermediate ones, or repeated"
            )

    def _times(self) -> None:
        took_s = sorted(each.receipts[0].at - each.at for each in self._accepted if each.receipts)
        self._habit("receipt_s", round(statistics.median(took_s), 2))
        early = sum(each.receipts[0].at < each.answered_at for each in self._accepted if each.receipts)
        more = f"; {early} before the response" if early else ""
        self._findings.note(
            "receipt times", f"median {statistics.median(took_s):.2f} s, slowest {took_s[-1]:.2f} s{more}"
        )
        elsewhere = sum(each.link is not receipt.link for each in self._accepted for receipt in each.receipts)
        if elsewhere:
            self._findings.note(
                "receipt links", f"{elsewhere} came on another bind than their message went out on"
            )

    def _alphabet(self) -> None:
        """From what the receipts of the short message show of its first characters."""
        shown = {
            _shown(receipt) for each in self._accepted if each.label == "short" for receipt in each.receipts
        }
        own = self._carrier.smpp.default_alphabet
        if any(text.startswith(_LATIN_READ_AS_GSM) for text in shown):
            self._findings.recommend("default_alphabet", "gsm0338")
            self._findings.failed(
                "alphabet",
                'the SMSC takes data_coding 0 for GSM 03.38: default_alphabet = "gsm0338"',
                "default_alphabet",
            )
        elif own == "gsm0338" and any(text.startswith(MARKS.encode()) for text in shown):
            self._findings.ok("alphabet", "the SMSC takes data_coding 0 for GSM 03.38, as the profile says")
        else:
            self._findings.note(
                "alphabet",
                f"not to be seen from here: the telephone must show {MARKS} at the start of the short message, "
                "or default_alphabet is wrong",
                "default_alphabet",
            )

    def _none(self, waited_s: float) -> None:
        if self._carrier.smpp.receipts == "none":
            self._findings.ok("receipts", "none came, as the profile says")
            return
        unmet = [receipt for receipt in self._traffic.unclaimed if receipt.at >= self._accepted[0].at]
        if unmet:
            forms = f"{ids.form(self._accepted[0].raw_id)} and {ids.form(unmet[0].raw_id)}"
            self._findings.failed(
                "ids",
                f"{len(unmet)} receipts for the number came, under ids that fit no response in any way ({forms}): "
                "ask the carrier which id its receipts carry",
                "receipt_id",
            )
            return
        self._findings.failed(
            "receipts",
            f"none within {waited_s:g} s: is the telephone on? Give --wait more; if a worker runs, it may have got "
            'them; if the account gets none at all, receipts = "none"',
            "receipts",
        )

    def _others(self) -> None:
        others = self._traffic.others + Counter({"receipts": len(self._traffic.unclaimed)})
        told = ", ".join(f"{count} {what}" for what, count in others.items() if count)
        if told:
            self._findings.note(
                "not ours", f"{told} left unacknowledged: the SMSC will deliver them again, to a worker"
            )

    def _habit(self, name: str, value: str | int | float) -> None:
        self._findings.habits[name] = value


_WORDS: dict[ReceiptSegments, str] = {
    "all": "all segments",
    "last": "the last segment",
    "first": "the first segment",
    "none": "none",
}


def _which(got: Sequence[bool]) -> ReceiptSegments | None:
    """The setting that says which segments had receipts; None: no rule that we know."""
    if all(got):
        return "all"
    if not any(got[:-1]) and got[-1]:
        return "last"
    return "first" if got[0] and not any(got[1:]) else None


def _style(receipt: Receipt) -> str:
    delivery = receipt.delivery
    in_tlvs = bool(receipted_id(delivery)), MESSAGE_STATE in delivery.tlvs
    text = delivery.text.replace(b"\0", b"").lower()
    in_text = b"id:" in text, b"stat" in text
    if all(in_tlvs):
        return "text and TLVs" if all(in_text) else "TLVs"
    return "the text" if not any(in_tlvs) else "a TLV and the text"


def _shown(receipt: Receipt) -> bytes:
    """What stands behind `text:`."""
    text = receipt.delivery.text
    place = text.lower().find(b"text:")
    return text[place + 5 :] if place >= 0 else b""


def _each(values: Iterable[str]) -> str:
    """The distinct ones, the commonest first."""
    return ", ".join(value for value, _ in Counter(values).most_common())
