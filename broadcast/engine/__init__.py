"""Who says it and when: workers, leases, pacing, dispatch."""
