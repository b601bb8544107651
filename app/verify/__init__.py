"""Whether the promises were kept, seen from outside: by the topics alone, without the code that decides."""
