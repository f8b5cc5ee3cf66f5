/** What the audit says of erasures and of files of segments, for whoever proves that the database says the same; of one region. */
export const AUDITED_SEALS = `SELECT subject AS "callId", details ->> 'seal' AS seal FROM audit.entries
  WHERE action = 'call-erased' AND region = $1`
export const AUDITED_ARCHIVES = `SELECT details ->> 'sha256' AS sha256 FROM audit.entries
  WHERE action = 'segments-archived' AND region = $1`
