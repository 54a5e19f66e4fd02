"""What alerts to a nation take: hours, workers, cores, databases, disk, memory, network; from measured costs. Pure."""
