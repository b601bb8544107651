"""The console's pages: a value goes in, HTML comes out; nothing here reads a clock, a log or a setting."""
