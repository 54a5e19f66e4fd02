-- Whether each address of each bind was open when it was tried, the standby ones too: for who launches, and for later.
CREATE TABLE link_test (
    carrier_no smallint NOT NULL REFERENCES carrier,
    bind_no    smallint NOT NULL,             -- its place in the configuration, from 0
    address    text NOT NULL,                 -- host and port, as written there
    at         timestamptz NOT NULL,
    state      text NOT NULL CHECK (state IN ('bound', 'open', 'answers', 'shut')), -- bound: workers' links are, to it
    said       text NOT NULL DEFAULT '',      -- why it is shut, or what it answers
    seconds    real,                          -- that it took; null: it was not tried, for it is bound
    PRIMARY KEY (carrier_no, at, bind_no, address)
);
