"""The real SDK against the scripted server and others, over real HTTP."""
