-- What an SMSC said that its carrier's profile does not know: counted, never guessed at. A bounded number of values per
-- carrier and kind, the rest under 'other'. Values are plain ASCII, never content of a message.
CREATE TABLE oddity (
    carrier_no smallint NOT NULL REFERENCES carrier,
    kind       text NOT NULL CHECK (kind IN ('status', 'receipt_state')),
    value      text COLLATE "C" NOT NULL,
    first_at   timestamptz NOT NULL DEFAULT now(),
    last_at    timestamptz NOT NULL DEFAULT now(),
    times      bigint NOT NULL,
    PRIMARY KEY (carrier_no, kind, value)
);
