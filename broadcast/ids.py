"""The numbers of things, so that one is not taken for another."""

from typing import NewType

CampaignId = NewType("CampaignId", int)
SliceId = NewType("SliceId", int)
CarrierNo = NewType("CarrierNo", int)  # of a carrier's row: not its place in a file
WorkerNo = NewType("WorkerNo", int)
