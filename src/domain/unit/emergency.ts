/**
 * A crew that calls for help for itself. Whoever says so is heard, whatever else stands: on duty or not, with a trip or without
 * one, relieved or not. The desk sends the unit nowhere until a dispatcher says that the crew is safe; a crew cannot take it back,
 * for somebody may make it do so.
 */

import { refused } from '../../base/result.ts'
import type { CallEmergency } from '../commands.ts'
import { accepted, type Decision } from '../decision.ts'
import { unitAlarm } from '../dispatch/alarms.ts'
import { driverKey } from '../entity.ts'
import { BY_DESK, momentOf, type PutRight } from '../events/event.ts'
import type { UnitId } from '../ids.ts'
import type { AlarmSeverity } from '../vocabulary.ts'
import type { DriverState } from './driver.ts'
import { revokedOffer } from './offer-answers.ts'

const EMERGENCY_SEVERITY: AlarmSeverity = 1

/** Nothing when it is known. Input: the unit of the session that says so; null for the desk, which has the crew on the radio. */
export function callEmergency(
  driver: DriverState,
  command: CallEmergency & PutRight,
  ofSession: UnitId | null,
): Decision {
  const { unitId, callSign, emergencySinceMs } = driver
  if (ofSession !== null && ofSession !== unitId) {
    const message = `This session speaks for unit ${ofSession}; name that unit, not ${callSign}.`
    return refused('wrong-unit', message, { unitId: ofSession })
  }
  if (emergencySinceMs !== undefined) return accepted()
  const fromTripId = driver.work?.tripId ?? driver.standingDown ?? null
  const told = { unitId, ...momentOf(command), ...(ofSession === null ? BY_DESK : {}) }
  return accepted(
    ...revokedOffer(driver, 'unit-unavailable'),
    { type: 'EmergencyCalled', v: 1, entity: driverKey(unitId), ...told },
    ...unitAlarm(driver, 'emergency', EMERGENCY_SEVERITY, fromTripId),
  )
}

/** The desk knows that the crew is safe. Nothing when there is no emergency. */
export function endEmergency({ unitId, emergencySinceMs }: DriverState): Decision {
  if (emergencySinceMs === undefined) return accepted()
  return accepted({ type: 'EmergencyEnded', v: 1, entity: driverKey(unitId), unitId })
}
