/** Whether something was said of a call, in the texts that can be erased: the notes of its details, and its narrative. */
import { type RawBuilder, sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'

/** Input: the column that has the call's id, and the words as they were typed; case does not count. */
export function saysSo(region: RegionId, callId: RawBuilder<unknown>, words: string): RawBuilder<boolean> {
  const pattern = containing(words)
  return sql<boolean>`(
    EXISTS (SELECT FROM log.call_details d WHERE d.region = ${region} AND d.call_id = ${callId} AND d.notes ILIKE ${pattern})
    OR EXISTS (SELECT FROM log.call_notes n WHERE n.region = ${region} AND n.call_id = ${callId} AND n.text ILIKE ${pattern}))`
}

/** A pattern of ILIKE in which nothing that was typed has a meaning of its own. */
export const containing = (words: string): string => `%${words.replaceAll(/[\\%_]/g, '\\$&')}%`
