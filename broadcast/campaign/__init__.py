"""What is said: text, segments, lifecycle, approval."""
