/** The numbers and modes by which each region is dispatched, every version that ever stood: decisions name theirs. */
import type { Migration } from './migration.ts'

export const policies: Migration = {
  name: '0012-policies',
  sql: `
-- The newest version stands. Its mode stands in reference.regions, too, for who reads regions: one statement writes both.
CREATE TABLE reference.policies (
  region text NOT NULL REFERENCES reference.regions,
  version integer NOT NULL CHECK (version > 0),
  policy jsonb NOT NULL CHECK (jsonb_typeof(policy) = 'object'),
  changed_by text NOT NULL,
  changed_at_ms bigint NOT NULL,
  note text,
  PRIMARY KEY (region, version)
);

-- The policy by which every region went before it had one of its own.
INSERT INTO reference.policies (region, version, policy, changed_by, changed_at_ms)
SELECT region, 1, jsonb_build_object('mode', dispatch_mode) || '{
    "offerTimeoutMs": {"1": 15000, "2": 15000, "3": 30000, "4": 30000, "5": 30000},
    "orderWarnMs": 20000, "orderTimeoutMs": 45000, "noMovementMs": 120000, "ageingStepMs": 900000, "roundPauseMs": 15000,
    "disconnectGraceMs": 30000, "readyGraceMs": 15000,
    "cadenceMs": {"responding": 5000, "moving": 15000, "parked": 30000},
    "staleAfterMs": {"responding": 20000, "moving": 45000, "parked": 90000},
    "lostAfterMs": 300000, "candidatesRecorded": 5}', 'system', (extract(epoch FROM now()) * 1000)::bigint
FROM reference.regions;
-- Where there are regions their engines look again.
UPDATE reference.version SET version = version + 1 WHERE EXISTS (SELECT 1 FROM reference.regions);
`,
}
