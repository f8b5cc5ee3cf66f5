/** Erasures of calls as the audit has them, for whoever proves that the database has the same. Takes the region. */
export const AUDITED_SEALS = `SELECT subject AS "callId", details ->> 'seal' AS seal FROM audit.entries
  WHERE action = 'call-erased' AND region = $1`
