/** Where each phase and mark of a trip stands in NEMSIS v3.5 eTimes, for exports and reports. */
import type { TripPhase } from './vocabulary.ts'

export const E_TIMES: Readonly<Partial<Record<TripPhase, `eTimes.${string}`>>> = {
  offered: 'eTimes.03',
  assigned: 'eTimes.04',
  'en-route': 'eTimes.05',
  'on-scene': 'eTimes.06',
  'at-patient': 'eTimes.07',
  transporting: 'eTimes.09',
  'at-destination': 'eTimes.11',
  transferred: 'eTimes.12',
  closed: 'eTimes.13',
  cancelled: 'eTimes.14',
}
