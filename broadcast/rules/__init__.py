"""When and how often people may be told: quiet hours, caps, distances, what a hotline can take. Pure, but for what a
campaign keeps of it."""
