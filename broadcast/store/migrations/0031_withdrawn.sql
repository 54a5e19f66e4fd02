-- What SMSCs were asked to take back of cancelled campaigns (cancel_sm), packed: a row a slice. It changes nobody's state:
-- that follows the receipts.
CREATE TABLE withdrawn (
    slice_id      integer PRIMARY KEY,
    campaign_id   integer NOT NULL,
    carrier_no    smallint NOT NULL,
    seen_at       timestamptz NOT NULL,          -- of the slice's rows that it goes by
    through       boolean NOT NULL,              -- of these rows everything was asked for
    withdrawn     integer NOT NULL,              -- people of whom nothing is left there, nor arrived
    not_withdrawn integer NOT NULL,              -- the others of whom something was asked for
    packed        bytea NOT NULL
) WITH (toast_tuple_target = 8160);
ALTER TABLE withdrawn ALTER COLUMN packed SET STORAGE EXTERNAL;
CREATE INDEX withdrawn_of_campaign ON withdrawn (campaign_id, carrier_no);

-- The sums of a campaign at a carrier, which stay when it is archived.
CREATE TABLE withdrawal (
    campaign_id   integer NOT NULL REFERENCES campaign,
    carrier_no    smallint NOT NULL REFERENCES carrier,
    withdrawn     bigint NOT NULL DEFAULT 0,
    not_withdrawn bigint NOT NULL DEFAULT 0,
    gave_up       text CHECK (gave_up IN ('unknown', 'silent')), -- the SMSC knows no cancel_sm; it never answered one
    PRIMARY KEY (campaign_id, carrier_no)
);

-- Whoever hears an alert after its correction was launched would not hear the correction. So, at home, a correction begins
-- only while what it corrects is sent to nobody, and that is not resumed once it has begun; each waits for the other.
CREATE FUNCTION check_correction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM identity WHERE ledger IS NOT NULL) THEN
        RETURN NEW; -- a copy obeys home
    END IF;
    IF OLD.launched_at IS NULL AND NEW.corrects IS NOT NULL THEN
        PERFORM FROM campaign WHERE campaign_id = NEW.corrects AND state <> 'running' FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'BC003', MESSAGE = 'what it corrects is still being sent';
        END IF;
    ELSIF OLD.state = 'paused' AND EXISTS (SELECT FROM campaign
                                            WHERE corrects = NEW.campaign_id AND launched_at IS NOT NULL
                                              AND state <> 'cancelled') THEN
        RAISE EXCEPTION USING ERRCODE = 'BC003', MESSAGE = 'its correction was launched: it cannot be resumed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_correction BEFORE UPDATE OF state ON campaign
    FOR EACH ROW WHEN (NEW.state = 'running' AND OLD.state IS DISTINCT FROM 'running') EXECUTE FUNCTION check_correction();
