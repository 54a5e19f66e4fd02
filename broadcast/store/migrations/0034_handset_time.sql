-- How soon, and of how many, a carrier's receipts said that a message was there: a row a campaign and carrier, of the newest
-- campaigns, so that a forecast knows when an alert will have arrived (forecast/delays.py).
CREATE TABLE handset_time (
    campaign_id integer NOT NULL,
    carrier_no  smallint NOT NULL REFERENCES carrier,
    launched_at timestamptz NOT NULL,
    final       boolean NOT NULL,                    -- no receipt is waited for any more
    known       bigint NOT NULL,                     -- recipients whose end is known
    within      jsonb NOT NULL,                      -- seconds, the lower edge of a span -> recipients who had it then
    PRIMARY KEY (campaign_id, carrier_no)
);
