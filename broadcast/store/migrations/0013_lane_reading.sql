-- What only a worker knows of a carrier (broadcast/diagnosis/reading.py): why it sends less than it may, what is refused,
-- which binds fail. Written once a second at most, and no other worker is woken by it; nothing is lost with it.
CREATE UNLOGGED TABLE lane_reading (
    worker_no  integer NOT NULL,
    carrier_no smallint NOT NULL,
    read_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    reading    jsonb NOT NULL,
    PRIMARY KEY (worker_no, carrier_no)
) WITH (fillfactor = 50);

-- Of a carrier those of late, without a look at the millions that may lie here.
CREATE INDEX unmatched_receipt_of_late ON unmatched_receipt (carrier_no, received_at);
