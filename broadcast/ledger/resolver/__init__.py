"""Who receipts are for: per carrier, in memory, from the packed rows of what was sent and what was received."""
