"""The backtest: a recorded log decided again, under another policy, in virtual time, with the recorded answers."""
