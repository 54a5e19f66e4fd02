-- How many subscribers a carrier has of each profile, opted out or not: kept by whoever writes subscribers, in the same
-- transaction, so that who would hear an alert is told at once and is, to the person, whom a launch then finds. Rows are
-- what changed, and add up; nobody waits for another to write one. Not where the list is spread over nodes: triggers
-- are not to be had there, and every node counts its part.
CREATE TABLE subscriber_count (
    carrier_no smallint NOT NULL,
    profile_no integer NOT NULL,
    opted_out  boolean NOT NULL,
    people     bigint NOT NULL
);

CREATE FUNCTION count_subscribers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO subscriber_count
        SELECT carrier_no, profile_no, opted_out_at IS NOT NULL, count(*) FROM new_rows GROUP BY 1, 2, 3;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO subscriber_count
        SELECT carrier_no, profile_no, opted_out_at IS NOT NULL, -count(*) FROM old_rows GROUP BY 1, 2, 3;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO subscriber_count
        SELECT carrier_no, profile_no, opted_out, sum(people)
          FROM (SELECT carrier_no, profile_no, opted_out_at IS NOT NULL AS opted_out, 1 AS people FROM new_rows
                UNION ALL
                SELECT carrier_no, profile_no, opted_out_at IS NOT NULL, -1 FROM old_rows) AS changed
         GROUP BY 1, 2, 3 HAVING sum(people) <> 0;
    ELSE
        DELETE FROM subscriber_count;
    END IF;
    RETURN NULL;
END $$;

-- Rows that add up to one become one.
CREATE FUNCTION count_subscribers_densely() RETURNS void LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM subscriber_count RETURNING *)
    INSERT INTO subscriber_count
    SELECT carrier_no, profile_no, opted_out, sum(people) FROM gone GROUP BY 1, 2, 3 HAVING sum(people) <> 0
$$;

CREATE OR REPLACE FUNCTION desk_analyze_subscribers() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM count_subscribers_densely();
    ANALYZE subscriber, subscriber_count;
END $$;

DO $$
BEGIN
    IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
        IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'subscriber'::regclass) THEN
            RETURN;
        END IF;
    END IF;
    LOCK TABLE subscriber IN SHARE ROW EXCLUSIVE MODE;
    CREATE TRIGGER counted_inserted AFTER INSERT ON subscriber REFERENCING NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION count_subscribers();
    CREATE TRIGGER counted_updated AFTER UPDATE ON subscriber REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION count_subscribers();
    CREATE TRIGGER counted_deleted AFTER DELETE ON subscriber REFERENCING OLD TABLE AS old_rows
        FOR EACH STATEMENT EXECUTE FUNCTION count_subscribers();
    CREATE TRIGGER counted_emptied AFTER TRUNCATE ON subscriber FOR EACH STATEMENT EXECUTE FUNCTION count_subscribers();
    INSERT INTO subscriber_count
    SELECT carrier_no, profile_no, opted_out_at IS NOT NULL, count(*) FROM subscriber GROUP BY 1, 2, 3;
END $$;
