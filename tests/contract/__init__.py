"""The contract with those who read and write the topics: schemas, examples, AsyncAPI, and what was released."""
