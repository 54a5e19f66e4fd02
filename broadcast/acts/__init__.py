"""What was done, by whom: a chain of entries, its heads outside the database, and what must hold when both are true."""
