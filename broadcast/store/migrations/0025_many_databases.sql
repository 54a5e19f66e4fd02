-- Home may have its ledgers in databases of their own (broadcast/config/ledgers.py). All have this schema; which tables a
-- database uses follows from what it is. One database alone is home and ledger.

-- Which it is. ledger: its name; null: home, or nothing yet. home_id: of its home.
CREATE TABLE identity (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    home_id uuid NOT NULL DEFAULT gen_random_uuid(),
    ledger  text
);
INSERT INTO identity DEFAULT VALUES;

-- At home: its ledgers, and what each has of the carriers: name -> null for the whole of one, else its share.
CREATE TABLE ledger (
    name     text PRIMARY KEY,
    here     boolean NOT NULL,                  -- it is home itself
    carriers jsonb NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now()
);

-- At home: the ledgers that have recipients of a launched campaign. No row: home alone has them.
CREATE TABLE campaign_part (
    campaign_id integer NOT NULL REFERENCES campaign,
    ledger      text NOT NULL REFERENCES ledger,
    audience    bigint NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (campaign_id, ledger)
);
CREATE INDEX campaign_part_open ON campaign_part (ledger) WHERE finished_at IS NULL;

-- How many orders there were: a ledger's copy obeys what has a higher number than it.
ALTER TABLE campaign ADD COLUMN control_no integer NOT NULL DEFAULT 0;
UPDATE campaign SET control_no = 1 WHERE launched_at IS NOT NULL;

-- In a ledger: what was ordered here while home was away, until home has taken it over.
CREATE TABLE ledger_order (
    order_no    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id integer NOT NULL REFERENCES campaign,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor       text NOT NULL,
    state       text NOT NULL CHECK (state IN ('paused', 'cancelled')),
    taken_at    timestamptz
);
CREATE INDEX ledger_order_new ON ledger_order (order_no) WHERE taken_at IS NULL;

-- At home: what replies brought about, so that it is brought about once. ledger: '' of home itself.
CREATE TABLE reply_effect (
    ledger      text NOT NULL,
    reply_no    bigint NOT NULL,
    effect      text NOT NULL,
    received_at timestamptz NOT NULL,           -- the reply: a ledger that was set back gives its number to another one
    PRIMARY KEY (ledger, reply_no)
);
