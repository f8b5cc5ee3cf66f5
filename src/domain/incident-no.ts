/**
 * Numbers that can be said on the radio: `2026-000123` is a call's, the 123rd of its region in the year 2026, and
 * `2026-000123-2` that of its second trip (NEMSIS eResponse.03 and .04).
 *
 * The year is that of the region's time zone at the moment of entry. Each year has a sequence of its own, which only goes
 * up, so a clock that is set back over new year goes on in the former one.
 */

/** A call's number. */
export interface Incident {
  readonly year: number
  /** From 1 in each year. */
  readonly number: number
}

const DIGITS = 6
/** Region time runs to the year 9999. */
export const INCIDENT_NO = /^(\d{4})-(\d{6,12})$/
export const RESPONSE_NO = /^\d{4}-\d{6,12}-[1-9]\d{0,3}$/

export const incidentNoOf = ({ year, number }: Incident): string =>
  `${String(year).padStart(4, '0')}-${String(number).padStart(DIGITS, '0')}`

/** Null for what is no number of a call. */
export function incidentOf(incidentNo: string): Incident | null {
  const match = INCIDENT_NO.exec(incidentNo)
  return match === null ? null : { year: Number(match[1]), number: Number(match[2]) }
}

/** A trip's number within its call. Input: 1 for the call's first trip; a trip that comes later goes on from the last. */
export const responseNoOf = (incidentNo: string, ordinal: number): string => `${incidentNo}-${ordinal}`

/** The call's part of a trip's number. */
export const incidentNoIn = (responseNo: string): string => responseNo.slice(0, responseNo.lastIndexOf('-'))
