/** Every migration, in the order in which they are applied; add new ones at the end. */

import { log } from './0001-log.ts'
import { reference } from './0002-reference.ts'
import { accounts } from './0003-accounts.ts'
import { access } from './0004-access.ts'
import { places } from './0005-places.ts'
import { audit } from './0006-audit.ts'
import { callDetails } from './0007-call-details.ts'
import { checksums } from './0008-checksums.ts'
import { streamMarks } from './0009-stream-marks.ts'
import { unitChanges } from './0010-unit-changes.ts'
import { functionFiles } from './0011-functions.ts'
import { policies } from './0012-policies.ts'
import { callNotes } from './0013-call-notes.ts'
import { incidentNumbers } from './0014-incident-numbers.ts'
import { transport } from './0015-transport.ts'
import { roads } from './0016-roads.ts'
import { travelSpeeds } from './0017-travel-speeds.ts'
import { views } from './0018-views.ts'
import { closedCalls } from './0019-closed-calls.ts'
import { hospitalStatus } from './0020-hospital-status.ts'
import { erasures } from './0021-erasures.ts'
import { archives } from './0022-archives.ts'
import { vacuum } from './0023-vacuum.ts'
import { webhooks } from './0024-webhooks.ts'
import { packs } from './0025-packs.ts'
import type { Migration } from './migration.ts'

export const migrations: readonly Migration[] = [
  log,
  reference,
  accounts,
  access,
  places,
  audit,
  callDetails,
  checksums,
  streamMarks,
  unitChanges,
  functionFiles,
  policies,
  callNotes,
  incidentNumbers,
  transport,
  roads,
  travelSpeeds,
  views,
  closedCalls,
  hospitalStatus,
  erasures,
  archives,
  vacuum,
  webhooks,
  packs,
]
