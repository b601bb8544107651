-- How many nudges are in the agent's own words instead of the model's, by month?
SELECT
    strftime(closed_at, '%Y-%m') AS month,
    agent,
    count(*) AS nudges,
    count(*) FILTER (written_by = 'fallback') AS fallback,
    round(100 * count(*) FILTER (written_by = 'fallback') / count(*), 1) AS percent_fallback
FROM outcomes
WHERE outcome = 'nudged'
GROUP BY ALL
ORDER BY month, agent
