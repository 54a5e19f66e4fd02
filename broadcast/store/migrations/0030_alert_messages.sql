-- CAP messages as they came: each once, by what makes it that message everywhere (CAP 1.2 §3.2.1), and what became of it.
CREATE TABLE alert_message (
    message_no   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sender       text NOT NULL,
    identifier   text NOT NULL,
    sent         timestamptz NOT NULL,
    status       text NOT NULL CHECK (status IN ('Actual', 'Exercise', 'Test')),
    message_type text NOT NULL CHECK (message_type IN ('Alert', 'Update', 'Cancel', 'Ack', 'Error')),
    about        integer[] NOT NULL DEFAULT '{}',   -- message_no of those that it references
    campaign_id  integer UNIQUE REFERENCES campaign,-- that it became; null: none
    ends         integer[] NOT NULL DEFAULT '{}',   -- campaigns: of an Update those that its launch ends, of a Cancel those it ended
    octets       bytea NOT NULL,                    -- as received
    signature    text NOT NULL CHECK (signature IN ('unsigned', 'verified', 'unverified')),
    signer       text NOT NULL,
    reason       text NOT NULL,                     -- why it is unverified
    received_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    received_by  text NOT NULL,
    UNIQUE (sender, identifier, sent),
    CHECK (campaign_id IS NULL OR message_type IN ('Alert', 'Update'))  -- a Cancel never becomes an alert
);

CREATE FUNCTION desk_insert_message(given alert_message, octets bytea) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    made integer;
BEGIN
    PERFORM desk_check_home();
    INSERT INTO alert_message (sender, identifier, sent, status, message_type, about, campaign_id, ends, octets, signature,
                               signer, reason, received_by)
    VALUES (given.sender, given.identifier, given.sent, given.status, given.message_type, coalesce(given.about, '{}'),
            given.campaign_id, coalesce(given.ends, '{}'), desk_insert_message.octets, given.signature, given.signer,
            given.reason, session_user)
    RETURNING message_no INTO made;
    PERFORM desk_note(NULL, 'message kept', 'message ' || made,
                      jsonb_build_object('type', given.message_type, 'octets', desk_hex(sha256(octets)),
                                         'signature', given.signature, 'campaign', given.campaign_id,
                                         'ends', coalesce(given.ends, '{}')));
    RETURN made;
END $$;

-- fields: of the row, but octets, number, time and who. An Alert or Update becomes a draft of whoever imports it, and only
-- that can say what its launch ends. Gives its number.
CREATE FUNCTION desk_keep_message(fields jsonb, octets bytea) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    given alert_message := jsonb_populate_record(NULL::alert_message, fields);
BEGIN
    PERFORM desk_must('author');
    IF given.message_type = 'Cancel' THEN
        PERFORM desk_refuse('BC003', 'a Cancel is an operator''s');
    END IF;
    PERFORM FROM campaign AS c WHERE c.campaign_id = given.campaign_id FOR NO KEY UPDATE;
    IF (given.campaign_id IS NULL) <> (given.message_type IN ('Ack', 'Error'))
       OR given.campaign_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM campaign AS c
             WHERE c.campaign_id = given.campaign_id AND c.state = 'draft' AND c.drafted_by = session_user
               AND NOT EXISTS (SELECT FROM approval AS a WHERE a.campaign_id = c.campaign_id AND a.void_at IS NULL)) THEN
        PERFORM desk_refuse('BC003', 'an Alert or Update becomes a draft of who imports it');
    END IF;
    UPDATE campaign SET nonce = gen_random_uuid() WHERE campaign_id = given.campaign_id; -- who saw it saw not what it ends
    RETURN desk_insert_message(given, octets);
END $$;

-- A Cancel, once what it is about has ended.
CREATE FUNCTION desk_keep_cancel(fields jsonb, octets bytea) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    given alert_message := jsonb_populate_record(NULL::alert_message, fields);
BEGIN
    PERFORM desk_must('operator');
    IF given.message_type <> 'Cancel' OR given.campaign_id IS NOT NULL THEN
        PERFORM desk_refuse('BC003', 'this is no Cancel');
    END IF;
    IF EXISTS (SELECT FROM campaign AS c
                WHERE c.campaign_id = ANY (given.ends) AND c.state NOT IN ('cancelled', 'finished')) THEN
        PERFORM desk_refuse('BC003', 'a Cancel is kept once what it is about has ended');
    END IF;
    RETURN desk_insert_message(given, octets);
END $$;

-- What an Update's launch ends, ends with it: in its transaction, so there is never the one without the other. What it
-- supersedes and was not launched yet is never to be, either.
CREATE FUNCTION desk_supersede() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old campaign;
BEGIN
    FOR old IN
        SELECT c.* FROM alert_message AS m JOIN campaign AS c ON c.campaign_id = ANY (m.ends)
         WHERE m.campaign_id = NEW.campaign_id AND m.message_type = 'Update'
           AND c.state IN ('draft', 'approved', 'running', 'paused')
         ORDER BY c.campaign_id
           FOR NO KEY UPDATE OF c
    LOOP
        PERFORM desk_move(old, 'cancelled');
        PERFORM desk_note(old.campaign_id, 'cancelled', desk_subject(old.campaign_id),
                          jsonb_build_object('from', old.state, 'superseded_by', NEW.campaign_id));
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER desk_supersede AFTER UPDATE OF state ON campaign FOR EACH ROW
    WHEN (OLD.state = 'approved' AND NEW.state = 'running') EXECUTE FUNCTION desk_supersede();
