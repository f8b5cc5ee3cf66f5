/** What the status words of others are in ours: EIDO (NENA-STA-021.1) and the radio keys of German-speaking services (FMS). */

import type {
  Dispatchability,
  Mark,
  ReportablePhase,
  ResponseTime,
  UnavailableReason,
  UnitStatus,
} from './vocabulary.ts'

/** A word of ours with the list that it is of. A status is the unit's, a reason why it is unavailable, the rest is of its trip. */
export type OurWord =
  | `dispatchability ${Dispatchability}`
  | `status ${UnitStatus}`
  | `reason ${UnavailableReason}`
  | `phase ${ReportablePhase}`
  | `mark ${Mark}`
  | `time ${ResponseTime}`

export interface FieldWord {
  readonly word: string
  /** Each of them is the word, or a part of it. None: the word has no counterpart yet. */
  readonly ours: readonly OurWord[]
  /** What one of the two says and the other does not. Absent where they say the same. */
  readonly differs?: string
}

/** Whether a unit can be sent. */
export const EIDO_PRIMARY: readonly FieldWord[] = [
  { word: 'Available', ours: ['dispatchability available'] },
  { word: 'ConditionallyAvailable', ours: ['dispatchability conditionally-available'] },
  { word: 'NotAvailable', ours: ['dispatchability not-available'] },
]

/** What a unit does. */
export const EIDO_SECONDARY: readonly FieldWord[] = [
  { word: 'Assigned', ours: ['status offered'], differs: 'a unit is told in the moment in which it is chosen' },
  { word: 'Dispatched', ours: ['status offered'], differs: '`mode` of the offer says whether it is an order' },
  { word: 'AcknowledgedTransmission', ours: ['status assigned'] },
  { word: 'EnRoute', ours: ['status en-route'] },
  { word: 'Staging', ours: ['mark staged'], differs: 'a moment, and no status' },
  {
    word: 'Arrived',
    ours: ['status on-scene', 'status at-destination'],
    differs: 'EIDO leaves open where',
  },
  { word: 'OnScene', ours: ['status on-scene'] },
  { word: 'PatientContact', ours: ['phase at-patient'], differs: 'the status stays `on-scene`' },
  {
    word: 'Departed',
    ours: ['mark left-scene'],
    differs: 'a moment, and no status; with a patient on board the unit is `transporting`',
  },
  { word: 'Transporting', ours: ['status transporting'] },
  { word: 'Hospital', ours: ['status at-destination'], differs: 'a destination need not be a hospital' },
  {
    word: 'Cleared',
    ours: ['status available', 'time back-in-service'],
    differs: '`available` does not say that the unit is on its way back',
  },
  { word: 'InService', ours: ['status available'] },
  {
    word: 'OutofService',
    ours: [
      'reason refuel',
      'reason decontamination',
      'reason restock',
      'reason training',
      'reason maintenance',
      'reason vehicle-fault',
      'reason breakdown',
      'reason equipment',
      'reason crew-fatigue',
      'reason unsafe',
      'reason other',
    ],
    differs: 'EIDO leaves open why',
  },
  { word: 'Post', ours: [], differs: 'where an available unit waits is known by its position alone' },
  { word: 'Station', ours: ['mark at-station'], differs: 'a moment after a trip, and no status' },
  { word: 'CoveringAlternateArea', ours: [], differs: 'nobody is sent to cover an area' },
  {
    word: 'Delayed',
    ours: [],
    differs: 'a crew cannot say it; the alarm `no-movement` is what the engine sees by itself',
  },
  { word: 'Break', ours: ['reason break'] },
  { word: 'Meal', ours: ['reason meal'] },
  { word: 'OffDuty', ours: ['status off-duty'] },
  { word: 'Unmanned', ours: ['reason unstaffed'] },
  {
    word: 'AssignmentCancelled',
    ours: ['time cancelled'],
    differs: 'a moment of the response; the unit is `available`, or `standing-down` at the scene',
  },
]

/** Keys 0 to 8, as ambulance services use them. */
export const FMS_KEYS: readonly FieldWord[] = [
  { word: '0 urgent, emergency', ours: [], differs: 'a crew has no emergency button' },
  { word: '1 free by radio', ours: ['status available'], differs: 'it is not told apart from 2' },
  {
    word: '2 free at station',
    ours: ['status available', 'mark at-station'],
    differs: 'the mark is a moment after a trip, and no status',
  },
  {
    word: '3 taken over',
    ours: ['status assigned', 'status en-route'],
    differs: 'one key for both; where a service presses it before it moves, it is the acknowledgement alone',
  },
  { word: '4 on scene', ours: ['status on-scene'] },
  { word: '5 wants to speak', ours: [], differs: 'a crew cannot ask to be called' },
  {
    word: '6 not ready',
    ours: ['status unavailable', 'status off-duty'],
    differs: 'the key does not say why: `other`, unless the crew says it',
  },
  { word: '7 patient on board', ours: ['status transporting'] },
  {
    word: '8 at destination',
    ours: ['status at-destination'],
    differs: 'some fire services use it for a limited readiness',
  },
]

/** Statuses of ours that none of those words is. */
export const OURS_ALONE: readonly { readonly ours: OurWord; readonly why: string }[] = [
  { ours: 'status standing-down', why: 'its trip was taken from it at the scene, and it may still have a patient' },
]
