"""Who says it and when: workers and their shifts, leases, lanes, pacing."""
