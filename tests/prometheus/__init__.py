"""What Prometheus makes of a worker: its page of metrics, the queries of the dashboards, the alerts."""
