"""Who hears it: MSISDNs, routing to carriers, import, snapshot into slices."""
