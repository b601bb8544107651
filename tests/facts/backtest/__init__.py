"""The backtest, held against records whose decisions are known."""
