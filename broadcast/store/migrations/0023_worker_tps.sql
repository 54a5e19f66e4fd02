-- What each worker's file says of the carriers that it has: of those who live the lowest is a carrier's TPS, whoever
-- was started last (ops/decisions/022).
CREATE TABLE worker_tps (
    worker_no  integer NOT NULL REFERENCES worker ON DELETE CASCADE,
    carrier_no smallint NOT NULL REFERENCES carrier,
    tps        integer NOT NULL CHECK (tps > 0),
    PRIMARY KEY (worker_no, carrier_no)
);

-- Workers of before cannot say it any more: while one of them lives nothing goes above what held when it was asked.
INSERT INTO worker_tps (worker_no, carrier_no, tps)
SELECT worker_no, carrier_no, tps FROM worker, carrier WHERE ended_at IS NULL AND tps IS NOT NULL;
