"""The national figures for Prometheus, served once: `broadcast exporter`."""
