"""States, records, requests and errors: what the words of Parhelia mean. No I/O here."""
