-- How long does it take from the plan to the nudge, in hours?
-- plot: agent hours_median
SELECT
    agent,
    count(*) AS nudges,
    round(quantile_cont(date_diff('second', opened_at, closed_at), 0.1) / 3600, 2) AS hours_p10,
    round(quantile_cont(date_diff('second', opened_at, closed_at), 0.5) / 3600, 2) AS hours_median,
    round(quantile_cont(date_diff('second', opened_at, closed_at), 0.9) / 3600, 2) AS hours_p90,
    round(max(date_diff('second', opened_at, closed_at)) / 3600, 2) AS hours_most
FROM outcomes
WHERE outcome = 'nudged'
GROUP BY agent
ORDER BY nudges DESC, agent
