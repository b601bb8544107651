"""Where events come from besides services: files, in the plain form or in the form of a public data set."""
