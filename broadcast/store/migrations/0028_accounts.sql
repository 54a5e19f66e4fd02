-- Accounts: who proposes, who confirms, and the logins that come of it. Every write of them is by these functions, which run as
-- the owner and look at session_user; rights on tables and functions come from broadcast/access/rights.py, with each migrate.
-- BC003 and BC004 are refusals and wrong input, whose message is the sentence for a person.

CREATE TABLE proposal (
    proposal_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('account', 'role', 'password', 'rule')),
    subject     text NOT NULL,                  -- a login, or a rule's key
    details     jsonb NOT NULL,                 -- kinds and skeleton; kind; value; of a password the first digits of its verifier's SHA-256
    proposed_by name NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_by  name,
    decided_at  timestamptz,
    confirmed   boolean,
    CHECK (NOT confirmed OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX proposal_open ON proposal (kind, subject, details) WHERE decided_at IS NULL;

-- What nobody may read: SCRAM verifiers, computed where the password was typed, until the proposal is decided.
CREATE TABLE proposal_secret (
    proposal_no integer PRIMARY KEY REFERENCES proposal,
    verifier    text NOT NULL
);

CREATE FUNCTION access_check_name(who text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF octet_length(who) NOT BETWEEN 1 AND 63 OR who <> normalize(who, NFKC) OR who ~ '[[:cntrl:][:space:]"''\\/:@]'
       OR who ~ '^pg_' OR who IN ('public', 'none', 'current_user', 'session_user', 'broadcast') THEN
        RAISE 'a login is 1 to 63 octets without blanks, quotes, slashes, colons or @, and no word of PostgreSQL''s own'
              USING ERRCODE = 'BC004';
    END IF;
END $$;

CREATE FUNCTION access_check_verifier(verifier text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF verifier !~ '^SCRAM-SHA-256\$[1-9][0-9]{3,6}:[A-Za-z0-9+/]{16,}={0,2}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$' THEN
        RAISE 'that is no SCRAM-SHA-256 verifier: `broadcast user verifier` makes one' USING ERRCODE = 'BC004';
    END IF;
END $$;

-- The kinds that somebody is, by being a direct member.
CREATE FUNCTION access_kinds(who name) RETURNS text[] LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(array_agg(kind ORDER BY kind), '{}')
      FROM access_role JOIN pg_roles AS g ON g.rolname = role_name
     WHERE EXISTS (SELECT FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.member
                    WHERE m.roleid = g.oid AND r.rolname = who
                      AND coalesce((to_jsonb(m)->>'inherit_option')::boolean, true));
$$;

CREATE FUNCTION access_make_login(who name, verifier text) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    there pg_roles%ROWTYPE;
BEGIN
    SELECT * INTO there FROM pg_roles WHERE rolname = who;
    IF NOT FOUND THEN
        EXECUTE format('CREATE ROLE %I LOGIN', who) || coalesce(format(' PASSWORD %L', verifier), '');
        RETURN true;
    END IF;
    IF there.rolsuper OR NOT there.rolcanlogin
       OR pg_has_role(there.oid, (SELECT r.oid FROM pg_roles AS r JOIN access_role ON role_name = rolname WHERE kind = 'owner'), 'MEMBER') THEN
        RAISE '% is a superuser, a group, or who migrates this database: an account needs a login of its own', who
              USING ERRCODE = 'BC003';
    END IF;
    RETURN false;
END $$;

-- Of a login that was made here, by this database's owner; of any other its own database says, or the person.
CREATE FUNCTION access_set_password(who name, verifier text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM account WHERE name = who AND made_login)
       AND (current_setting('server_version_num')::integer < 160000
            OR EXISTS (SELECT FROM pg_auth_members AS m JOIN pg_roles AS one ON one.oid = m.roleid
                                                        JOIN pg_roles AS other ON other.oid = m.member
                        WHERE one.rolname = who AND other.rolname = current_user AND m.admin_option)) THEN
        EXECUTE format('ALTER ROLE %I PASSWORD %L', who, verifier);
    END IF;
END $$;

CREATE FUNCTION access_change_role(who name, what text, give boolean) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    role name := (SELECT role_name FROM access_role WHERE kind = what AND kind <> 'owner');
BEGIN
    IF role IS NULL THEN
        RAISE 'there is no role %: author, approver, operator, auditor, worker, admin', what USING ERRCODE = 'BC004';
    END IF;
    IF give THEN
        EXECUTE format('GRANT %I TO %I', role, who);
    ELSE
        UPDATE account SET made_login = made_login WHERE name = who; -- a launch that sees the past fails there (desk_check_fresh)
        EXECUTE format('REVOKE %I FROM %I', role, who);
        IF what = ANY (access_kinds(who)) THEN
            RAISE '% was made % by somebody else''s GRANT: whoever gave it must say REVOKE % FROM %', who, what,
                  quote_ident(role), quote_ident(who) USING ERRCODE = 'BC003';
        END IF;
    END IF;
END $$;

-- An account, new or enabled again, with these roles.
CREATE FUNCTION access_make_account(who name, looks text, kinds text[], verifier text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    made boolean := access_make_login(who, verifier);
BEGIN
    INSERT INTO account (name, skeleton, made_login) VALUES (who, looks, made)
    ON CONFLICT (name) DO UPDATE SET disabled_at = NULL, disabled_by = NULL;
    IF NOT made AND verifier IS NOT NULL THEN
        PERFORM access_set_password(who, verifier);
    END IF;
    PERFORM access_change_role(who, kind, true) FROM unnest(kinds) AS kind;
END $$;

CREATE FUNCTION access_check_looks(who text, looks text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    other name := (SELECT name FROM account WHERE skeleton = looks AND name <> who);
BEGIN
    IF coalesce(looks, '') = '' THEN
        RAISE 'an account needs what its name looks like' USING ERRCODE = 'BC004';
    END IF;
    IF other IS NOT NULL THEN
        RAISE 'the name looks like that of %: choose another', other USING ERRCODE = 'BC003';
    END IF;
END $$;

-- The first accounts, by who migrates, while there are not two admins.
CREATE FUNCTION access_begin(who text, looks text, kinds text[], verifier text DEFAULT NULL) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (SELECT count(*) FROM account WHERE disabled_at IS NULL AND 'admin' = ANY (access_kinds(name))) >= 2 THEN
        RAISE 'there are two admins: they make accounts (broadcast user add)' USING ERRCODE = 'BC003';
    END IF;
    PERFORM access_check_name(who), access_check_looks(who, looks);
    IF verifier IS NOT NULL THEN
        PERFORM access_check_verifier(verifier);
    END IF;
    PERFORM access_make_account(who, looks, kinds, verifier);
    PERFORM desk_note(NULL, 'account begun', who, jsonb_build_object('kinds', kinds));
END $$;

CREATE FUNCTION access_check_proposal(what text, about text, more jsonb) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    known account%ROWTYPE;
BEGIN
    IF what = 'rule' THEN
        IF about NOT IN ('approvers.emergency', 'approvers.large_exercise', 'large_exercise', 'override_s', 'typed_from',
                         'phones_first', 'training') OR jsonb_typeof(more->'value') IS DISTINCT FROM 'number'
           OR more->>'value' !~ '^[0-9]{1,10}$'
           OR (more->>'value')::bigint < (CASE WHEN about LIKE 'approvers.%' OR about = 'large_exercise' THEN 1 ELSE 0 END)
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

-- One admin proposes. Gives the number that another confirms; of a proposal that waits already, its.
CREATE FUNCTION access_propose(what text, about text, more jsonb, verifier text DEFAULT NULL) RETURNS integer LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    whole jsonb := more;
    made integer;
BEGIN
    PERFORM desk_must('admin');
    PERFORM access_check_proposal(what, about, more);
    IF verifier IS NOT NULL THEN
        PERFORM access_check_verifier(verifier);
        whole := more || jsonb_build_object('password', left(encode(sha256(convert_to(verifier, 'UTF8')), 'hex'), 8));
    ELSIF what = 'password' THEN
        RAISE 'a password is proposed as its verifier' USING ERRCODE = 'BC004';
    END IF;
    INSERT INTO proposal (kind, subject, details, proposed_by) VALUES (what, about, whole, session_user)
    ON CONFLICT (kind, subject, details) WHERE decided_at IS NULL DO NOTHING
    RETURNING proposal_no INTO made;
    IF made IS NULL THEN
        SELECT proposal_no INTO made FROM proposal AS p
         WHERE p.kind = what AND p.subject = about AND p.details = whole AND decided_at IS NULL;
        RETURN made;
    END IF;
    IF verifier IS NOT NULL THEN
        INSERT INTO proposal_secret VALUES (made, verifier);
    END IF;
    PERFORM desk_note(NULL, what || ' proposed', about, whole || jsonb_build_object('proposal', made));
    RETURN made;
END $$;

-- Another admin confirms, or either says no.
CREATE FUNCTION access_decide(wanted integer, yes boolean) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found_one proposal%ROWTYPE;
    secret text;
BEGIN
    PERFORM desk_must('admin');
    SELECT * INTO found_one FROM proposal WHERE proposal_no = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RAISE 'there is no proposal %: see broadcast user list', wanted USING ERRCODE = 'BC004';
    END IF;
    IF found_one.decided_at IS NOT NULL THEN
        RAISE 'proposal % was decided by % already', wanted, found_one.decided_by USING ERRCODE = 'BC003';
    END IF;
    IF yes AND found_one.proposed_by = session_user THEN
        RAISE 'who proposes cannot confirm: a second admin must (--as NAME)' USING ERRCODE = 'BC003';
    END IF;
    DELETE FROM proposal_secret WHERE proposal_no = wanted RETURNING verifier INTO secret;
    IF yes THEN
        PERFORM access_check_proposal(found_one.kind, found_one.subject, found_one.details);
        CASE found_one.kind
        WHEN 'account' THEN
            PERFORM access_make_account(found_one.subject, found_one.details->>'skeleton',
                                        ARRAY(SELECT jsonb_array_elements_text(found_one.details->'kinds')), secret);
        WHEN 'role' THEN PERFORM access_change_role(found_one.subject, found_one.details->>'kind', true);
        WHEN 'password' THEN PERFORM access_set_password(found_one.subject, secret);
        WHEN 'rule' THEN
            INSERT INTO desk_rule (key, value) VALUES (found_one.subject, found_one.details->'value')
            ON CONFLICT (key) DO UPDATE SET value = excluded.value;
            UPDATE identity SET ledger = ledger; -- likewise
        END CASE;
    END IF;
    UPDATE proposal SET decided_by = session_user, decided_at = clock_timestamp(), confirmed = yes WHERE proposal_no = wanted;
    PERFORM desk_note(NULL, found_one.kind || CASE WHEN yes THEN ' confirmed' ELSE ' declined' END, found_one.subject,
                      found_one.details || jsonb_build_object('proposal', wanted, 'proposed_by', found_one.proposed_by));
END $$;

-- One admin is enough to take something away.
CREATE FUNCTION access_take_role(who text, what text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM desk_must('admin');
    IF NOT what = ANY (access_kinds(who)) THEN
        RAISE '% is no %', who, what USING ERRCODE = 'BC004';
    END IF;
    PERFORM access_change_role(who, what, false);
    PERFORM desk_note(NULL, 'role taken', who, jsonb_build_object('kind', what));
END $$;

CREATE FUNCTION access_disable(who text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    had text[] := access_kinds(who);
BEGIN
    PERFORM desk_must('admin');
    UPDATE account SET disabled_at = clock_timestamp(), disabled_by = session_user WHERE name = who AND disabled_at IS NULL;
    IF NOT FOUND AND cardinality(had) = 0 THEN
        RAISE 'there is no account %, or it is disabled already: see broadcast user list', who USING ERRCODE = 'BC004';
    END IF;
    PERFORM access_change_role(who, kind, false) FROM unnest(had) AS kind;
    PERFORM desk_note(NULL, 'account disabled', who, jsonb_build_object('kinds', had));
END $$;

-- After an import a launch is to be planned well, and only the owner may ANALYZE.
CREATE FUNCTION desk_analyze_subscribers() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    ANALYZE subscriber;
END $$;

-- Why receipts of a carrier that came since then fit nothing: of the newest 20 looks, an octet each; of the rows, which hold
-- numbers, only that. They end a row; its octets 3 to 6 say how many they are, the least first.
CREATE FUNCTION diagnosed_reasons(of_carrier smallint, since timestamptz) RETURNS TABLE (reasons bytea) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT substr(packed, octet_length(packed) - n + 1)
      FROM (SELECT packed, received_at, get_byte(packed, 3) + (get_byte(packed, 4) << 8) + (get_byte(packed, 5) << 16) AS n
              FROM parked WHERE carrier_no = of_carrier ORDER BY carrier_no DESC, no DESC LIMIT 20) AS newest
     WHERE received_at >= since;
$$;
