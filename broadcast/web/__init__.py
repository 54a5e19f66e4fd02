"""The board: one page for the control room, live, behind a login; with the same actions as the commands."""
