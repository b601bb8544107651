-- How do the groups of an experiment compare: held out, shadowed, live, under each policy?
WITH grouped AS (
    SELECT
        *,
        CASE WHEN holdout THEN 'held out' WHEN reason = 'shadow' THEN 'shadow' ELSE 'live' END AS treated
    FROM outcomes
)
SELECT
    policy_version,
    treated,
    count(DISTINCT user_id) AS people,
    count(*) AS plans,
    round(count(*) / count(DISTINCT user_id), 2) AS plans_per_person,
    count(*) FILTER (outcome = 'nudged') AS nudges,
    count(*) FILTER (outcome = 'revoked') AS revoked,
    round(100 * count(*) FILTER (outcome = 'revoked') / count(*), 1) AS percent_revoked,
    sum(model_calls) AS model_calls
FROM grouped
GROUP BY ALL
ORDER BY policy_version, treated
