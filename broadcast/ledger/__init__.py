"""What is known: group writes, settlement of receipts, tallies."""
