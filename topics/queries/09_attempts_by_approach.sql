-- How do the attempts at a text end, by approach, and what was wrong with them?
WITH tried AS (SELECT agent, unnest(attempts) AS attempt FROM outcomes)
SELECT
    attempt.approach AS approach,
    attempt.result AS result,
    count(*) AS attempts,
    round(100 * count(*) / sum(count(*)) OVER (PARTITION BY attempt.approach), 1) AS percent_of_approach,
    round(quantile_cont(attempt.seconds, 0.5), 2) AS seconds_median,
    round(avg(attempt.output_tokens), 1) AS mean_output_tokens,
    coalesce(mode(attempt.problems[1]), '') AS most_frequent_problem
FROM tried
GROUP BY attempt.approach, attempt.result
ORDER BY approach, attempts DESC, result
