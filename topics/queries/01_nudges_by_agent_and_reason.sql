-- What became of the plans, by agent and reason?
-- plot: agent plans reason
SELECT
    agent,
    outcome,
    reason,
    count(*) AS plans,
    round(100 * count(*) / sum(count(*)) OVER (PARTITION BY agent), 1) AS percent_of_agent
FROM outcomes
GROUP BY agent, outcome, reason
ORDER BY agent, plans DESC, outcome, reason
