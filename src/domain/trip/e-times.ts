/** The moments of a response as NEMSIS 3.5 numbers them. */

import type { ReportablePhase, ResponseTime } from '../vocabulary.ts'

/**
 * The number of each moment in NEMSIS eTimes. Not here are 01, which the call has (`receivedAtMs`), 02, which is of centres
 * that hand a call on to another, and 08, which is between two units.
 */
export const E_TIMES: Readonly<Record<ResponseTime, string>> = {
  notified: '03',
  acknowledged: '04',
  'en-route': '05',
  'on-scene': '06',
  'at-patient': '07',
  'left-scene': '09',
  'at-destination': '11',
  transferred: '12',
  'back-in-service': '13',
  cancelled: '14',
}

/** The moment that a phase of the work is. A unit that transports leaves the scene. */
export const TIME_OF_PHASE: Readonly<Record<ReportablePhase, ResponseTime>> = {
  'en-route': 'en-route',
  'on-scene': 'on-scene',
  'at-patient': 'at-patient',
  transporting: 'left-scene',
  'at-destination': 'at-destination',
  transferred: 'transferred',
}
