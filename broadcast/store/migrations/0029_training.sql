-- A database is live, or there to train: nothing sends where its configuration says otherwise (broadcast/config/site.py).
ALTER TABLE identity ADD COLUMN purpose text NOT NULL DEFAULT 'live' CHECK (purpose IN ('live', 'training'));

-- As the rule `training` says, which two admins set; not while something is sent, for a worker looks when it starts.
CREATE FUNCTION desk_purpose() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM worker WHERE ended_at IS NULL AND expires_at > clock_timestamp())
       OR EXISTS (SELECT FROM campaign WHERE launched_at IS NOT NULL AND finished_at IS NULL) THEN
        PERFORM desk_refuse('BC003', 'workers live or an alert is not over, and what this database is for cannot change '
                                     'meanwhile: stop them, and confirm this then');
    END IF;
    UPDATE identity SET purpose = CASE WHEN NEW.value = '0' THEN 'live' ELSE 'training' END;
    RETURN NULL;
END $$;
CREATE TRIGGER desk_purpose AFTER INSERT OR UPDATE ON desk_rule FOR EACH ROW
    WHEN (NEW.key = 'training') EXECUTE FUNCTION desk_purpose();

-- Of a new database, by who migrates: it is there to train. False: it is that already, or in use.
CREATE FUNCTION access_begin_training() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM identity WHERE purpose = 'training') OR EXISTS (SELECT FROM campaign)
       OR EXISTS (SELECT FROM subscriber_import) THEN
        RETURN false;
    END IF;
    INSERT INTO desk_rule (key, value) VALUES ('training', '1') ON CONFLICT (key) DO UPDATE SET value = excluded.value;
    PERFORM desk_note(NULL, 'rule begun', 'training', '{"value": 1}');
    RETURN true;
END $$;
