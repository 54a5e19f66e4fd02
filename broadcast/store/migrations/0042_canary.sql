-- A first share of an alert goes ahead, and the rest is let go, or held, by how it went: its slices are of stage 1.

-- Whoever was held behind the first share may follow; those whom a pace spreads over hours come as much later as that took.
CREATE FUNCTION desk_let_rest_go(c campaign) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE campaign SET stage = 1 WHERE campaign_id = c.campaign_id;
    IF c.rules->>'people_per_hour' IS NOT NULL THEN
        UPDATE slice SET not_before = not_before + (clock_timestamp() - c.launched_at)
         WHERE campaign_id = c.campaign_id AND state = 'held' AND stage = 1;
    END IF;
END $$;

-- How the first share of a running alert went: 'passed', and the rest follows, unless the plan says that somebody is to
-- be asked; or 'held'. figures: by which. False: somebody was faster.
CREATE FUNCTION tend_canary(of_campaign integer, verdict text, figures jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    c    campaign;
    what text := CASE verdict WHEN 'held' THEN 'first share failed' WHEN 'passed' THEN 'first share passed' END;
BEGIN
    PERFORM desk_check_home();
    c := desk_lock(of_campaign);
    IF what IS NULL OR figures IS NULL THEN
        PERFORM desk_refuse('BC004', 'a first share passed or is held, by figures');
    END IF;
    IF c.state <> 'running' OR c.finished_at IS NOT NULL OR coalesce(c.stage, 0) <> 0 OR NOT coalesce(c.plan, '{}') ? 'canary' THEN
        RETURN false;
    END IF;
    IF verdict = 'passed' AND c.plan->'canary'->>'then' = 'go_on' THEN
        PERFORM desk_let_rest_go(c);
    ELSE
        what := CASE verdict WHEN 'held' THEN what ELSE 'first share asks' END;
        PERFORM desk_move(c, 'paused');
    END IF;
    PERFORM desk_note(of_campaign, what, desk_subject(of_campaign), figures, actor => 'broadcast');
    RETURN true;
END $$;

-- As in 0027; and who resumes what is held behind its first share has decided that the rest follows.
CREATE OR REPLACE FUNCTION desk_order(of_campaign integer, target text, what text) RETURNS void LANGUAGE plpgsql AS $$
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
    IF target = 'running' AND coalesce(c.stage, 0) = 0
       AND EXISTS (SELECT FROM campaign_event AS e
                    WHERE e.campaign_id = of_campaign AND e.event IN ('first share failed', 'first share asks')) THEN
        PERFORM desk_let_rest_go(c);
        PERFORM desk_note(of_campaign, 'the rest follows', desk_subject(of_campaign), '{}');
    END IF;
END $$;
