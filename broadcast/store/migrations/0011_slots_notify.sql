-- Who changes a slot, comes or ends wakes the other workers, once it is committed: what moves from one to another takes
-- steps of both.
CREATE FUNCTION notify_slots() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('broadcast_slots', '');
    RETURN NULL;
END $$;

-- The worker's first: the heartbeats of living workers lock the two tables in that order.
CREATE TRIGGER notify_slots AFTER INSERT OR UPDATE OF ended_at ON worker
    FOR EACH ROW EXECUTE FUNCTION notify_slots();
CREATE TRIGGER notify_slots AFTER UPDATE ON bind_slot
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION notify_slots();
