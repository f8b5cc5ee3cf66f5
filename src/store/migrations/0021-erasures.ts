/** What becomes of calls with the years: whose personal data was erased, and what nobody may erase or let go. */
import type { Migration } from './migration.ts'

export const erasures: Migration = {
  name: '0021-erasures',
  sql: `
-- Whose personal data was erased, which records were written anew for it, and what those come to.
CREATE TABLE log.erasures (
  region    text NOT NULL,
  call_id   text NOT NULL,
  erased_at timestamptz NOT NULL DEFAULT now(),
  reason    text NOT NULL,
  positions bigint[] NOT NULL,
  seal      text NOT NULL,
  PRIMARY KEY (region, call_id)
);
CREATE INDEX erasures_by_time ON log.erasures (erased_at);

-- Calls that are kept as they are until somebody releases them.
CREATE TABLE log.holds (
  hold_no        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  region         text NOT NULL,
  call_id        text NOT NULL,
  reason         text NOT NULL,
  placed_at      timestamptz NOT NULL DEFAULT now(),
  -- From when to when things of the call happened, region time; it may go on.
  from_ms        bigint NOT NULL,
  released_at    timestamptz,
  release_reason text
);
CREATE UNIQUE INDEX holds_that_stand ON log.holds (region, call_id) WHERE released_at IS NULL;
`,
}
