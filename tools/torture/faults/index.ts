/** All faults, in the order in which they are listed. */
import { clockAhead, clockBack } from './clock.ts'
import { cutAfterCommit, cutBeforeCommit, cutDuringCommit } from './cut.ts'
import { diskFullTable, diskFullWal } from './disk-full.ts'
import type { Fault } from './fault.ts'
import { killBoth, killEngine, killPostgres } from './kill.ts'
import { postgresStopped, slowDisk } from './postgres.ts'
import { pauseTakeover, standbyTakeover } from './takeover.ts'

export const FAULTS: readonly Fault[] = [
  killEngine,
  killPostgres,
  killBoth,
  pauseTakeover,
  cutBeforeCommit,
  cutDuringCommit,
  cutAfterCommit,
  postgresStopped,
  diskFullTable,
  diskFullWal,
  clockAhead,
  clockBack,
  slowDisk,
  standbyTakeover,
]
