-- The whole of the first schema. Words as in the README; states of a recipient as numbers, in the
-- order in which they may only advance (broadcast/ledger/states.py has the same table):
--   1 waiting  2 in_doubt  3 accepted  4 unknown  5 expired  6 rejected  7 undeliverable  8 delivered  9 excluded

-- ---------------------------------------------------------------- carriers, workers, leases

CREATE TABLE carrier (
    carrier_no smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    tps        integer CHECK (tps > 0)          -- segments per second; null: known by its prefixes, not connected
);

-- A worker lives while expires_at lies ahead; once past, it never lives again (ended_at is set by who reaps it).
CREATE TABLE worker (
    worker_no  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host       text NOT NULL,
    pid        integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    last_batch bigint NOT NULL DEFAULT 0        -- the newest committed group: makes groups idempotent
);
CREATE INDEX worker_living ON worker (expires_at) WHERE ended_at IS NULL;

-- One row per bind that a carrier allows. The unexpired grants of a carrier never exceed its TPS (law 4).
CREATE TABLE bind_slot (
    carrier_no  smallint NOT NULL REFERENCES carrier,
    slot_no     smallint NOT NULL,
    worker_no   integer REFERENCES worker,
    granted_tps integer NOT NULL DEFAULT 0 CHECK (granted_tps >= 0),
    bound       boolean NOT NULL DEFAULT false,
    PRIMARY KEY (carrier_no, slot_no)
);

-- ---------------------------------------------------------------- who hears it

-- hash_bucket is msisdn % 64: the distribution column if the table is ever spread over machines.
CREATE TABLE subscriber (
    msisdn       bigint NOT NULL,
    hash_bucket  smallint NOT NULL,
    carrier_no   smallint NOT NULL,             -- by port if ported, else by prefix
    ported       boolean NOT NULL DEFAULT false,
    import_no    integer NOT NULL,
    opted_out_at timestamptz,
    PRIMARY KEY (hash_bucket, msisdn)
);

CREATE TABLE subscriber_import (
    import_no   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    lines       bigint,
    imported    bigint,                         -- new subscribers
    updated     bigint,                         -- known before: carrier or opt-out refreshed
    duplicate   bigint,                         -- the same number again within the file
    refused     jsonb                           -- reason -> lines
);

-- Rows of the import that is running; emptied when it ends. One import at a time (advisory lock).
CREATE UNLOGGED TABLE import_staging (
    line_no    bigint NOT NULL,
    msisdn     bigint NOT NULL,
    carrier_no smallint NOT NULL,
    ported     boolean NOT NULL,
    opted_out  boolean NOT NULL
);

-- ---------------------------------------------------------------- what is said

CREATE TABLE campaign (
    campaign_id     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL UNIQUE,
    category        text NOT NULL CHECK (category IN ('emergency', 'health', 'routine')),
    priority        smallint NOT NULL,          -- higher goes first
    sender          text NOT NULL,
    text            text NOT NULL,
    alphabet        text NOT NULL CHECK (alphabet IN ('gsm0338', 'ucs2')),
    carriers        text[] NOT NULL,            -- names; the audience is their subscribers
    in_doubt_policy text NOT NULL CHECK (in_doubt_policy IN ('resend', 'hold')),
    grace_s         integer NOT NULL CHECK (grace_s >= 0),
    expires_at      timestamptz NOT NULL,
    state           text NOT NULL DEFAULT 'draft'
                    CHECK (state IN ('draft', 'approved', 'running', 'paused', 'cancelled', 'finished')),
    drafted_by      text NOT NULL,
    drafted_at      timestamptz NOT NULL DEFAULT now(),
    approved_by     text CHECK (approved_by <> drafted_by),
    approved_at     timestamptz,
    approved_hash   bytea,                      -- law 6: what was approved, see campaign/approval.py
    launched_by     text,
    launched_at     timestamptz,
    finished_at     timestamptz,
    audience        bigint,                     -- fixed at launch
    segments        smallint                    -- of one message, fixed at launch
);

CREATE TABLE campaign_event (
    event_no    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id integer NOT NULL REFERENCES campaign,
    at          timestamptz NOT NULL DEFAULT now(),
    actor       text NOT NULL,
    event       text NOT NULL,
    details     jsonb NOT NULL DEFAULT '{}'
);

-- The audience as it was at launch. ordinal = index into msisdns, from 0.
-- Below `mark` a recipient was intended (law 2); `answered` and `retry` are bitmaps over ordinals
-- (bit i of byte i/8, least significant first): answered = its outcome is in the ledger; retry = waits again.
--   waiting  = total - mark + retry bits;  in doubt = mark - answered bits - retry bits
CREATE TABLE slice (
    slice_id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id integer NOT NULL REFERENCES campaign,
    carrier_no  smallint NOT NULL REFERENCES carrier,
    total       integer NOT NULL CHECK (total > 0),
    mark        integer NOT NULL DEFAULT 0,
    state       text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'leased', 'done', 'expired', 'cancelled')),
    worker_no   integer REFERENCES worker,
    token       bigint NOT NULL DEFAULT 0,      -- fencing: grows with every lease
    segments    smallint NOT NULL DEFAULT 0,    -- of one message at this carrier; known at the first lease
    resends     boolean NOT NULL DEFAULT false, -- made of recipients in doubt that are sent a second time
    answered    bytea NOT NULL DEFAULT '',
    retry       bytea NOT NULL DEFAULT '',
    msisdns     bigint[] NOT NULL
) WITH (fillfactor = 70);
ALTER TABLE slice ALTER COLUMN msisdns SET STORAGE EXTERNAL;
CREATE INDEX slice_ready ON slice (carrier_no, campaign_id, slice_id) WHERE state = 'ready';
CREATE INDEX slice_leased ON slice (worker_no) WHERE state = 'leased';
CREATE INDEX slice_of_campaign ON slice (campaign_id, carrier_no);

CREATE TABLE exclusion (
    campaign_id integer NOT NULL REFERENCES campaign,
    carrier_no  smallint NOT NULL REFERENCES carrier,
    reason      text NOT NULL,                  -- opted_out, not_connected
    msisdns     bigint[] NOT NULL
);
CREATE INDEX exclusion_of_campaign ON exclusion (campaign_id);

-- ---------------------------------------------------------------- the ledger

-- Running totals; the sum over shards is the truth. shard: the worker_no that wrote it, 0 for everyone else.
CREATE TABLE tally (
    campaign_id   integer NOT NULL REFERENCES campaign,
    carrier_no    smallint NOT NULL REFERENCES carrier,
    shard         integer NOT NULL,
    waiting       bigint NOT NULL DEFAULT 0,
    in_doubt      bigint NOT NULL DEFAULT 0,
    accepted      bigint NOT NULL DEFAULT 0,
    unknown       bigint NOT NULL DEFAULT 0,
    expired       bigint NOT NULL DEFAULT 0,
    rejected      bigint NOT NULL DEFAULT 0,
    undeliverable bigint NOT NULL DEFAULT 0,
    delivered     bigint NOT NULL DEFAULT 0,
    excluded      bigint NOT NULL DEFAULT 0,
    segments      bigint NOT NULL DEFAULT 0,    -- accepted by the SMSC, all copies
    PRIMARY KEY (campaign_id, carrier_no, shard)
) WITH (fillfactor = 50);

-- Receipts per carrier, likewise in shards: received = intermediate + matched + duplicate
--   + rows of unmatched_receipt + final rows in buckets that are not settled yet.
CREATE TABLE carrier_tally (
    carrier_no   smallint NOT NULL REFERENCES carrier,
    shard        integer NOT NULL,
    received     bigint NOT NULL DEFAULT 0,     -- acked to the SMSC
    intermediate bigint NOT NULL DEFAULT 0,
    matched      bigint NOT NULL DEFAULT 0,
    duplicate    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (carrier_no, shard)
) WITH (fillfactor = 50);

-- The journal: a ring of buckets, one open for writing (broadcast/ledger/settle.py says how it turns).
CREATE TABLE ledger_ring (
    sole       boolean PRIMARY KEY DEFAULT true CHECK (sole),
    bucket     smallint NOT NULL,               -- being written
    opened_at  timestamptz NOT NULL,
    oldest     smallint NOT NULL                -- next to settle; equal to bucket: nothing closed
);
INSERT INTO ledger_ring (bucket, opened_at, oldest) VALUES (0, now(), 0);

-- A row per segment that an SMSC accepted; all segments of a message in one commit.
CREATE TABLE submission (
    bucket       smallint NOT NULL,
    segment      smallint NOT NULL,             -- from 1
    segments     smallint NOT NULL,             -- of the message; 0: its recipient was rejected over another segment
    ordinal      smallint NOT NULL,
    slice_id     integer NOT NULL,
    campaign_id  integer NOT NULL,
    submitted_at timestamptz NOT NULL,
    carrier_no   smallint NOT NULL,
    carried      smallint NOT NULL DEFAULT 0,   -- buckets that it went through without a receipt
    smsc_id      text COLLATE "C" NOT NULL
) PARTITION BY LIST (bucket);

-- A row per receipt. state 0: intermediate (ENROUTE and the like), never final.
CREATE TABLE receipt (
    bucket      smallint NOT NULL,
    state       smallint NOT NULL,
    carrier_no  smallint NOT NULL,
    msisdn      bigint,
    received_at timestamptz NOT NULL,
    err         text COLLATE "C" NOT NULL,
    smsc_id     text COLLATE "C" NOT NULL
) PARTITION BY LIST (bucket);

DO $$
BEGIN
    FOR bucket IN 0..11 LOOP
        EXECUTE format('CREATE TABLE submission_%s PARTITION OF submission FOR VALUES IN (%s)
                        WITH (autovacuum_enabled = false)', bucket, bucket);
        EXECUTE format('CREATE TABLE receipt_%s PARTITION OF receipt FOR VALUES IN (%s)
                        WITH (autovacuum_enabled = false)', bucket, bucket);
        -- a COPY into a partition leaves the bucket out: rows are made before their bucket is known
        EXECUTE format('ALTER TABLE submission_%s ALTER bucket SET DEFAULT %s', bucket, bucket);
        EXECUTE format('ALTER TABLE receipt_%s ALTER bucket SET DEFAULT %s', bucket, bucket);
    END LOOP;
END $$;

-- Segments of accepted messages that still want a final receipt. closed: the campaign no longer waits
-- (its recipient counts as unknown, until a late receipt after all).
CREATE TABLE open_submission (
    submitted_at timestamptz NOT NULL,
    slice_id     integer NOT NULL,
    campaign_id  integer NOT NULL,
    ordinal      smallint NOT NULL,
    segment      smallint NOT NULL,
    segments     smallint NOT NULL,
    carrier_no   smallint NOT NULL,
    state        smallint,                      -- of this segment, once known
    closed       boolean NOT NULL DEFAULT false,
    received_at  timestamptz,
    err          text COLLATE "C",
    smsc_id      text COLLATE "C" NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX open_submission_by_id ON open_submission (smsc_id, carrier_no);
CREATE INDEX open_submission_by_recipient ON open_submission (slice_id, ordinal) WHERE segments > 1;

-- Final receipts whose submission is not known (yet): tried again with every bucket.
CREATE TABLE unmatched_receipt (
    received_at timestamptz NOT NULL,
    msisdn      bigint,
    carrier_no  smallint NOT NULL,
    state       smallint NOT NULL,
    err         text COLLATE "C" NOT NULL,
    smsc_id     text COLLATE "C" NOT NULL
);
CREATE INDEX unmatched_receipt_by_id ON unmatched_receipt (smsc_id, carrier_no);

-- One final row per recipient. smsc_ids: its segments' ids, parted by a blank, in order.
CREATE TABLE outcome (
    submitted_at timestamptz,                   -- of the last segment; null: never accepted
    settled_at   timestamptz NOT NULL,          -- of the last receipt, or of the answer that ended it
    campaign_id  integer NOT NULL,
    slice_id     integer NOT NULL,
    ordinal      smallint NOT NULL,
    carrier_no   smallint NOT NULL,
    state        smallint NOT NULL CHECK (state BETWEEN 4 AND 8),
    segments     smallint NOT NULL,
    err          text COLLATE "C" NOT NULL,     -- of the receipt, or 'status:<command_status>'
    smsc_ids     text COLLATE "C" NOT NULL
);
CREATE INDEX outcome_of_campaign ON outcome USING brin (campaign_id);

-- Recipients whose submit may have left and whose answer never came (law 2). state 2 until it ends.
CREATE TABLE in_doubt (
    campaign_id integer NOT NULL,
    carrier_no  smallint NOT NULL,
    slice_id    integer NOT NULL,
    ordinal     smallint NOT NULL,
    segments    smallint NOT NULL,
    msisdn      bigint NOT NULL,
    reason      text NOT NULL,                  -- worker_lost, link_lost, no_response, cut_short
    since       timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz,
    ended_as    text CHECK (ended_as IN ('answered', 'receipt', 'resent', 'closed')),
    PRIMARY KEY (slice_id, ordinal)
);
CREATE INDEX in_doubt_waiting ON in_doubt (carrier_no, msisdn) WHERE ended_at IS NULL;

-- deliver_sm that could not be read: kept as it came, once per content.
CREATE TABLE quarantine (
    carrier_no smallint NOT NULL,
    digest     bytea NOT NULL,
    pdu        bytea NOT NULL,
    reason     text NOT NULL,
    first_at   timestamptz NOT NULL DEFAULT now(),
    last_at    timestamptz NOT NULL DEFAULT now(),
    times      bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (carrier_no, digest)
);

-- What people send to us (MO), as it came.
CREATE TABLE inbound (
    inbound_no  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    carrier_no  smallint NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    msisdn      bigint,
    destination text NOT NULL,
    esm_class   smallint NOT NULL,
    data_coding smallint NOT NULL,
    payload     bytea NOT NULL
);

-- The settler's scratch: real tables, unlogged, emptied by each settlement.
CREATE UNLOGGED TABLE settling_receipt (
    no          bigint NOT NULL,
    received_at timestamptz NOT NULL,
    msisdn      bigint,
    carrier_no  smallint NOT NULL,
    state       smallint NOT NULL,
    err         text COLLATE "C" NOT NULL,
    smsc_id     text COLLATE "C" NOT NULL
) WITH (autovacuum_enabled = false);
CREATE UNLOGGED TABLE settling_submission (
    submitted_at timestamptz NOT NULL,
    slice_id     integer NOT NULL,
    campaign_id  integer NOT NULL,
    ordinal      smallint NOT NULL,
    segment      smallint NOT NULL,
    segments     smallint NOT NULL,
    carrier_no   smallint NOT NULL,
    carried      smallint NOT NULL,
    state        smallint,
    closed       boolean NOT NULL,
    received_at  timestamptz,
    err          text COLLATE "C",
    smsc_id      text COLLATE "C" NOT NULL
) WITH (autovacuum_enabled = false);

-- Enter a group: the caller's transaction may write the returned bucket until it ends. Null: this worker was
-- reaped, or the batch is committed already; nothing may be written.
CREATE FUNCTION ledger_enter(writer integer, batch bigint) RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE
    chosen smallint;
BEGIN
    UPDATE worker SET last_batch = batch
     WHERE worker_no = writer AND ended_at IS NULL AND last_batch = batch - 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    LOOP
        SELECT bucket INTO chosen FROM ledger_ring;
        IF pg_try_advisory_xact_lock_shared(7102, chosen::integer) THEN
            PERFORM FROM ledger_ring WHERE bucket = chosen;  -- a new snapshot: still the open one?
            EXIT WHEN FOUND;
        END IF;
    END LOOP;
    RETURN chosen;
END $$;
