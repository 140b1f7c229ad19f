-- LangGraph's checkpoints: the tables are its own (made by its setup), the schema and the rule are ours.
SET lock_timeout = '4s';

CREATE SCHEMA IF NOT EXISTS langgraph;
GRANT USAGE ON SCHEMA langgraph TO cairn_app;
