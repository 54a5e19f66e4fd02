-- All that an approval binds: the text in each language, what kind of alert it is, who hears it, where it holds, and how it
-- goes out. What was written before has no texts of its own, and its hash is of the other form (campaign/approval.py).
ALTER TABLE campaign
    ADD COLUMN texts     jsonb NOT NULL DEFAULT '{}',           -- language (BCP 47) -> as people wrote it
    ADD COLUMN languages text[] NOT NULL DEFAULT '{}',          -- those in the message, in their order
    ADD COLUMN status    text NOT NULL DEFAULT 'actual' CHECK (status IN ('actual', 'exercise', 'test')),
    ADD COLUMN hearers   text NOT NULL DEFAULT 'everybody' CHECK (hearers IN ('everybody', 'phones', 'corrected')),
    ADD COLUMN corrects  integer REFERENCES campaign,           -- whose hearers these are; in a ledger its copy is there first
    ADD COLUMN areas     jsonb NOT NULL DEFAULT '[]',           -- as CAP has them: description, polygons, circles, geocodes
    ADD COLUMN channels  text[] NOT NULL DEFAULT '{sms}',
    ADD CHECK ((hearers = 'corrected') = (corrects IS NOT NULL));

-- What an approval binds; its text is the canonical form, of which the hash is. As Content.document in campaign/content.py.
CREATE FUNCTION content_document(c campaign) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'alphabet', c.alphabet,
        'areas', c.areas,
        'carriers', (SELECT coalesce(jsonb_agg(name ORDER BY name COLLATE "C"), '[]') FROM unnest(c.carriers) AS name),
        'category', c.category,
        'channels', to_jsonb(c.channels),
        'corrects', c.corrects,
        'expires_at', to_char(c.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'),
        'grace_s', c.grace_s,
        'hearers', c.hearers,
        'in_doubt_policy', c.in_doubt_policy,
        'languages', to_jsonb(c.languages),
        'priority', c.priority,
        'sender', c.sender,
        'status', c.status,
        'text', c.text,
        'texts', c.texts)
$$;

CREATE FUNCTION content_hash(c campaign) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(content_document(c)::text, 'UTF8'))
$$;
