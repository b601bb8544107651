-- What does an accepted nudge cost? (accepted: opened or replied; needs --receipts, and prices in the policy)
WITH answered AS (
    SELECT
        nudge_id,
        bool_or(type = 'nudge.delivered') AS delivered,
        bool_or(type = 'nudge.failed') AS failed,
        bool_or(type IN ('nudge.opened', 'nudge.replied')) AS accepted,
        bool_or(type = 'nudge.dismissed') AS dismissed
    FROM receipts
    GROUP BY nudge_id
)
SELECT
    agent,
    count(*) FILTER (outcome = 'nudged') AS nudges,
    count(*) FILTER (delivered) AS delivered,
    count(*) FILTER (accepted) AS accepted,
    count(*) FILTER (dismissed) AS dismissed,
    round(100 * count(*) FILTER (accepted) / nullif(count(*) FILTER (outcome = 'nudged'), 0), 1) AS percent_accepted,
    sum(model_calls) AS model_calls_of_all_plans,
    round(sum(cost_usd), 4) AS cost_usd_of_all_plans,
    round(sum(cost_usd) / nullif(count(*) FILTER (accepted), 0), 5) AS usd_per_accepted
FROM outcomes LEFT JOIN answered USING (nudge_id)
GROUP BY agent
ORDER BY nudges DESC, agent
