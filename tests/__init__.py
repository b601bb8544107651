"""What Tactful promises, stated as facts and tried."""
