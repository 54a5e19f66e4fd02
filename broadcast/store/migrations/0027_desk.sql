-- The desk: everything that becomes of a campaign is done by functions here, which look at who logged in, so that psql, a
-- script and a board can go round none of them (broadcast/campaign/, broadcast/access/). `session_user` acts; he has a right
-- by being a direct member of the group that has it, so a superuser has none. What a function refuses has a SQLSTATE of its
-- own: BC003 (a rule), BC004 (the input) with the sentence as it is, the others as in broadcast/campaign/refusals.py.
--   desk_*  people;  copy_*  people, of the copy in a ledger amid a launch;  tend_*  workers
-- Who may call which is said by `broadcast db migrate`, which also makes the groups: until then nobody has a right.

-- ---------------------------------------------------------------- who

CREATE TABLE access_role (
    kind      text PRIMARY KEY
              CHECK (kind IN ('author', 'approver', 'operator', 'auditor', 'worker', 'admin', 'owner')),
    role_name name NOT NULL UNIQUE
);

-- A person's login. skeleton: two that look alike have the same (UTS 39; broadcast/confusable.py).
CREATE TABLE account (
    name        name PRIMARY KEY,
    skeleton    text NOT NULL UNIQUE,
    made_login  boolean NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    disabled_at timestamptz,
    disabled_by name
);

-- Rules that bind people. No row: as the code that asks says.
CREATE TABLE desk_rule (
    key   text PRIMARY KEY,
    value jsonb NOT NULL
);

-- Which state may follow which: as MOVES in broadcast/campaign/lifecycle.py, by `broadcast db migrate`.
CREATE TABLE campaign_move (
    origin text,
    target text,
    PRIMARY KEY (origin, target)
);

-- ---------------------------------------------------------------- what was done

-- The audit chain: each entry is hashed with the one before it. No number and no text of a message is ever in it.
CREATE TABLE act (
    act_no  bigint PRIMARY KEY,                 -- from 1, without gaps
    at      timestamptz NOT NULL,
    who     text NOT NULL,                      -- session_user
    origin  text NOT NULL,                      -- address and program
    what    text NOT NULL,
    subject text NOT NULL,                      -- of a campaign: 'campaign 12'
    details jsonb NOT NULL,
    before  bytea NOT NULL,                     -- hash of the entry before; of the first, 32 octets of zero
    hash    bytea NOT NULL
);
CREATE INDEX act_of_subject ON act (subject, act_no);

-- Entries as they are made, without any lock: a launch is long and sees the past, and nothing waits for anything here.
-- They are chained by the same transaction if nobody else is at it, else by the next one or by a worker.
CREATE TABLE act_new (
    note_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL,
    who     text NOT NULL,
    origin  text NOT NULL,
    what    text NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL
);

CREATE FUNCTION act_hash(a act) RETURNS bytea LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT sha256(a.before || convert_to(
        jsonb_build_array(a.act_no, to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                          a.who, a.origin, a.what, a.subject, a.details)::text, 'UTF8'))
$$;

CREATE FUNCTION act_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'BC003', MESSAGE = 'what is in the audit chain stays as it is';
END $$;
CREATE TRIGGER act_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON act FOR EACH STATEMENT EXECUTE FUNCTION act_stays();

-- ---------------------------------------------------------------- approvals

-- What a campaign was, each time that somebody wrote it down: to say what changed since. returned: for another edit.
CREATE TABLE campaign_version (
    version_no  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id integer NOT NULL REFERENCES campaign,
    hash        bytea NOT NULL,
    document    jsonb NOT NULL,
    made_by     text NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    returned_by text,
    returned_at timestamptz
);
CREATE INDEX version_of_campaign ON campaign_version (campaign_id, version_no);

-- Who approved what. At home each has its entry in the audit chain, by its number; a ledger's copy has those of home.
CREATE TABLE approval (
    approval_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id integer NOT NULL REFERENCES campaign,
    hash        bytea NOT NULL,
    signer      text NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind        text NOT NULL CHECK (kind IN ('approved', 'override')),
    void_at     timestamptz
);
CREATE UNIQUE INDEX approval_that_holds ON approval (campaign_id, signer, kind) WHERE void_at IS NULL;

-- launching: the transaction that launches it: in it alone an operator writes its slices. nonce: drawn by this server each
-- time that the content is written, and part of its code: so nobody can look beforehand for two contents with one code.
ALTER TABLE campaign
    ADD COLUMN launching xid8,
    ADD COLUMN nonce     uuid NOT NULL DEFAULT gen_random_uuid();

-- What a person reads, and gives to say what was seen: of this very writing. As content_code in campaign/approval.py.
CREATE FUNCTION content_code(c campaign) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT left(encode(sha256(content_hash(c) || uuid_send(c.nonce)), 'hex'), 8)
$$;

-- What was approved before approvals had rows, and not launched, needs approval again; what runs goes on.
INSERT INTO campaign_event (campaign_id, at, actor, event, details)
SELECT campaign_id, clock_timestamp(), 'broadcast', 'withdrawn', '{"reason": "approved before an upgrade"}'
  FROM campaign WHERE state = 'approved';
UPDATE campaign SET state = 'draft', approved_by = NULL, approved_at = NULL, approved_hash = NULL WHERE state = 'approved';

-- ---------------------------------------------------------------- rights, refusals, entries

CREATE FUNCTION desk_refuse(code text, why text, details jsonb DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = code, MESSAGE = why, DETAIL = details::text;
END $$;

-- Since PostgreSQL 16 whoever made a group has a row of its own, without inheriting it: no right.
CREATE FUNCTION desk_holds(who text, kind text) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM access_role AS a
                     JOIN pg_roles AS held ON held.rolname = a.role_name
                     JOIN pg_auth_members AS m ON m.roleid = held.oid
                     JOIN pg_roles AS one ON one.oid = m.member
                    WHERE a.kind = $2 AND one.rolname = $1
                      AND coalesce((to_jsonb(m)->>'inherit_option')::boolean, true))
       AND NOT EXISTS (SELECT FROM account WHERE name = $1 AND disabled_at IS NOT NULL)
$$;

CREATE FUNCTION desk_has(kind text) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT desk_holds(session_user, kind)
$$;

CREATE FUNCTION desk_must(kind text) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT desk_has(kind) THEN
        PERFORM desk_refuse('BC010', format('%s may not do that: it takes the role %s', session_user, kind),
                            jsonb_build_object('who', session_user, 'kind', kind));
    END IF;
END $$;

CREATE FUNCTION desk_rule_of(rule text, otherwise integer) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT (value#>>'{}')::integer FROM desk_rule WHERE key = rule), otherwise)
$$;

-- Entries that lie unchained, in the order in which they were made. Nobody waits: who is at it does the others' too.
CREATE FUNCTION desk_chain() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one  act_new;
    made act;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' OR NOT pg_try_advisory_xact_lock(7114) THEN
        RETURN;
    END IF;
    SELECT * INTO made FROM act ORDER BY act_no DESC LIMIT 1;
    IF NOT FOUND THEN
        made.act_no := 0;
        made.hash := decode(repeat('00', 32), 'hex');
    END IF;
    FOR one IN SELECT * FROM act_new ORDER BY note_no LOOP
        made := (made.act_no + 1, one.at, one.who, one.origin, one.what, one.subject, one.details, made.hash, NULL);
        made.hash := act_hash(made);
        INSERT INTO act SELECT made.*;
        DELETE FROM act_new WHERE note_no = one.note_no;
    END LOOP;
END $$;

-- An entry of the audit chain; of a campaign, an event for the screens too, with what must not stand in the chain
-- (shown), and a word to the workers.
CREATE FUNCTION desk_note(
    of_campaign integer, what text, subject text, details jsonb, shown jsonb DEFAULT '{}', actor text DEFAULT session_user
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO act_new (at, who, origin, what, subject, details)
    VALUES (clock_timestamp(), session_user,
            concat_ws(' ', coalesce(host(inet_client_addr()), 'local'), nullif(current_setting('application_name'), '')),
            what, subject, details);
    IF of_campaign IS NOT NULL THEN
        INSERT INTO campaign_event (campaign_id, at, actor, event, details)
        VALUES (of_campaign, clock_timestamp(), actor, what, shown || details);
        PERFORM pg_notify('broadcast_control', of_campaign::text);
    END IF;
    PERFORM desk_chain();
END $$;

CREATE FUNCTION desk_subject(of_campaign integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'campaign ' || of_campaign
$$;

CREATE FUNCTION desk_hex(octets bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT encode(octets, 'hex') $$;

-- A campaign's row, until the transaction ends. Not FOR UPDATE: whatever names a campaign in a new row (a draft that corrects
-- it, an audit of it) would make a cancel wait for as long as somebody likes to leave that transaction open.
CREATE FUNCTION desk_lock(of_campaign integer) RETURNS campaign LANGUAGE plpgsql AS $$
DECLARE
    found_one campaign;
BEGIN
    SELECT * INTO found_one FROM campaign WHERE campaign_id = of_campaign FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM desk_refuse('BC011', format('there is no campaign with the number %s', of_campaign),
                            jsonb_build_object('campaign_id', of_campaign));
    END IF;
    RETURN found_one;
END $$;

CREATE FUNCTION desk_check_move(origin text, target text) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM campaign_move AS m WHERE m.origin = $1 AND m.target = $2) THEN
        PERFORM desk_refuse('BC012', format('the campaign is %s, it cannot become %s', origin, target),
                            jsonb_build_object('origin', origin, 'target', target));
    END IF;
END $$;

-- By this server's clock. step: what is to be done with it. In a validity_period the year has two digits.
CREATE FUNCTION desk_check_expiry(expires_at timestamptz, step text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF expires_at <= clock_timestamp() THEN
        PERFORM desk_refuse('BC013', 'the campaign''s expiry has passed', jsonb_build_object('step', step));
    ELSIF expires_at >= '2100-01-01 00:00+00' THEN
        PERFORM desk_refuse('BC014', 'the campaign''s expiry is in another century', jsonb_build_object('step', step));
    END IF;
END $$;

CREATE FUNCTION desk_check_home() RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF EXISTS (SELECT FROM identity WHERE ledger IS NOT NULL) THEN
        PERFORM desk_refuse('BC003', 'this database is a ledger: that is done at home');
    END IF;
END $$;

CREATE FUNCTION desk_check_ledger() RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM identity WHERE ledger IS NOT NULL) THEN
        PERFORM desk_refuse('BC003', 'this database is no ledger beside home: that is done in one');
    END IF;
END $$;

CREATE FUNCTION desk_reason(reason text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF coalesce(btrim(reason), '') = '' THEN
        PERFORM desk_refuse('BC015', 'a reason is to be given');
    END IF;
    RETURN jsonb_build_object('reason', left(btrim(reason), 1000));
END $$;

-- ---------------------------------------------------------------- drafts

-- The content, as `content_document` writes it, becomes the campaign's; whoever wrote it is its drafter.
CREATE FUNCTION desk_write(of_campaign integer, content jsonb) RETURNS campaign LANGUAGE plpgsql AS $$
DECLARE
    given   campaign := jsonb_populate_record(NULL::campaign, content);
    written campaign;
BEGIN
    PERFORM desk_check_expiry(given.expires_at, 'draft');
    UPDATE campaign
       SET category = given.category, priority = given.priority, sender = given.sender, text = given.text,
           alphabet = given.alphabet, carriers = given.carriers, in_doubt_policy = given.in_doubt_policy,
           grace_s = given.grace_s, expires_at = given.expires_at, hears_opted_out = given.category = 'emergency',
           texts = given.texts, languages = given.languages, status = given.status, hearers = given.hearers,
           corrects = given.corrects, areas = given.areas, channels = given.channels,
           drafted_by = session_user, drafted_at = clock_timestamp(), state = 'draft', nonce = gen_random_uuid(),
           approved_by = NULL, approved_at = NULL, approved_hash = NULL
     WHERE campaign_id = of_campaign
    RETURNING * INTO written;
    IF written.texts = '{}' OR content_document(written) <> content THEN
        PERFORM desk_refuse('BC004', 'this is not the whole content of a campaign');
    END IF;
    INSERT INTO campaign_version (campaign_id, hash, document, made_by)
    VALUES (of_campaign, content_hash(written), content, session_user);
    RETURN written;
END $$;

-- Approvals that hold are void from now on; how many there were. signer: of one alone.
CREATE FUNCTION desk_void(of_campaign integer, of_signer text DEFAULT NULL) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    voided integer;
BEGIN
    UPDATE approval SET void_at = clock_timestamp()
     WHERE campaign_id = of_campaign AND void_at IS NULL AND signer = coalesce(of_signer, signer);
    GET DIAGNOSTICS voided = ROW_COUNT;
    RETURN voided;
END $$;

-- shown: for the event, which characters of the text are plain letters.
CREATE FUNCTION desk_draft(campaign_name text, content jsonb, shown jsonb DEFAULT '{}') RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    made    integer;
    written campaign;
BEGIN
    PERFORM desk_must('author');
    PERFORM desk_check_home();
    IF length(campaign_name) NOT BETWEEN 1 AND 64 OR campaign_name ~ '^[.:-]'
       OR campaign_name ~ '[\u0001-,/;-@\[-^`{-\u00a9\u2000-\u206f\ue000-\uf8ff\ufeff]' THEN
        PERFORM desk_refuse('BC004', 'a campaign''s name has letters, digits, ''.'', '':'', ''_'' or ''-'', and no blanks');
    END IF;
    INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, in_doubt_policy, grace_s, expires_at,
                          hears_opted_out, drafted_by)
    SELECT campaign_name, category, priority, sender, text, alphabet, carriers, in_doubt_policy, grace_s, expires_at,
           category = 'emergency', session_user
      FROM jsonb_populate_record(NULL::campaign, content)
        ON CONFLICT (name) DO NOTHING
    RETURNING campaign_id INTO made;
    IF made IS NULL THEN
        PERFORM desk_refuse('BC016', format('there is a campaign %s already', campaign_name),
                            jsonb_build_object('name', campaign_name));
    END IF;
    written := desk_write(made, content);
    PERFORM desk_note(made, 'drafted', desk_subject(made),
                      jsonb_build_object('hash', desk_hex(content_hash(written))), shown);
    RETURN made;
END $$;

CREATE FUNCTION desk_edit(of_campaign integer, content jsonb, shown jsonb DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before  campaign;
    written campaign;
BEGIN
    PERFORM desk_must('author');
    PERFORM desk_check_home();
    before := desk_lock(of_campaign);
    PERFORM desk_check_move(before.state, 'draft');
    written := desk_write(of_campaign, content);
    PERFORM desk_note(
        of_campaign, 'edited', desk_subject(of_campaign),
        jsonb_build_object(
            'hash', desk_hex(content_hash(written)),
            'approval_voided', desk_void(of_campaign) > 0,
            'changed', (SELECT coalesce(jsonb_agg(key ORDER BY key COLLATE "C"), '[]')
                          FROM jsonb_each(content_document(written)) AS new
                         WHERE new.value IS DISTINCT FROM content_document(before)->new.key)),
        shown);
END $$;

-- ---------------------------------------------------------------- approvals

-- How many different people are to approve it. audience: as far as it is known. Two at most are ever asked for what a
-- large exercise is, before its audience is counted.
CREATE FUNCTION approvals_needed(c campaign, audience bigint DEFAULT NULL) RETURNS integer LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT greatest(
        1,
        CASE WHEN c.category = 'emergency' AND c.status = 'actual' THEN desk_rule_of('approvers.emergency', 1) END,
        CASE WHEN c.status <> 'actual' AND audience >= desk_rule_of('large_exercise', 100000)
             THEN desk_rule_of('approvers.large_exercise', 2) END)
$$;

-- How many more people are to approve it; none where somebody overrode that. audience: as of approvals_needed.
CREATE FUNCTION approvals_missing(c campaign, audience bigint DEFAULT NULL) RETURNS integer LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN count(*) FILTER (WHERE kind = 'override') > 0 THEN 0
                ELSE greatest(0, approvals_needed(c, audience) - count(DISTINCT signer)::integer) END
      FROM approval WHERE campaign_id = c.campaign_id AND void_at IS NULL
$$;

-- Whether a large exercise may want more of them than are asked for now.
CREATE FUNCTION desk_may_want_more(c campaign) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT c.status <> 'actual' AND approvals_missing(c, 9223372036854775807) > 0
$$;

-- Whoever wrote it is not the one who acts, however the names are written.
CREATE FUNCTION desk_check_second(c campaign) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    drafter text := (SELECT skeleton FROM account WHERE name = c.drafted_by);
    actor   text := (SELECT skeleton FROM account WHERE name = session_user);
BEGIN
    IF session_user = c.drafted_by OR drafter = actor THEN
        PERFORM desk_refuse('BC017', 'who drafted a campaign cannot approve it');
    ELSIF actor IS NULL THEN
        PERFORM desk_refuse('BC010', format('%s has no account', session_user),
                            jsonb_build_object('who', session_user, 'kind', 'approver'));
    ELSIF drafter IS NULL THEN
        PERFORM desk_refuse('BC018', format('%s, who drafted it, has no account', c.drafted_by),
                            jsonb_build_object('name', c.drafted_by));
    END IF;
END $$;

-- It becomes approved when nobody is missing any more.
CREATE FUNCTION desk_sign(c campaign, sign_kind text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    signed approval;
    lacks  integer;
BEGIN
    INSERT INTO approval (campaign_id, hash, signer, kind)
    VALUES (c.campaign_id, content_hash(c), session_user, sign_kind) RETURNING * INTO signed;
    lacks := approvals_missing(c);
    IF lacks = 0 AND c.state = 'draft' THEN
        PERFORM desk_check_move(c.state, 'approved');
        UPDATE campaign SET state = 'approved', approved_by = session_user, approved_at = clock_timestamp(),
                            approved_hash = signed.hash
         WHERE campaign_id = c.campaign_id;
    END IF;
    PERFORM desk_note(c.campaign_id, sign_kind, desk_subject(c.campaign_id),
                      jsonb_build_object('hash', desk_hex(signed.hash), 'approval', signed.approval_no, 'missing', lacks));
END $$;

-- code: as of content_code, of what whoever approves has seen.
CREATE FUNCTION desk_approve(of_campaign integer, code text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c campaign;
BEGIN
    PERFORM desk_must('approver');
    PERFORM desk_check_home();
    c := desk_lock(of_campaign);
    IF NOT (c.state = 'approved' AND desk_may_want_more(c)) THEN
        PERFORM desk_check_move(c.state, 'approved');
    END IF;
    PERFORM desk_check_second(c);
    IF code IS DISTINCT FROM content_code(c) THEN
        PERFORM desk_refuse('BC019', 'the content has another code than the one given');
    END IF;
    PERFORM desk_check_expiry(c.expires_at, 'approve');
    IF EXISTS (SELECT FROM approval WHERE campaign_id = of_campaign AND signer = session_user AND void_at IS NULL) THEN
        PERFORM desk_refuse('BC020', format('%s has approved it already', session_user),
                            jsonb_build_object('who', session_user));
    END IF;
    IF (SELECT returned_at IS NOT NULL FROM campaign_version WHERE campaign_id = of_campaign
         ORDER BY version_no DESC LIMIT 1) THEN
        PERFORM desk_refuse('BC021', 'it was returned, and has not been edited since');
    END IF;
    PERFORM desk_sign(c, 'approved');
END $$;

-- For the night shift, where a rule allows it: who approved what needs more people than are there, a while ago, goes on alone.
CREATE FUNCTION desk_override(of_campaign integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c      campaign;
    wait_s integer := desk_rule_of('override_s', 0);
    mine   approval;
BEGIN
    PERFORM desk_must('approver');
    PERFORM desk_check_home();
    c := desk_lock(of_campaign);
    IF wait_s <= 0 THEN
        PERFORM desk_refuse('BC022', 'no rule allows an override');
    END IF;
    IF NOT (c.state = 'draft' AND approvals_missing(c) > 0 OR c.state = 'approved' AND desk_may_want_more(c)) THEN
        PERFORM desk_refuse('BC023', format('nobody is missing: the campaign is %s', c.state),
                            jsonb_build_object('state', c.state));
    END IF;
    PERFORM desk_check_second(c);
    PERFORM desk_check_expiry(c.expires_at, 'approve');
    SELECT * INTO mine FROM approval WHERE campaign_id = of_campaign AND signer = session_user AND void_at IS NULL;
    IF mine.hash IS DISTINCT FROM content_hash(c) THEN
        PERFORM desk_refuse('BC024', 'who overrides has approved it first');
    ELSIF clock_timestamp() < mine.at + make_interval(secs => wait_s) THEN
        PERFORM desk_refuse('BC025', 'it is too early for an override', jsonb_build_object('seconds',
            ceil(extract(epoch FROM mine.at + make_interval(secs => wait_s) - clock_timestamp()))::integer));
    END IF;
    PERFORM desk_sign(c, 'override');
END $$;

-- Whose approval it is takes it back, before the launch; too few are left then.
CREATE FUNCTION desk_withdraw(of_campaign integer, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c     campaign;
    shown jsonb := desk_reason(reason);
BEGIN
    PERFORM desk_must('approver');
    PERFORM desk_check_home();
    c := desk_lock(of_campaign);
    PERFORM desk_check_move(c.state, 'draft');
    IF desk_void(of_campaign, session_user) = 0 THEN
        PERFORM desk_refuse('BC026', format('%s has not approved it', session_user),
                            jsonb_build_object('who', session_user));
    END IF;
    IF approvals_missing(c) > 0 THEN
        PERFORM desk_unapprove(of_campaign);
    END IF;
    PERFORM desk_note(of_campaign, 'withdrawn', desk_subject(of_campaign),
                      jsonb_build_object('hash', desk_hex(content_hash(c))), shown);
END $$;

-- Always a new version of its row: a launch that began before fails.
CREATE FUNCTION desk_unapprove(of_campaign integer) RETURNS void LANGUAGE sql AS $$
    UPDATE campaign SET state = 'draft', approved_by = NULL, approved_at = NULL, approved_hash = NULL
     WHERE campaign_id = of_campaign
$$;

-- It is not to go out as it is: no approval holds, and none can be given before another edit.
CREATE FUNCTION desk_return(of_campaign integer, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c     campaign;
    shown jsonb := desk_reason(reason);
BEGIN
    PERFORM desk_must('approver');
    PERFORM desk_check_home();
    c := desk_lock(of_campaign);
    PERFORM desk_check_move(c.state, 'draft');
    INSERT INTO campaign_version (campaign_id, hash, document, made_by, made_at, returned_by, returned_at)
    VALUES (of_campaign, content_hash(c), content_document(c), c.drafted_by, c.drafted_at, session_user, clock_timestamp());
    PERFORM desk_unapprove(of_campaign);
    PERFORM desk_note(of_campaign, 'returned', desk_subject(of_campaign),
                      jsonb_build_object('hash', desk_hex(content_hash(c)), 'approval_voided', desk_void(of_campaign) > 0),
                      shown);
END $$;

-- ---------------------------------------------------------------- a launch

-- A launch may see the past: its transaction is repeatable read, and somebody may have left it open before. So the rows of
-- whoever signed or acts, and the one that changes with each rule, are locked: what changed since fails there (40001). The
-- locks are let go at once, with the block's savepoint: who disables an account waits for no launch.
CREATE FUNCTION desk_check_fresh(of_campaign integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM account AS one
      WHERE one.name = session_user
         OR one.name IN (SELECT signer::name FROM approval WHERE campaign_id = of_campaign AND void_at IS NULL)
      ORDER BY one.name FOR SHARE;
    PERFORM FROM identity FOR SHARE;
    RAISE EXCEPTION USING ERRCODE = 'BC000', MESSAGE = 'nothing changed';
EXCEPTION WHEN SQLSTATE 'BC000' THEN
    RETURN;
END $$;

-- What a launch to everybody may want by rule: within a day the very words went to one's own phones, and one of them has
-- them. Where the phones are another ledger's, that knows of the receipt, and home only that it was sent.
CREATE FUNCTION desk_rehearsed(c campaign) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM campaign AS own
         WHERE own.hearers = 'phones' AND own.launched_at > clock_timestamp() - interval '24 hours'
           AND (own.text, own.alphabet, own.sender, own.status, own.texts, own.languages)
             = (c.text, c.alphabet, c.sender, c.status, c.texts, c.languages)
           AND (EXISTS (SELECT FROM tally AS t WHERE t.campaign_id = own.campaign_id AND t.delivered > 0)
                OR EXISTS (SELECT FROM campaign_part AS p JOIN ledger AS l ON l.name = p.ledger
                            WHERE p.campaign_id = own.campaign_id AND NOT l.here)))
$$;

-- Each approval that holds is of this content, has its entry in the chain, and its signer may still sign.
CREATE FUNCTION desk_check_approvals(c campaign) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    one approval;
BEGIN
    IF approvals_missing(c) > 0 THEN
        PERFORM desk_refuse('BC027', 'the campaign is not approved', jsonb_build_object('missing', approvals_missing(c)));
    END IF;
    FOR one IN SELECT * FROM approval WHERE campaign_id = c.campaign_id AND void_at IS NULL ORDER BY approval_no LOOP
        IF one.hash <> content_hash(c) THEN
            PERFORM desk_refuse('BC028', 'the campaign is not what was approved');
        END IF;
        IF one.signer = c.drafted_by OR NOT desk_holds(one.signer, 'approver') THEN
            PERFORM desk_refuse('BC029', format('%s approved it, and is no approver any more', one.signer),
                                jsonb_build_object('signer', one.signer));
        END IF;
        IF NOT desk_is_noted(one) THEN
            PERFORM desk_refuse('BC030', 'an approval of the campaign has no entry in the audit chain',
                                jsonb_build_object('signer', one.signer));
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION desk_is_noted(a approval) RETURNS boolean LANGUAGE sql STABLE AS $$
    WITH wanted AS (SELECT jsonb_build_object('hash', desk_hex(a.hash), 'approval', a.approval_no) AS details)
    SELECT EXISTS (SELECT FROM act, wanted
                    WHERE subject = desk_subject(a.campaign_id) AND what = a.kind AND who = a.signer
                      AND act.details @> wanted.details AND hash = act_hash(act))
        OR EXISTS (SELECT FROM act_new, wanted
                    WHERE subject = desk_subject(a.campaign_id) AND what = a.kind AND who = a.signer
                      AND act_new.details @> wanted.details)
$$;

-- At home: from here to the end of the transaction whoever launches writes who hears it.
CREATE FUNCTION desk_begin_launch(of_campaign integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c campaign;
BEGIN
    PERFORM desk_must('operator');
    PERFORM desk_check_home();
    c := desk_lock(of_campaign);
    PERFORM desk_check_move(c.state, 'running');
    IF c.launched_at IS NOT NULL THEN
        PERFORM desk_refuse('BC034', 'the campaign was launched already');
    END IF;
    PERFORM desk_check_expiry(c.expires_at, 'launch');
    PERFORM desk_check_fresh(of_campaign);
    PERFORM desk_check_approvals(c);
    IF c.hearers = 'everybody' AND desk_rule_of('phones_first', 0) = 1 AND NOT desk_rehearsed(c) THEN
        PERFORM desk_refuse('BC003', 'one''s own phones hear it first, by a rule: rehearse it with these very words');
    END IF;
    DELETE FROM slice WHERE campaign_id = of_campaign; -- of a launch that somebody ended half way
    DELETE FROM exclusion WHERE campaign_id = of_campaign;
    DELETE FROM tally WHERE campaign_id = of_campaign;
    UPDATE campaign SET launching = pg_current_xact_id() WHERE campaign_id = of_campaign;
END $$;

CREATE FUNCTION desk_launching(of_campaign integer) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM campaign WHERE campaign_id = of_campaign AND launching = pg_current_xact_id_if_assigned())
$$;

CREATE FUNCTION desk_check_launching(of_campaign integer) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM desk_must('operator');
    IF NOT desk_launching(of_campaign) THEN
        PERFORM desk_refuse('BC031', format('the campaign %s is not launched by this transaction', of_campaign));
    END IF;
END $$;

-- Slices and exclusions are written amid a launch, or by workers (who resend, and whom nobody else is let in beside).
CREATE FUNCTION desk_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT desk_launching(NEW.campaign_id) AND desk_has('operator') AND NOT desk_has('worker') THEN
        PERFORM desk_refuse('BC031', format('the campaign %s is not launched by this transaction', NEW.campaign_id));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER desk_guard AFTER INSERT ON slice FOR EACH ROW EXECUTE FUNCTION desk_guard();
CREATE TRIGGER desk_guard AFTER INSERT ON exclusion FOR EACH ROW EXECUTE FUNCTION desk_guard();

-- The first tallies, from slices and exclusions. Gives their sums.
CREATE FUNCTION desk_count(of_campaign integer, OUT waiting bigint, OUT excluded bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM desk_check_launching(of_campaign);
    DELETE FROM tally WHERE campaign_id = of_campaign;
    WITH counted AS (
        SELECT part.carrier_no, sum(part.waiting)::bigint AS waiting, sum(part.excluded)::bigint AS excluded
          FROM (SELECT s.carrier_no, s.total AS waiting, 0 AS excluded FROM slice AS s WHERE s.campaign_id = of_campaign
                UNION ALL
                SELECT x.carrier_no, 0, cardinality(x.msisdns) FROM exclusion AS x WHERE x.campaign_id = of_campaign) AS part
         GROUP BY part.carrier_no
    ), tallied AS (
        SELECT add_to_tallies(shard => 0, campaigns => array_agg(of_campaign), carriers => array_agg(c.carrier_no),
                              waiting => array_agg(c.waiting), excluded => array_agg(c.excluded))
          FROM counted AS c
    )
    SELECT coalesce(sum(c.waiting), 0), coalesce(sum(c.excluded), 0) INTO waiting, excluded
      FROM counted AS c, tallied;
END $$;

-- What was written of who hears it here is as many as are said, and not more than an approval can have meant: people of
-- the campaign's carriers; of one's own phones what a configuration may have (broadcast/config/site.py); of a correction
-- no more than heard what it corrects. That each is a subscriber is not looked at.
CREATE FUNCTION desk_check_audience(c campaign, whole bigint, here bigint) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF here IS DISTINCT FROM (SELECT coalesce(sum(t.waiting + t.excluded), 0)::bigint FROM tally AS t
                               WHERE t.campaign_id = c.campaign_id)
       OR (SELECT coalesce(sum(t.waiting), 0) FROM tally AS t WHERE t.campaign_id = c.campaign_id)
          <> (SELECT coalesce(sum(s.total), 0) FROM slice AS s WHERE s.campaign_id = c.campaign_id) THEN
        PERFORM desk_refuse('BC003', 'the audience is not what was written of it: nothing was launched');
    END IF;
    IF EXISTS (SELECT FROM tally AS t JOIN carrier AS k USING (carrier_no)
                WHERE t.campaign_id = c.campaign_id AND k.name <> ALL (c.carriers))
       OR whole > (CASE c.hearers
                   WHEN 'phones' THEN 1000
                   WHEN 'corrected' THEN coalesce((SELECT audience FROM campaign WHERE campaign_id = c.corrects), 0)
                   ELSE whole END) THEN
        PERFORM desk_refuse('BC003', 'the audience has more people than was approved: nothing was launched');
    END IF;
END $$;

-- It runs: who hears it is fixed, and the workers may begin. segments: of a message, at most; newest: the last opt-out
-- that its audience surely knows; parts: ledgers that have people of it, and how many each; shown: what is left out, and why.
CREATE FUNCTION desk_launch(
    of_campaign integer, audience bigint, segments integer, newest bigint, parts text[], people bigint[], shown jsonb
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c    campaign;
    here bigint;
BEGIN
    PERFORM desk_check_launching(of_campaign);
    IF audience IS NULL OR segments IS NULL OR newest IS NULL OR parts IS NULL
       OR cardinality(people) IS DISTINCT FROM cardinality(parts)
       OR EXISTS (SELECT FROM unnest(people) AS n WHERE n IS NULL OR n <= 0) THEN
        PERFORM desk_refuse('BC004', 'a launch says how many hear it, in each ledger');
    END IF;
    c := desk_lock(of_campaign);
    PERFORM desk_check_move(c.state, 'running');
    PERFORM desk_check_fresh(of_campaign); -- once more: a launch of millions takes a while
    PERFORM desk_check_approvals(c);
    IF approvals_missing(c, audience) > 0 THEN
        PERFORM desk_refuse('BC032', 'so large an exercise needs more people to approve it', jsonb_build_object(
            'missing', approvals_missing(c, audience), 'large', desk_rule_of('large_exercise', 100000)));
    END IF;
    INSERT INTO campaign_part (campaign_id, ledger, audience)
    SELECT of_campaign, part.ledger, part.audience FROM unnest(parts, people) AS part (ledger, audience);
    here := audience - coalesce((SELECT sum(p.audience) FROM campaign_part AS p JOIN ledger AS l ON l.name = p.ledger
                                  WHERE p.campaign_id = of_campaign AND NOT l.here), 0);
    PERFORM desk_check_audience(c, audience, here);
    INSERT INTO opt_outs_applied (campaign_id, opt_out_no) VALUES (of_campaign, newest);
    UPDATE campaign
       SET state = 'running', launched_by = session_user, launched_at = clock_timestamp(), audience = $2, segments = $3,
           control_no = control_no + 1, launching = NULL
     WHERE campaign_id = of_campaign;
    PERFORM desk_note(of_campaign, 'launched', desk_subject(of_campaign), jsonb_build_object(
        'hash', desk_hex(content_hash(c)), 'audience', audience, 'segments', segments, 'parts', to_jsonb(parts)), shown);
END $$;

-- ---------------------------------------------------------------- orders

-- It goes to another state; what is cancelled before it was launched has its end now.
CREATE FUNCTION desk_move(c campaign, target text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM desk_check_move(c.state, target);
    UPDATE campaign
       SET state = target, control_no = control_no + 1,
           finished_at = CASE WHEN target = 'cancelled' AND launched_at IS NULL THEN clock_timestamp() ELSE finished_at END
     WHERE campaign_id = c.campaign_id;
END $$;

CREATE FUNCTION desk_order(of_campaign integer, target text, what text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    c campaign;
BEGIN
    PERFORM desk_must('operator');
    PERFORM desk_check_home();
    c := desk_lock(of_campaign);
    IF target = 'running' THEN
        IF c.state <> 'paused' THEN
            PERFORM desk_refuse('BC033', format('the campaign is %s: only a paused one can be resumed', c.state),
                                jsonb_build_object('state', c.state));
        END IF;
        PERFORM desk_check_expiry(c.expires_at, 'resume');
    END IF;
    PERFORM desk_move(c, target);
    PERFORM desk_note(of_campaign, what, desk_subject(of_campaign), jsonb_build_object('from', c.state));
END $$;

CREATE FUNCTION desk_pause(of_campaign integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT desk_order(of_campaign, 'paused', 'paused')
$$;

CREATE FUNCTION desk_resume(of_campaign integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT desk_order(of_campaign, 'running', 'resumed')
$$;

CREATE FUNCTION desk_cancel(of_campaign integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT desk_order(of_campaign, 'cancelled', 'cancelled')
$$;

-- In a ledger, while home is away: campaign is paused or cancelled here, for home to take over. False: it is over, or
-- cancelled already. One that is paused already is paused once more: home may have resumed it, and this ledger not heard.
CREATE FUNCTION desk_order_here(of_campaign integer, target text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM desk_must('operator');
    PERFORM desk_check_ledger();
    UPDATE campaign SET state = target
     WHERE campaign_id = of_campaign AND finished_at IS NULL AND state IN ('running', 'paused')
       AND target IN ('paused', 'cancelled');
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO ledger_order (campaign_id, actor, state) VALUES (of_campaign, session_user, target);
    PERFORM desk_note(of_campaign, target || ' in a ledger', desk_subject(of_campaign), '{}');
    RETURN true;
END $$;

-- An act of a person that is no campaign's: an import, an opt-out. subject, details: no number of anybody, no text.
CREATE FUNCTION desk_say(what text, subject text, details jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF what NOT IN ('import begun', 'import ended', 'opted out', 'opted in') OR subject ~ '^campaign ' OR length(subject) > 200
       OR octet_length(details::text) > 10000 THEN
        PERFORM desk_refuse('BC004', 'that is no act to be noted');
    END IF;
    PERFORM desk_note(NULL, what, subject, details);
END $$;

-- ---------------------------------------------------------------- a copy in a ledger, amid a launch

-- Home's row as a copy that is not to be sent yet, with its approvals; in place of one that a launch before left behind,
-- of which nothing can have been sent. False: this ledger has it as one that was launched.
CREATE FUNCTION copy_begin(home_row jsonb, approvals jsonb, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    number integer := (home_row->>'campaign_id')::integer;
BEGIN
    PERFORM desk_must('operator');
    PERFORM desk_check_ledger();
    PERFORM desk_check_move(home_row->>'state', 'running');
    PERFORM FROM campaign WHERE campaign_id = number AND control_no = 0 FOR UPDATE;
    IF FOUND THEN
        PERFORM desk_drop_copy(number);
    END IF;
    INSERT INTO campaign OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(NULL::campaign, home_row || jsonb_build_object(
                'state', 'paused', 'control_no', 0, 'launched_by', session_user, 'launched_at', at, 'finished_at', NULL,
                'closed_at', NULL, 'launching', pg_current_xact_id()::text))).*
        ON CONFLICT (campaign_id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO approval OVERRIDING SYSTEM VALUE
    SELECT * FROM jsonb_populate_recordset(NULL::approval, approvals) AS a WHERE a.campaign_id = number;
    RETURN true;
END $$;

CREATE FUNCTION desk_drop_copy(number integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM slice_span WHERE slice_id IN (SELECT slice_id FROM slice WHERE campaign_id = number);
    DELETE FROM slice WHERE campaign_id = number;
    DELETE FROM exclusion WHERE campaign_id = number;
    DELETE FROM tally WHERE campaign_id = number;
    DELETE FROM opt_outs_applied WHERE campaign_id = number;
    DELETE FROM ledger_order WHERE campaign_id = number;
    DELETE FROM campaign_event WHERE campaign_id = number;
    DELETE FROM approval WHERE campaign_id = number;
    DELETE FROM campaign WHERE campaign_id = number;
END $$;

-- Its part of the audience, the segments of a message, and up to which opt-out the audience knows them. Nothing stays of
-- one that has nobody.
CREATE FUNCTION copy_end(of_campaign integer, people bigint, segments integer, newest bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM desk_check_launching(of_campaign);
    PERFORM desk_check_ledger();
    IF people = 0 THEN
        PERFORM desk_drop_copy(of_campaign);
        RETURN;
    END IF;
    PERFORM desk_check_audience(campaign, CASE WHEN hearers = 'corrected' THEN 0 ELSE people END, people)
       FROM campaign WHERE campaign_id = of_campaign; -- of what it corrects this ledger knows its part alone
    INSERT INTO opt_outs_applied (campaign_id, opt_out_no) VALUES (of_campaign, newest);
    UPDATE campaign SET audience = people, segments = $3, launching = NULL WHERE campaign_id = of_campaign;
    PERFORM desk_note(NULL, 'copied', desk_subject(of_campaign), jsonb_build_object('audience', people));
END $$;

-- ---------------------------------------------------------------- workers

-- Entries that nobody chained yet.
CREATE FUNCTION tend_chain() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT desk_chain()
$$;

-- Slices that nobody may send any more: what still waits in them is expired (law 5), or excluded by a cancel.
CREATE FUNCTION tend_end_waiting() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH over AS MATERIALIZED (
        SELECT s.slice_id, s.campaign_id, s.carrier_no, c.state = 'cancelled' AS cancelled,
               s.total - s.mark + bit_count(s.retry) AS recipients
          FROM campaign AS c
         CROSS JOIN LATERAL (SELECT * FROM slice WHERE campaign_id = c.campaign_id AND state = 'ready'
                                FOR UPDATE SKIP LOCKED) AS s
         WHERE c.finished_at IS NULL
           AND (c.state = 'cancelled' OR (c.state IN ('running', 'paused') AND c.expires_at <= clock_timestamp()))
    ), ended AS (
        UPDATE slice SET state = CASE WHEN over.cancelled THEN 'cancelled' ELSE 'expired' END
          FROM over WHERE slice.slice_id = over.slice_id
    )
    SELECT add_to_tallies(shard => 0, campaigns => array_agg(campaign_id), carriers => array_agg(carrier_no),
                          waiting => array_agg(-recipients), expired => array_agg(expired), excluded => array_agg(excluded))
      FROM (SELECT campaign_id, carrier_no, sum(recipients)::bigint AS recipients,
                   coalesce(sum(recipients) FILTER (WHERE NOT cancelled), 0)::bigint AS expired,
                   coalesce(sum(recipients) FILTER (WHERE cancelled), 0)::bigint AS excluded
              FROM over GROUP BY campaign_id, carrier_no) AS counted
    HAVING count(*) > 0
$$;

-- A campaign waits for receipts no longer.
CREATE FUNCTION tend_close(of_campaign integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE campaign SET closed_at = clock_timestamp()
     WHERE campaign_id = of_campaign AND closed_at IS NULL AND launched_at IS NOT NULL AND expires_at < clock_timestamp()
$$;

-- Launched campaigns in which every recipient is at its end, also those of other ledgers if this is home; a cancelled one
-- keeps its state. Gives their numbers.
CREATE FUNCTION tend_finish() RETURNS SETOF integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    one integer;
BEGIN
    FOR one IN
        WITH over AS (
            SELECT campaign_id FROM campaign JOIN tally USING (campaign_id)
             WHERE launched_at IS NOT NULL AND finished_at IS NULL
             GROUP BY campaign_id HAVING sum(waiting) = 0 AND sum(in_doubt) = 0 AND sum(accepted) = 0
        ), own AS (
            UPDATE campaign_part SET finished_at = clock_timestamp()
              FROM over, ledger
             WHERE campaign_part.campaign_id = over.campaign_id AND ledger.name = campaign_part.ledger AND here
               AND campaign_part.finished_at IS NULL
        )
        UPDATE campaign SET finished_at = clock_timestamp(),
                            state = CASE WHEN state = 'cancelled' THEN state ELSE 'finished' END
          FROM over
         WHERE campaign.campaign_id = over.campaign_id
           AND NOT EXISTS (SELECT FROM campaign_part AS p JOIN ledger ON ledger.name = p.ledger
                            WHERE p.campaign_id = over.campaign_id AND p.finished_at IS NULL AND NOT here)
        RETURNING campaign.campaign_id
    LOOP
        PERFORM desk_note(one, 'finished', desk_subject(one), '{}', actor => 'broadcast');
        RETURN NEXT one;
    END LOOP;
END $$;

-- What cancelled and expired campaigns left waiting has its end, though no worker may run that tidies.
CREATE FUNCTION desk_end_stopped() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF pg_try_advisory_xact_lock(7101) THEN
        PERFORM tend_end_waiting();
        PERFORM tend_finish();
    END IF;
END $$;

-- Home's order of this number: a copy is in this state. False: it knows that, or is over. What was cancelled here while
-- home was away stays so: home has yet to hear of it.
CREATE FUNCTION tend_obey(of_campaign integer, order_no integer, target text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM desk_check_ledger();
    UPDATE campaign SET state = CASE WHEN state = 'cancelled' THEN state ELSE target END, control_no = order_no
     WHERE campaign_id = of_campaign AND control_no < order_no AND finished_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM desk_note(NULL, 'obeyed', desk_subject(of_campaign), jsonb_build_object('order', order_no, 'state', target));
    PERFORM pg_notify('broadcast_control', of_campaign::text);
    RETURN true;
END $$;

-- At home: as was ordered in a ledger while home was away, once; what home has done since, and forbids it, stands.
CREATE FUNCTION tend_take_over(
    of_campaign integer, in_ledger text, order_no bigint, at timestamptz, ordered_by text, target text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c       campaign;
    details jsonb;
    allowed boolean;
BEGIN
    PERFORM desk_check_home();
    SELECT * INTO c FROM campaign WHERE campaign_id = of_campaign FOR NO KEY UPDATE;
    IF NOT FOUND OR target NOT IN ('paused', 'cancelled')
       OR EXISTS (SELECT FROM campaign_event AS e
                   WHERE e.campaign_id = of_campaign AND e.details->>'ledger' = in_ledger
                     AND e.event IN ('paused', 'cancelled', 'paused in a ledger', 'cancelled in a ledger')
                     AND (e.details->>'order_no')::bigint = $3) THEN
        RETURN;
    END IF;
    details := jsonb_build_object('from', c.state, 'ledger', in_ledger, 'order_no', order_no, 'ordered_at', at,
                                  'ordered_by', ordered_by);
    allowed := EXISTS (SELECT FROM campaign_move AS m WHERE m.origin = c.state AND m.target = $6);
    IF allowed THEN
        PERFORM desk_move(c, target);
    END IF;
    PERFORM desk_note(of_campaign, CASE WHEN allowed THEN target ELSE target || ' in a ledger' END,
                      desk_subject(of_campaign), details, actor => ordered_by);
END $$;

-- At home: a ledger is through with campaigns, since then. Those that are over in each of their ledgers are finished.
CREATE FUNCTION tend_parts_finished(in_ledger text, campaigns integer[], times timestamptz[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    one integer;
BEGIN
    PERFORM FROM campaign WHERE campaign_id = ANY (campaigns) ORDER BY campaign_id FOR NO KEY UPDATE; -- then this sees other parts
    UPDATE campaign_part AS p SET finished_at = new.at
      FROM unnest(campaigns, times) AS new (campaign_id, at)
     WHERE p.campaign_id = new.campaign_id AND p.ledger = in_ledger AND p.finished_at IS NULL;
    FOR one IN
        UPDATE campaign AS c SET finished_at = clock_timestamp(),
                                 state = CASE WHEN state = 'cancelled' THEN state ELSE 'finished' END
         WHERE campaign_id = ANY (campaigns) AND finished_at IS NULL AND launched_at IS NOT NULL
           AND NOT EXISTS (SELECT FROM campaign_part AS p WHERE p.campaign_id = c.campaign_id AND p.finished_at IS NULL)
        RETURNING campaign_id
    LOOP
        PERFORM desk_note(one, 'finished', desk_subject(one), '{}', actor => 'broadcast');
    END LOOP;
END $$;

-- What an audit found: a sentence for each difference.
CREATE FUNCTION tend_audited(of_campaign integer, problems text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM desk_note(of_campaign, 'audited', desk_subject(of_campaign),
                      jsonb_build_object('differences', cardinality(problems)),
                      jsonb_build_object('problems', problems),
                      CASE WHEN desk_has('worker') THEN 'broadcast' ELSE session_user END);
END $$;

-- The recipients of a finished campaign are in files there.
CREATE FUNCTION tend_archived(of_campaign integer, place text, recipients bigint, checksum numeric) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM campaign WHERE campaign_id = of_campaign AND finished_at IS NOT NULL) THEN
        PERFORM desk_refuse('BC003', 'only a finished campaign is archived');
    END IF;
    INSERT INTO archive (campaign_id, place, recipients, checksum, archived_by)
    VALUES (of_campaign, place, recipients, checksum, session_user);
    PERFORM desk_note(of_campaign, 'archived', desk_subject(of_campaign), '{}', jsonb_build_object('place', place));
END $$;

CREATE FUNCTION tend_archive_moved(of_campaign integer, new_place text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE archive SET place = new_place WHERE campaign_id = of_campaign;
    PERFORM desk_note(NULL, 'archive moved', desk_subject(of_campaign), '{}');
END $$;
