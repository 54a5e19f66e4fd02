"""Campaigns in Parquet files: written, proved, read."""
