"""What a person may do, once: each action checks, runs, leaves its event and returns a value; see session.py."""
