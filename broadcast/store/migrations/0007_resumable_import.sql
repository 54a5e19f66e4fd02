-- The import that was begun with --resumable and has not ended: how far its last commit came. At most one. Its row of
-- subscriber_import has no finished_at; its numbers are subscribers already.
CREATE TABLE unfinished_import (
    one            boolean PRIMARY KEY DEFAULT true CHECK (one),
    import_no      integer NOT NULL REFERENCES subscriber_import,
    file_octets    bigint NOT NULL,             -- which file: its size, and the SHA-256 of its first and last MiB
    file_digest    bytea NOT NULL,
    lines          bigint NOT NULL,             -- read so far: imported + updated + duplicate + refused
    place          bigint NOT NULL,             -- where the next line begins, in octets of the unpacked CSV or in rows
    imported       bigint NOT NULL,
    updated        bigint NOT NULL,
    duplicate      bigint NOT NULL,
    refused        jsonb NOT NULL,              -- reason -> lines
    refused_octets bigint NOT NULL,             -- of the file of refused lines that hold these, and their CRC-32
    refused_crc    bigint NOT NULL,
    committed_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
