-- Who asked to be erased, and what was read of people. A number that was erased stands nowhere any more; where its place
-- counts (in a slice, say) there is a negative one, which is nobody's, is the same for one person within a campaign, and
-- is never sent to.

-- The key of the digests below: whoever reads this table and tries every number there is can tell whom they are of, and
-- nobody else.
CREATE TABLE erasure_key (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    key bytea NOT NULL
);
INSERT INTO erasure_key (key)
VALUES (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

-- msisdn: until it is done. digest: keyed, of the number, by which an import knows it again (audience/erased.py).
CREATE TABLE erasure (
    erasure_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest     bytea NOT NULL UNIQUE,
    msisdn     bigint UNIQUE,
    asked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    done_at    timestamptz,
    CHECK ((msisdn IS NULL) = (done_at IS NOT NULL))
);

-- Statistics would keep numbers of people; none of these columns is looked for by them.
ALTER TABLE subscriber ALTER COLUMN msisdn SET STATISTICS 0;
ALTER TABLE slice ALTER COLUMN msisdns SET STATISTICS 0;
ALTER TABLE exclusion ALTER COLUMN msisdns SET STATISTICS 0;
ALTER TABLE slice_span ALTER COLUMN span SET STATISTICS 0;
ALTER TABLE in_doubt ALTER COLUMN msisdn SET STATISTICS 0;
ALTER TABLE opt_out ALTER COLUMN msisdn SET STATISTICS 0;
ALTER TABLE erasure ALTER COLUMN msisdn SET STATISTICS 0;
ALTER TABLE import_staging ALTER COLUMN msisdn SET STATISTICS 0;
ALTER TABLE reply ALTER COLUMN msisdn SET STATISTICS 0, ALTER COLUMN text SET STATISTICS 0;
ALTER TABLE inbound
    ALTER COLUMN msisdn SET STATISTICS 0, ALTER COLUMN source SET STATISTICS 0, ALTER COLUMN payload SET STATISTICS 0;
ALTER TABLE quarantine ALTER COLUMN pdu SET STATISTICS 0;
ALTER TABLE received ALTER COLUMN packed SET STATISTICS 0;
ALTER TABLE parked ALTER COLUMN packed SET STATISTICS 0;
ALTER TABLE oddity ALTER COLUMN value SET STATISTICS 0;
-- those that were made before; the type stays what it is, so that nothing is written anew
ALTER TABLE subscriber ALTER COLUMN msisdn TYPE bigint;
ALTER TABLE slice ALTER COLUMN msisdns TYPE bigint[];
ALTER TABLE exclusion ALTER COLUMN msisdns TYPE bigint[];
ALTER TABLE slice_span ALTER COLUMN span TYPE int8range;
ALTER TABLE in_doubt ALTER COLUMN msisdn TYPE bigint;
ALTER TABLE opt_out ALTER COLUMN msisdn TYPE bigint;
ALTER TABLE import_staging ALTER COLUMN msisdn TYPE bigint;
ALTER TABLE reply ALTER COLUMN msisdn TYPE bigint, ALTER COLUMN text TYPE text;
ALTER TABLE inbound ALTER COLUMN msisdn TYPE bigint, ALTER COLUMN source TYPE text, ALTER COLUMN payload TYPE bytea;
ALTER TABLE quarantine ALTER COLUMN pdu TYPE bytea;
ALTER TABLE received ALTER COLUMN packed TYPE bytea;
ALTER TABLE parked ALTER COLUMN packed TYPE bytea;
ALTER TABLE oddity ALTER COLUMN value TYPE text;

-- These numbers are to be erased; digests: side by side. Returns how many were not asked for before. A mistake or an
-- operator of ill will can take so many off the list in a day, and no more.
CREATE FUNCTION desk_erase(numbers bigint[], digests bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    most  integer := desk_rule_of('erased_a_day', 1000);
    asked bigint;
BEGIN
    PERFORM desk_must('operator');
    PERFORM desk_check_home();
    LOCK TABLE erasure IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO erasure AS known (digest, msisdn)
    SELECT digest, msisdn FROM unnest(numbers, digests) AS new (msisdn, digest)
    ON CONFLICT (digest) DO UPDATE SET msisdn = excluded.msisdn, asked_at = clock_timestamp(), done_at = NULL
     WHERE known.done_at IS NOT NULL;
    GET DIAGNOSTICS asked = ROW_COUNT;
    IF asked > 0 AND (SELECT count(*) FROM erasure WHERE asked_at > clock_timestamp() - interval '1 day') > most THEN
        PERFORM desk_refuse('BC040', format('not more than %s numbers are erased in 24 hours: two admins change the rule '
                                            'erased_a_day', most), jsonb_build_object('most', most));
    END IF;
    PERFORM desk_note(NULL, 'erasure asked for', 'subscriber', jsonb_build_object('numbers', asked));
    RETURN asked;
END $$;

-- Of bucket `bucket`: subscribers whom somebody asked to erase are on the list no more. Returns how many that were.
CREATE FUNCTION tend_off_the_list(bucket smallint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    those bigint[] := ARRAY(SELECT msisdn FROM erasure WHERE msisdn % 64 = bucket);
    gone  bigint := 0;
BEGIN
    IF those <> '{}' THEN
        DELETE FROM subscriber WHERE hash_bucket = bucket AND msisdn = ANY(those);
        GET DIAGNOSTICS gone = ROW_COUNT;
    END IF;
    RETURN gone;
END $$;

-- Lists of numbers have nobody any more who asked to be erased.
CREATE FUNCTION tend_off_named_lists() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    those bigint[] := ARRAY(SELECT msisdn FROM erasure WHERE msisdn IS NOT NULL);
BEGIN
    UPDATE list_member
       SET msisdns = ARRAY(SELECT msisdn FROM unnest(msisdns) AS msisdn WHERE msisdn <> ALL(those) ORDER BY msisdn)
     WHERE msisdns && those;
    DELETE FROM list_member WHERE msisdns = '{}';
END $$;

-- These are erased, everywhere. Nobody knows their numbers any more.
CREATE FUNCTION tend_erased(nos bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    done bigint;
BEGIN
    UPDATE erasure SET msisdn = NULL, done_at = clock_timestamp() WHERE erasure_no = ANY(nos) AND done_at IS NULL;
    GET DIAGNOSTICS done = ROW_COUNT;
    IF done > 0 THEN
        PERFORM desk_note(NULL, 'erased', 'subscriber', jsonb_build_object('numbers', done));
    END IF;
    RETURN done;
END $$;

-- An import brings these back, as whoever runs it said.
CREATE FUNCTION desk_unerase(digests bytea[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    done bigint;
BEGIN
    PERFORM desk_must('operator');
    DELETE FROM erasure WHERE digest = ANY(digests);
    GET DIAGNOSTICS done = ROW_COUNT;
    PERFORM desk_note(NULL, 'erased ones imported', 'subscriber', jsonb_build_object('numbers', done));
    RETURN done;
END $$;

-- The files of an archive were made anew without who was erased.
CREATE FUNCTION tend_archive_erased(of_campaign integer, before numeric, after numeric) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE archive SET checksum = after WHERE campaign_id = of_campaign AND checksum = before;
    IF NOT FOUND THEN
        PERFORM desk_refuse('BC003', 'that is not the archive of this campaign');
    END IF;
    PERFORM desk_note(NULL, 'archive made anew', desk_subject(of_campaign), '{}');
END $$;

-- Numbers of people were read: which (as a command names them), how many, of which campaign; 0: of none.
CREATE FUNCTION tend_read(what text, of_campaign integer, many bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF what NOT IN ('subscriber', 'export', 'recipients', 'doubts', 'replies', 'search') THEN
        PERFORM desk_refuse('BC004', 'that is no act to be noted');
    END IF;
    PERFORM desk_note(NULL, 'numbers read', 'subscriber',
                      jsonb_build_object('read', what, 'numbers', many)
                      || CASE WHEN of_campaign > 0 THEN jsonb_build_object('campaign', of_campaign) ELSE '{}' END);
END $$;

-- The rules that there are.
CREATE OR REPLACE FUNCTION access_check_proposal(what text, about text, more jsonb) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    known account%ROWTYPE;
BEGIN
    IF what = 'rule' THEN
        IF about NOT IN ('approvers.emergency', 'approvers.large_exercise', 'large_exercise', 'override_s', 'typed_from',
                         'phones_first', 'training', 'erased_a_day') OR jsonb_typeof(more->'value') IS DISTINCT FROM 'number'
           OR more->>'value' !~ '^[0-9]{1,10}$'
           OR (more->>'value')::bigint < (CASE WHEN about LIKE 'approvers.%' OR about IN ('large_exercise', 'erased_a_day') THEN 1 ELSE 0 END)
           OR (more->>'value')::bigint > (CASE WHEN about LIKE 'approvers.%' THEN 2 WHEN about IN ('phones_first', 'training') THEN 1
                                               WHEN about = 'override_s' THEN 86400 ELSE 1000000000 END) THEN
            RAISE 'there is no such rule, or its value is no number: see broadcast rules list' USING ERRCODE = 'BC004';
        END IF;
        RETURN;
    END IF;
    SELECT * INTO known FROM account WHERE name = about;
    IF what = 'account' THEN
        PERFORM access_check_name(about), access_check_looks(about, more->>'skeleton');
        IF known.name IS NOT NULL AND known.disabled_at IS NULL THEN
            RAISE 'there is an account % already: broadcast user role gives it another role', about USING ERRCODE = 'BC003';
        END IF;
        IF jsonb_typeof(more->'kinds') IS DISTINCT FROM 'array' OR jsonb_array_length(more->'kinds') = 0
           OR EXISTS (SELECT FROM jsonb_array_elements_text(more->'kinds') AS wanted
                       WHERE wanted NOT IN ('author', 'approver', 'operator', 'auditor', 'worker', 'admin')) THEN
            RAISE 'an account needs a role: author, approver, operator, auditor, worker, admin' USING ERRCODE = 'BC004';
        END IF;
        RETURN;
    END IF;
    IF known.name IS NULL OR known.disabled_at IS NOT NULL THEN
        RAISE 'there is no account %, or it is disabled: see broadcast user list', about USING ERRCODE = 'BC004';
    END IF;
    IF what = 'role' AND more->>'kind' = ANY (access_kinds(known.name)) THEN
        RAISE '% is % already', about, more->>'kind' USING ERRCODE = 'BC003';
    END IF;
    IF what = 'role' AND NOT EXISTS (SELECT FROM access_role WHERE kind = more->>'kind' AND kind <> 'owner') THEN
        RAISE 'there is no such role: author, approver, operator, auditor, worker, admin' USING ERRCODE = 'BC004';
    END IF;
END $$;
