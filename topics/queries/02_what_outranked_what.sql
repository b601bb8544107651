-- Which agent spoke before which, and what became of the plan that had to wait?
WITH won AS (
    SELECT agent AS winner, unnest(candidates) AS loser, pass_id FROM outcomes WHERE outcome = 'nudged'
),
ahead AS (
    SELECT winner, loser, count(DISTINCT pass_id) AS passes_won FROM won WHERE winner <> loser GROUP BY winner, loser
),
closed AS (
    SELECT
        outranked_by AS winner,
        agent AS loser,
        count(*) FILTER (reason = 'outranked') AS closed_as_outranked,
        count(*) FILTER (reason = 'duplicate_subject') AS closed_as_duplicate
    FROM outcomes
    WHERE outranked_by <> ''
    GROUP BY outranked_by, agent
)
SELECT
    winner,
    loser,
    coalesce(passes_won, 0) AS passes_won,
    coalesce(closed_as_outranked, 0) AS closed_as_outranked,
    coalesce(closed_as_duplicate, 0) AS closed_as_duplicate,
    coalesce(passes_won, 0) - coalesce(closed_as_outranked, 0) - coalesce(closed_as_duplicate, 0) AS put_off
FROM ahead FULL JOIN closed USING (winner, loser)
ORDER BY passes_won DESC, winner, loser
