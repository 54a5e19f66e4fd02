"""What the engine asks of a way to reach people, and what such a way tells it. No protocol: `smpp` implements this."""
