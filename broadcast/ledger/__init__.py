"""What is known: group writes, whom receipts are for, tallies."""
