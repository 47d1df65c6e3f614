-- What an answer would have cost that an account's subscription paid for; NULL where money did.
ALTER TABLE ledger ADD COLUMN worth_usd REAL;
