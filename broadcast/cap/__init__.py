"""Alerts as the Common Alerting Protocol has them (CAP 1.2, OASIS 2010): octets in, frozen records out, and back.

Pure: no database, no network, no clock. `read` is the way in, `write` the way out; what a file does wrong is a `Fault`
with a name (`kinds`), all of a file at once.
"""
