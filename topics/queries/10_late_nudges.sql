-- How late after the planned time do nudges go out?
WITH late AS (
    SELECT agent, date_diff('second', due_at, closed_at) AS seconds FROM outcomes WHERE outcome = 'nudged'
)
SELECT
    agent,
    count(*) AS nudges,
    count(*) FILTER (seconds < 60) AS within_a_minute,
    count(*) FILTER (seconds >= 60 AND seconds < 3600) AS within_an_hour,
    count(*) FILTER (seconds >= 3600 AND seconds < 86400) AS within_a_day,
    count(*) FILTER (seconds >= 86400) AS later,
    round(max(seconds) / 3600, 2) AS hours_most
FROM late
GROUP BY agent
ORDER BY nudges DESC, agent
