"""What an alert will take before it is launched: segments, time, money; and afterwards, whether it did."""
