-- Whoever enters a list that a running alert names hears the alert too: new slices of it, counted as they are written.

-- entering: the transaction that writes them: in it alone, amid desk_enter. entries: how often people entered in this
-- database, which tells whether home has heard of the last ones. Null: of an older home.
ALTER TABLE campaign ADD COLUMN entering xid8, ADD COLUMN entries integer DEFAULT 0;
ALTER TABLE campaign_part ADD COLUMN entries integer NOT NULL DEFAULT 0; -- of the ledger, as far as home knows

-- Slices and exclusions are written amid a launch, by desk_enter, or by workers (who resend, and whom nobody else is let in
-- beside).
CREATE OR REPLACE FUNCTION desk_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT desk_launching(NEW.campaign_id) AND desk_has('operator') AND NOT desk_has('worker')
       AND NOT EXISTS (SELECT FROM campaign
                        WHERE campaign_id = NEW.campaign_id AND entering = pg_current_xact_id_if_assigned()) THEN
        PERFORM desk_refuse('BC031', format('the campaign %s is not launched by this transaction', NEW.campaign_id));
    END IF;
    RETURN NULL;
END $$;

-- Whether somebody may enter that list of a running alert, here. people: how many. At home the whole of a large exercise may
-- not become larger than was approved.
CREATE FUNCTION desk_check_entering(of_campaign integer, of_list text, people bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c    campaign;
    copy boolean := EXISTS (SELECT FROM identity WHERE ledger IS NOT NULL);
BEGIN
    PERFORM desk_must('operator');
    c := desk_lock(of_campaign);
    -- a copy may have yet to hear from home that it runs
    IF c.launched_at IS NULL OR c.finished_at IS NOT NULL OR NOT (c.state = 'running' OR copy AND c.state = 'paused') THEN
        PERFORM desk_refuse('BC050', format('the campaign is %s: nobody enters it', c.state),
                            jsonb_build_object('state', c.state));
    END IF;
    PERFORM desk_check_expiry(c.expires_at, 'enter');
    IF c.hearers <> 'everybody' OR NOT coalesce(c.plan->'lists' ? of_list, false) THEN
        PERFORM desk_refuse('BC051', 'what was approved does not name that list', jsonb_build_object('list', of_list));
    END IF;
    IF NOT copy AND approvals_missing(c, c.audience + people) > 0 THEN
        PERFORM desk_refuse('BC032', 'so large an exercise needs more people to approve it', jsonb_build_object(
            'missing', approvals_missing(c, c.audience + people), 'large', desk_rule_of('large_exercise', 100000)));
    END IF;
END $$;

-- People enter a list of a running alert, in the database of their carriers, all of them or nobody; false: somebody entered
-- since its slices were looked through, whose `entries` they were. carriers, variants, reasons (null: they hear it; else why
-- they do not), sizes: side by side, a slice or an exclusion each; numbers: of all of these, one after another. Whoever may
-- have opted out a moment ago is looked for in the slices before anybody is sent to; where caps are to be looked at, or a canary
-- goes first, they wait to be let go as others do.
CREATE FUNCTION desk_enter(
    of_campaign integer, of_list text, seen integer, carriers smallint[], variants smallint[], reasons text[],
    sizes integer[], numbers bigint[]
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c      campaign;
    people bigint := coalesce(cardinality(numbers), 0);
    own    text := (SELECT name FROM ledger WHERE here);
    at     integer := 0;
    later  boolean; -- with the rest, where a canary goes first
BEGIN
    PERFORM desk_check_entering(of_campaign, of_list, people);
    SELECT * INTO c FROM campaign WHERE campaign_id = of_campaign;
    later := coalesce(c.plan ? 'canary', false);
    IF coalesce(c.entries, 0) <> seen THEN
        RETURN false;
    END IF;
    IF people = 0 OR cardinality(carriers) IS DISTINCT FROM cardinality(sizes)
       OR cardinality(variants) IS DISTINCT FROM cardinality(sizes)
       OR cardinality(reasons) IS DISTINCT FROM cardinality(sizes)
       OR people IS DISTINCT FROM (SELECT sum(n) FROM unnest(sizes) AS n WHERE n > 0)
       OR EXISTS (SELECT FROM unnest(numbers) AS m WHERE m IS NULL OR m <= 0)
       OR people <> (SELECT count(DISTINCT m) FROM unnest(numbers) AS m)
       OR EXISTS (SELECT FROM unnest(variants) AS v WHERE v IS NULL OR v NOT BETWEEN 0 AND cardinality(c.languages))
       OR EXISTS (SELECT FROM unnest(carriers) AS n LEFT JOIN carrier AS k ON k.carrier_no = n
                   WHERE k.name IS NULL OR k.name <> ALL (c.carriers)) THEN
        PERFORM desk_refuse('BC004', 'who enters is of the alert''s carriers, each once, and hears one of its messages');
    END IF;
    UPDATE campaign SET entering = pg_current_xact_id() WHERE campaign_id = of_campaign;
    FOR i IN 1 .. cardinality(sizes) LOOP
        IF reasons[i] IS NULL THEN
            INSERT INTO slice (campaign_id, carrier_no, variant, total, recalled, state, stage, msisdns)
            VALUES (of_campaign, carriers[i], variants[i], sizes[i], NOT c.hears_opted_out,
                    CASE WHEN later OR coalesce((c.rules->>'checked')::boolean, false) THEN 'held' ELSE 'ready' END,
                    later::integer, numbers[at + 1 : at + sizes[i]]);
        ELSE
            INSERT INTO exclusion (campaign_id, carrier_no, reason, msisdns)
            VALUES (of_campaign, carriers[i], reasons[i], numbers[at + 1 : at + sizes[i]]);
        END IF;
        at := at + sizes[i];
    END LOOP;
    PERFORM add_to_tallies(shard => 0, campaigns => array_agg(of_campaign), carriers => array_agg(k.carrier_no),
                           waiting => array_agg(k.waiting), excluded => array_agg(k.excluded))
       FROM (SELECT carrier_no, coalesce(sum(size) FILTER (WHERE reason IS NULL), 0)::bigint AS waiting,
                    coalesce(sum(size) FILTER (WHERE reason IS NOT NULL), 0)::bigint AS excluded
               FROM unnest(carriers, reasons, sizes) AS given (carrier_no, reason, size)
              GROUP BY carrier_no ORDER BY carrier_no) AS k;
    UPDATE campaign SET entering = NULL, audience = audience + people, entries = seen + 1 WHERE campaign_id = of_campaign;
    IF EXISTS (SELECT FROM identity WHERE ledger IS NOT NULL) THEN
        PERFORM desk_note(NULL, 'entered here', desk_subject(of_campaign), jsonb_build_object(
            'list', of_list, 'people', people, 'audience', c.audience + people));
        PERFORM pg_notify('broadcast_control', of_campaign::text);
        RETURN true;
    END IF;
    IF own IS NOT NULL THEN
        INSERT INTO campaign_part AS p (campaign_id, ledger, audience, entries) VALUES (of_campaign, own, people, seen + 1)
        ON CONFLICT (campaign_id, ledger) DO UPDATE SET audience = p.audience + people, entries = seen + 1;
    END IF;
    PERFORM desk_note(of_campaign, 'entered', desk_subject(of_campaign), jsonb_build_object(
        'list', of_list, 'people', people, 'audience', c.audience + people));
    RETURN true;
END $$;

-- At home: a ledger has so many people of a running alert by now (audience), of so many entries; once. A ledger that had
-- none of it before is one of its parts from now on: by an operator, as at the launch.
CREATE FUNCTION tend_part_entered(of_campaign integer, in_ledger text, people bigint, entry_no integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c     campaign;
    known campaign_part;
BEGIN
    IF NOT desk_has('worker') THEN
        PERFORM desk_must('operator');
    END IF;
    PERFORM desk_check_home();
    c := desk_lock(of_campaign);
    SELECT * INTO known FROM campaign_part AS p WHERE p.campaign_id = of_campaign AND p.ledger = in_ledger;
    IF known.ledger IS NULL THEN
        PERFORM desk_must('operator');
        INSERT INTO campaign_part (campaign_id, ledger, audience, entries) VALUES (of_campaign, in_ledger, people, entry_no);
    ELSIF known.entries >= entry_no OR known.audience >= people THEN
        RETURN;
    ELSE
        UPDATE campaign_part AS p SET audience = people, entries = entry_no
         WHERE p.campaign_id = of_campaign AND p.ledger = in_ledger;
    END IF;
    UPDATE campaign SET audience = audience + people - coalesce(known.audience, 0) WHERE campaign_id = of_campaign;
    PERFORM desk_note(of_campaign, 'entered', desk_subject(of_campaign), jsonb_build_object(
        'ledger', in_ledger, 'people', people - coalesce(known.audience, 0),
        'audience', c.audience + people - coalesce(known.audience, 0)),
        actor => CASE WHEN desk_has('operator') THEN session_user ELSE 'broadcast' END);
END $$;

-- Launched campaigns in which every recipient is at its end, also those of other ledgers if this is home; a cancelled one
-- keeps its state. One that names lists is not over before it expires: people may enter. Gives their numbers.
CREATE OR REPLACE FUNCTION tend_finish() RETURNS SETOF integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    one integer;
BEGIN
    FOR one IN
        WITH over AS (
            SELECT campaign_id FROM campaign JOIN tally USING (campaign_id)
             WHERE launched_at IS NOT NULL AND finished_at IS NULL
               AND NOT (coalesce(plan ? 'lists', false) AND state IN ('running', 'paused')
                        AND expires_at > clock_timestamp())
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
