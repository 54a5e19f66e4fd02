-- name: link_testing_claim
-- One worker that tries links at a time, for its session.
SELECT pg_try_advisory_lock(:link_testing_lock);

-- name: bound_slots
-- Slots of carrier $1 that are bound now.
SELECT slot_no FROM bind_slot JOIN worker USING (worker_no)
 WHERE carrier_no = $1 AND bound AND ended_at IS NULL AND expires_at > clock_timestamp();

-- name: note_link_tests
-- One round at carrier $1: bind_no ($2), address ($3), state ($4), what was said ($5), seconds ($6), side by side.
INSERT INTO link_test (carrier_no, bind_no, address, at, state, said, seconds)
SELECT $1, bind_no, address, clock_timestamp(), state, said, seconds
  FROM unnest($2::smallint[], $3::text[], $4::text[], $5::text[], $6::real[])
       AS tried (bind_no, address, state, said, seconds);

-- name: forget_link_tests
-- Those of carrier $1 that are older than $2 seconds.
DELETE FROM link_test WHERE carrier_no = $1 AND at < clock_timestamp() - make_interval(secs => $2);

-- name: last_link_tests
-- The last one of each address within $1 seconds, by carrier.
SELECT DISTINCT ON (carrier.name, bind_no, address)
       carrier.name AS carrier, bind_no, address, at, state, said, seconds
  FROM carrier JOIN link_test USING (carrier_no)
 WHERE at > clock_timestamp() - make_interval(secs => $1)
 ORDER BY carrier.name, bind_no, address, at DESC;

-- name: link_test_changes
-- Of carrier $1 within $2 seconds: the tests in which an address was not as in the one before, the newest first.
SELECT at, bind_no, address, state, said
  FROM (SELECT link_test.*, lag(state) OVER (PARTITION BY bind_no, address ORDER BY at) AS before
          FROM link_test JOIN carrier USING (carrier_no)
         WHERE carrier.name = $1 AND at > clock_timestamp() - make_interval(secs => $2)) AS tested
 WHERE state IS DISTINCT FROM before
 ORDER BY at DESC, bind_no, address;
