"""What was measured, as records: results.json and its parts."""
