/** The moments of a response as NEMSIS 3.5 numbers them, and the order in which its own rules expect them. */

import type { ReportablePhase, ResponseTime } from '../vocabulary.ts'

/**
 * The number of each moment in NEMSIS eTimes. Not here are 01, which the call has (`receivedAtMs`), 02, which is of centres
 * that hand a call on to another, and 08, which is between two units.
 */
export const E_TIMES: Readonly<Record<ResponseTime, string>> = {
  notified: '03',
  acknowledged: '04',
  'en-route': '05',
  staged: '17',
  'on-scene': '06',
  'at-patient': '07',
  'left-scene': '09',
  'landing-area': '10',
  'at-destination': '11',
  transferred: '12',
  'back-in-service': '13',
  cancelled: '14',
  'at-station': '15',
  completed: '16',
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

const SCENE: readonly ResponseTime[] = ['notified', 'en-route', 'on-scene', 'at-patient']
/**
 * What each moment should not lie before: nemSch_e017 to e052 for the numbers that those name. At the patient (07) follows the
 * notification alone, since somebody of the crew may be there before the vehicle has moved.
 */
export const FOLLOWS: Readonly<Record<ResponseTime, readonly ResponseTime[]>> = {
  notified: [],
  acknowledged: ['notified'],
  'en-route': ['notified'],
  staged: ['notified', 'en-route'],
  'on-scene': ['notified', 'en-route'],
  'at-patient': ['notified'],
  'left-scene': SCENE,
  'landing-area': [...SCENE, 'left-scene'],
  'at-destination': [...SCENE, 'left-scene'],
  transferred: [...SCENE, 'left-scene', 'at-destination'],
  'back-in-service': [...SCENE, 'left-scene', 'at-destination', 'transferred'],
  cancelled: ['notified', 'en-route'],
  'at-station': ['notified'],
  completed: ['notified'],
}
