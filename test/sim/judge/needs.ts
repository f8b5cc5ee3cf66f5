/** Whether a unit can do what a need asks for, and how far it is, by the judge's own reading of both. */

import type { Need } from '../../../src/domain/events/call-events.ts'
import type { DecisionRecord } from '../../../src/domain/events/decision-record.ts'
import { LEVELS_OF_CARE, type LevelOfCare } from '../../../src/domain/vocabulary.ts'

export interface Able {
  readonly levelOfCare: LevelOfCare
  /** Left out in some tests: a first responder carries nobody, all others do. */
  readonly transports?: boolean
  readonly capabilities: readonly string[]
}

const rank = (level: LevelOfCare): number => LEVELS_OF_CARE.indexOf(level)
const lowest = LEVELS_OF_CARE[0]

export const carries = ({ levelOfCare, transports }: Able): boolean => transports ?? levelOfCare !== lowest
export const mustCarry = ({ levelOfCare, transport }: Need): boolean => transport ?? levelOfCare !== lowest
export const caresFor = (unit: Able, need: Need): boolean => rank(unit.levelOfCare) >= rank(need.levelOfCare)
export const missingOf = (unit: Able, need: Need): string[] =>
  need.capabilities.filter(capability => !unit.capabilities.includes(capability))

export function couldServe(unit: Able, need: Need): boolean {
  return caresFor(unit, need) && (carries(unit) || !mustCarry(need)) && missingOf(unit, need).length === 0
}

/** How far a unit is, in milliseconds by road and in metres else. */
export const farOf = ({ distanceM, etaMs }: { readonly distanceM: number; readonly etaMs?: number }): number =>
  etaMs ?? distanceM
export const unitOfFar = ({ basis }: Pick<DecisionRecord, 'basis'>): string => (basis === 'roads' ? 'ms' : 'm')
/** How far a span is. */
export const spanFar = (
  spanMs: number,
  { basis }: Pick<DecisionRecord, 'basis'>,
  { straightLineSpeedMps }: { readonly straightLineSpeedMps: number },
): number => (basis === 'roads' ? spanMs : (spanMs * straightLineSpeedMps) / 1_000)
