-- Why was nothing said?
-- plot: reason plans agent
SELECT
    reason,
    agent,
    count(*) AS plans,
    count(DISTINCT user_id) AS people,
    round(100 * count(*) / sum(count(*)) OVER (), 1) AS percent_of_silences
FROM outcomes
WHERE outcome <> 'nudged'
GROUP BY reason, agent
ORDER BY sum(count(*)) OVER (PARTITION BY reason) DESC, reason, plans DESC, agent
