/** Every migration, in the order in which they are applied; add new ones at the end. */
import type { Migration } from '../migrate.ts'
import { log } from './0001-log.ts'
import { reference } from './0002-reference.ts'

export const migrations: readonly Migration[] = [log, reference]
