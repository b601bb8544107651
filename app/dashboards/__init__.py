"""What is shown of a worker's metrics: the dashboards of `helm/dashboards`, and the pages of the documentation.

`python -m app.dashboards` writes all of them anew; a test holds what is written against what would be.
"""
