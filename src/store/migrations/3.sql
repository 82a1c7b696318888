-- A close may come before an opening is over, and be taken back: then the opening goes on.
ALTER TABLE tickets ADD COLUMN opening TEXT;  -- the opening that a close interrupted, as JSON
