-- Segments that a slot's worker had left to send at its carrier when nothing more was to be had, 0 once they are sent; NULL
-- while more is to be had. The TPS is shared so that all end at the same time.
ALTER TABLE bind_slot DROP COLUMN idle, ADD COLUMN remaining integer;
