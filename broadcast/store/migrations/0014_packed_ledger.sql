-- The ledger as packed logs (broadcast/ledger/packing says what the octets mean). A group of a worker appends what SMSCs
-- answered and which receipts came; a resolver per carrier meets the two in memory and appends what it found. No row per
-- message, no join, nothing to plan.

-- What was answered: a row per slice and group. worker_no 0: written by a resolver (recipients in doubt whom a receipt
-- ended), or moved here from the ledger before this one. sent and result are the permanent record of a campaign.
CREATE TABLE sent (
    carrier_no    smallint NOT NULL,
    worker_no     integer NOT NULL,
    batch         bigint NOT NULL,               -- worker.last_batch of the group; of worker 0: resolver.no
    slice_id      integer NOT NULL,
    first_ordinal integer NOT NULL,              -- of what is in it: to find one person
    last_ordinal  integer NOT NULL,
    packed        bytea NOT NULL,
    PRIMARY KEY (carrier_no, worker_no, batch, slice_id)
) WITH (toast_tuple_target = 8160, autovacuum_vacuum_insert_threshold = -1);
ALTER TABLE sent ALTER COLUMN packed SET STORAGE EXTERNAL;
CREATE INDEX sent_of_slice ON sent (slice_id);

-- Receipts as they came, acked by the commit that holds them: a row per carrier and group, until they are resolved.
CREATE TABLE received (
    carrier_no smallint NOT NULL,
    worker_no  integer NOT NULL,
    batch      bigint NOT NULL,
    receipts   integer NOT NULL,
    packed     bytea NOT NULL,
    PRIMARY KEY (carrier_no, worker_no, batch)
) WITH (toast_tuple_target = 8160);
ALTER TABLE received ALTER COLUMN packed SET STORAGE EXTERNAL;

-- What receipts said of segments: a row per slice and look of the resolver.
CREATE TABLE result (
    slice_id integer NOT NULL,
    no       bigint NOT NULL,                    -- resolver.no of the slice's carrier
    packed   bytea NOT NULL,
    PRIMARY KEY (slice_id, no)
) WITH (toast_tuple_target = 8160, autovacuum_vacuum_insert_threshold = -1);
ALTER TABLE result ALTER COLUMN packed SET STORAGE EXTERNAL;

-- Receipts that fit nothing, yet or for good: a row per look. taken: bitmap of those that are here no more.
CREATE TABLE parked (
    carrier_no  smallint NOT NULL,
    no          bigint NOT NULL,
    received_at timestamptz NOT NULL,            -- the newest of them
    receipts    integer NOT NULL,                -- that are left
    packed      bytea NOT NULL,
    taken       bytea NOT NULL DEFAULT '',
    PRIMARY KEY (carrier_no, no)
) WITH (toast_tuple_target = 8160);
ALTER TABLE parked ALTER COLUMN packed SET STORAGE EXTERNAL;

-- Who resolves a carrier's receipts, and how far it is. Every change of it names `no`, and so is made once.
CREATE TABLE resolver (
    carrier_no     smallint PRIMARY KEY REFERENCES carrier,
    no             bigint NOT NULL DEFAULT 0,    -- looks that found something
    holder         uuid,                         -- null: nobody
    expires_at     timestamptz NOT NULL DEFAULT '-infinity',
    resolved_until timestamptz NOT NULL DEFAULT '-infinity'  -- every receipt that was committed before is dealt with
);

-- Up to which batch of a worker's log. No row: 0.
CREATE TABLE resolver_cursor (
    carrier_no smallint NOT NULL REFERENCES carrier,
    worker_no  integer NOT NULL,
    batch      bigint NOT NULL,
    PRIMARY KEY (carrier_no, worker_no)
);

-- Receipts that did not fit, by reason, ever.
CREATE TABLE misfit (
    carrier_no smallint NOT NULL,
    reason     text NOT NULL,                    -- unknown, other_number, older, clash
    receipts   bigint NOT NULL,
    first_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (carrier_no, reason)
);

-- Since when a campaign waits for receipts no longer: who is accepted then counts as unknown.
ALTER TABLE campaign ADD COLUMN closed_at timestamptz;

-- Nothing of a recipient in doubt left before: no older receipt ends the doubt. null: before the launch's time at the best.
ALTER TABLE in_doubt ADD COLUMN sent_after timestamptz;

-- received = intermediate + matched + duplicate + dropped + what is left in parked + what is in received.
ALTER TABLE carrier_tally ADD COLUMN dropped bigint NOT NULL DEFAULT 0;  -- parked until there were too many, or too old

-- The one way into the tallies: changes of one shard, columns side by side.
CREATE FUNCTION add_to_tallies(
    of_shard integer, campaigns integer[], carriers smallint[], d_waiting bigint[], d_in_doubt bigint[], d_accepted bigint[],
    d_unknown bigint[], d_expired bigint[], d_rejected bigint[], d_undeliverable bigint[], d_delivered bigint[],
    d_excluded bigint[], d_segments bigint[]
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO tally (campaign_id, carrier_no, shard, waiting, in_doubt, accepted, unknown, expired, rejected, undeliverable,
                       delivered, excluded, segments)
    SELECT campaign_id, carrier_no, of_shard, coalesce(sum(waiting), 0), coalesce(sum(in_doubt), 0), coalesce(sum(accepted), 0),
           coalesce(sum(unknown), 0), coalesce(sum(expired), 0), coalesce(sum(rejected), 0), coalesce(sum(undeliverable), 0),
           coalesce(sum(delivered), 0), coalesce(sum(excluded), 0), coalesce(sum(segments), 0)
      FROM unnest(campaigns, carriers, d_waiting, d_in_doubt, d_accepted, d_unknown, d_expired, d_rejected, d_undeliverable,
                  d_delivered, d_excluded, d_segments)
           AS new (campaign_id, carrier_no, waiting, in_doubt, accepted, unknown, expired, rejected, undeliverable,
                   delivered, excluded, segments)
     GROUP BY campaign_id, carrier_no ORDER BY campaign_id, carrier_no -- two writers never lock the same rows crosswise
    ON CONFLICT (campaign_id, carrier_no, shard) DO UPDATE
       SET waiting = tally.waiting + excluded.waiting, in_doubt = tally.in_doubt + excluded.in_doubt,
           accepted = tally.accepted + excluded.accepted, unknown = tally.unknown + excluded.unknown,
           expired = tally.expired + excluded.expired, rejected = tally.rejected + excluded.rejected,
           undeliverable = tally.undeliverable + excluded.undeliverable, delivered = tally.delivered + excluded.delivered,
           excluded = tally.excluded + excluded.excluded, segments = tally.segments + excluded.segments
$$;
