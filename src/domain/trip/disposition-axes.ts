/** What each disposition says on the four axes of NEMSIS 3.5 (eDisposition.27 to .30), by its numbers. */

import type { Disposition } from '../vocabulary.ts'

/** The element of NEMSIS that each axis is. */
export const AXIS_ELEMENTS = {
  /** Whether there was a patient for this unit. */
  unit: 'eDisposition.27',
  /** What the patient got of this unit, or refused. */
  care: 'eDisposition.28',
  /** What this crew was for the patient. */
  crew: 'eDisposition.29',
  /** Who carried the patient. */
  transport: 'eDisposition.30',
} as const
export type DispositionAxis = keyof typeof AXIS_ELEMENTS

/** NEMSIS' NOT value for an axis that has no sense where there was no patient. */
export const NOT_APPLICABLE = '7701001'

/** The codes, with the words of NEMSIS. */
export const AXIS_CODES: Readonly<Record<string, string>> = {
  '4227001': 'Patient Contact Made',
  '4227003': 'Cancelled on Scene',
  '4227007': 'No Patient Contact',
  '4227009': 'No Patient Found',
  '4227011': 'Non-Patient Incident (Not Otherwise Listed)',
  '4228001': 'Patient Evaluated and Care Provided',
  '4228003': 'Patient Evaluated and Refused Care',
  '4228005': 'Patient Evaluated, No Care Required',
  '4228007': 'Patient Refused Evaluation/Care',
  '4228009': 'Patient Support Services Provided',
  '4229001': 'Initiated and Continued Primary Care',
  '4229003': 'Initiated Primary Care and Transferred to Another EMS Crew',
  '4229005': 'Provided Care Supporting Primary EMS Crew',
  '4229007': 'Assumed Primary Care from Another EMS Crew',
  '4229009': 'Incident Support Services Provided (Including Standby)',
  '4229011': 'Back in Service, No Care/Support Services Required',
  '4229013': 'Back in Service, Care/Support Services Refused',
  '4230001': 'Transport by This EMS Unit (This Crew Only)',
  '4230003': 'Transport by This EMS Unit, with a Member of Another Crew',
  '4230005': 'Transport by Another EMS Unit',
  '4230007': 'Transport by Another EMS Unit, with a Member of This Crew',
  '4230009': 'Patient Refused Transport',
  '4230011': 'Non-Patient Transport (Not Otherwise Listed)',
  '4230013': 'No Transport',
  [NOT_APPLICABLE]: 'Not Applicable',
}

/**
 * The codes that a word leaves possible on each axis. One: the word says it. Several: one of them, and only the crew knows
 * which. None: the word says nothing of that axis. A report must not choose where there are several.
 */
export type Axes = Readonly<Record<DispositionAxis, readonly string[]>>

const MET = ['4227001']
const NONE = [NOT_APPLICABLE]
/** Any care that goes with a transport: who refuses to be looked at is not carried. */
const CARE = ['4228001', '4228003', '4228005']
const PRIMARY_CREW = ['4229001', '4229007']

export const DISPOSITION_AXES: Readonly<Record<Disposition, Axes>> = {
  transported: {
    unit: MET,
    care: CARE,
    crew: ['4229001', '4229003', '4229005', '4229007'],
    transport: ['4230001', '4230003'],
  },
  'treated-on-scene': { unit: MET, care: ['4228001'], crew: PRIMARY_CREW, transport: ['4230013'] },
  refused: {
    unit: MET,
    care: [...CARE, '4228007'],
    crew: [...PRIMARY_CREW, '4229011', '4229013'],
    transport: ['4230009', '4230013'],
  },
  'no-patient-found': { unit: ['4227009'], care: NONE, crew: ['4229011'], transport: NONE },
  'transferred-to-other-unit': {
    unit: MET,
    care: CARE,
    crew: ['4229003'],
    transport: ['4230005', '4230007', '4230009', '4230013'],
  },
  'cancelled-on-scene': { unit: ['4227003'], care: NONE, crew: ['4229011'], transport: NONE },
  // Another unit has the patient as a rule, and what becomes of the patient is in that unit's record.
  'no-patient-contact': {
    unit: ['4227007'],
    care: ['4228009', NOT_APPLICABLE],
    crew: ['4229009', '4229011'],
    transport: [],
  },
  'non-patient': { unit: ['4227011'], care: NONE, crew: ['4229009'], transport: ['4230011', NOT_APPLICABLE] },
  assist: {
    unit: ['4227001', '4227007'],
    care: ['4228001', '4228009'],
    crew: ['4229005', '4229009'],
    transport: ['4230005', '4230007', '4230009', '4230013'],
  },
  'evaluated-no-care': { unit: MET, care: ['4228005'], crew: ['4229001', '4229011'], transport: ['4230013'] },
  'refused-care': {
    unit: MET,
    care: ['4228003', '4228007'],
    crew: ['4229013'],
    transport: ['4230009', '4230013'],
  },
  'refused-transport': {
    unit: MET,
    care: ['4228001', '4228005'],
    crew: [...PRIMARY_CREW, '4229011'],
    transport: ['4230009'],
  },
  'transported-by-other-unit': {
    unit: MET,
    care: CARE,
    crew: ['4229001', '4229003', '4229005', '4229007'],
    transport: ['4230005', '4230007'],
  },
}

/** Whether the word says that the crew was with a patient; false also where it leaves that open. */
export const metPatient = (disposition: Disposition): boolean => {
  const { unit } = DISPOSITION_AXES[disposition]
  return unit.length === 1 && unit[0] === '4227001'
}
