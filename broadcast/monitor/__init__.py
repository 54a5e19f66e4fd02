"""What the people who watch see: metrics, health, logs."""
