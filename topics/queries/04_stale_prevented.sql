-- How many messages would have been stale, and what prevented them?
SELECT
    agent,
    CASE
        WHEN outcome = 'revoked' AND reason IN ('resolved', 'superseded', 'contradicted') THEN 'read in what was said'
        WHEN outcome = 'revoked' THEN 'an event closed it'
        WHEN outcome = 'expired' OR reason = 'too_late' THEN 'its time had passed'
        ELSE 'nobody could tell'
    END AS prevented_by,
    reason,
    count(*) AS plans,
    round(avg(evidence.confidence) FILTER (evidence.verdict <> ''), 2) AS mean_confidence,
    round(
        quantile_cont(date_diff('second', closed_at, due_at), 0.5) FILTER (closed_at < due_at) / 3600, 1
    ) AS median_hours_before_due
FROM outcomes
WHERE outcome IN ('revoked', 'expired') OR reason IN ('unverified_still_open', 'too_late')
GROUP BY ALL
ORDER BY plans DESC, agent, reason
