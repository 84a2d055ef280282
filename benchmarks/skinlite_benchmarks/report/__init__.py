"""The report: what it shows, in words, tables and charts."""
