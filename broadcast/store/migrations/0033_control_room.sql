-- Seen from the control room: what is read every two seconds is found by an index, and who serves what is known.

-- ---- national figures ----

-- Campaigns under way, and that ended of late, among all that ever were; the last recount of one.
CREATE INDEX campaign_under_way ON campaign (launched_at) WHERE launched_at IS NOT NULL AND finished_at IS NULL;
CREATE INDEX campaign_ended ON campaign (finished_at) WHERE launched_at IS NOT NULL AND finished_at IS NOT NULL;
CREATE INDEX campaign_audited ON campaign_event (campaign_id, event_no) WHERE event = 'audited';

-- ---- time to handset ----

-- How soon receipts came, minute by minute, of the last ten: by the resolver's clock of receipts. Lost with a crash.
CREATE UNLOGGED TABLE handset_minute (
    carrier_no smallint NOT NULL,
    minute     timestamptz NOT NULL,
    within     jsonb NOT NULL,                    -- seconds, the lower edge of a span -> segments, as in handset_time
    PRIMARY KEY (carrier_no, minute)
) WITH (fillfactor = 50);

-- ---- who serves metrics ----

-- Where processes of this database serve their metrics; each writes its own row now and then. Lost with a crash.
CREATE UNLOGGED TABLE metrics_target (
    address    text NOT NULL,                     -- host and port
    job        text NOT NULL CHECK (job IN ('worker', 'resolver', 'exporter')),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (job, address)
) WITH (fillfactor = 50);
