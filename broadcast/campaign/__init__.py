"""What is said: text, segments, lifecycle, forecast, approval."""
