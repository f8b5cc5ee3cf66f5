/** The rows of recorded calls, one for each unit that was sent: their columns, which are ambulances, and what their priorities mean. */
import type { Priority } from '../../src/domain/vocabulary.ts'
import { readTable, type TableRow } from './input.ts'

/** Moments are epoch milliseconds; an empty one did not happen, or was not written down. */
export type CallColumn =
  | 'call_id'
  | 'unit_id'
  | 'unit_type'
  | 'als'
  | 'call_type'
  | 'priority'
  | `${'received' | 'entry' | 'dispatch' | 'response' | 'on_scene' | 'transport' | 'hospital' | 'available'}_ms`
  | 'disposition'
  | 'lon'
  | 'lat'

const AMBULANCES = ['MEDIC', 'PRIVATE']
/** `E` is life-threatening, 3 an emergency, 2 is not; anything else waits behind these. */
const PRIORITIES: Readonly<Record<string, Priority>> = { E: 1, 3: 2, 2: 3 }
const PRIORITY_OF_OTHERS: Priority = 4

/** Reads a file of calls, with the columns that somebody uses. Errors: InvalidInput. */
export const readCallRows = <Column extends CallColumn>(
  file: string,
  columns: readonly Column[],
): Promise<TableRow<Column>[]> => readTable(file, columns)

export const isAmbulance = (row: TableRow<'unit_type'>): boolean => AMBULANCES.includes(row.text('unit_type'))

export function priorityOf(row: TableRow<'priority'>): { readonly priority: Priority; readonly isKnown: boolean } {
  const priority = PRIORITIES[row.text('priority')]
  return { priority: priority ?? PRIORITY_OF_OTHERS, isKnown: priority !== undefined }
}
