/** Whether a unit can have carried the patient that it says it has. */

import { refused } from '../../base/result.ts'
import type { CloseTrip } from '../commands.ts'
import type { Decision } from '../decision.ts'
import type { DriverState } from '../unit/driver.ts'

/**
 * Refuses the close of a trip as `transported` by a unit that cannot carry. Its phases are taken: a crew that goes along with
 * the patient reaches the destination, too. Input: what the close comes to by itself; the unit, undefined where it is held.
 */
export function carried(decision: Decision, unit: DriverState | undefined, { disposition }: CloseTrip): Decision {
  if (!decision.ok || disposition !== 'transported' || unit === undefined || unit.transports) return decision
  const message =
    `Unit ${unit.callSign} cannot carry a patient. Close the trip as transported-by-other-unit or ` +
    'transferred-to-other-unit if another unit has the patient, or as what else became of it; if the unit can carry, correct its `transports` first.'
  return refused('cannot-transport', message, { unitId: unit.unitId, disposition })
}
