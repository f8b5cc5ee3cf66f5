/** Decisions in plain English, for whoever asks why a unit was sent, or was not. */
import type { Candidate, DecisionRecord, Loss } from '../events/decision-record.ts'
import type { Principal, UnitId } from '../ids.ts'
import { type TripState, unitOf } from '../trip/trip.ts'
import type { Verdict } from './eligibility.ts'
import { farOf } from './far.ts'

/** The verdict on one unit, a sentence. */
export function verdictInWords(unitId: UnitId, verdict: Verdict): string {
  switch (verdict.reason) {
    case null:
      return `${unitId} could go.`
    case 'off-duty':
      return verdict.isRetired ? `${unitId} was given up by the service.` : `No crew is signed on to ${unitId}.`
    case 'level-of-care':
      return `${unitId} is ${verdict.has}, and ${verdict.needed} is needed.`
    case 'cannot-transport':
      return `${unitId} cannot carry a patient, and transport is needed.`
    case 'emergency':
      return `The crew of ${unitId} calls for help for itself.`
    case 'unavailable':
      return `${unitId} is unavailable${verdict.because === null ? '' : `: ${verdict.because}`}.`
    case 'busy':
      return `${unitId} is ${verdict.status}${verdict.tripId === null ? '' : ` with trip ${verdict.tripId}`}.`
    case 'asked-this-round':
      return `${unitId} was asked in round ${verdict.round} already.`
    case 'capability':
      return `${unitId} does not have ${verdict.missing.join(', ')}.`
    case 'held-in-reserve':
      return `${unitId} is held in reserve: few units are as high as ${verdict.has}, and it saves no more than ${inSeconds(verdict.savesMs)}.`
    case 'withdrawn':
      return `A dispatcher has just taken a trip from ${unitId}, and it is kept for what they want it for.`
    case 'disconnected':
      return `The app of ${unitId} is not there: its crew has to be told by voice.`
    case 'no-contact':
      return `${unitId} did not answer for trip ${verdict.tripId}, and its crew has given no sign since.`
    case 'no-position':
      return `Nobody knows where ${unitId} is: it has no position.`
    case 'position-lost':
      return verdict.fixAgeMs < 0
        ? `The position of ${unitId} is of a clock that was wrong.`
        : `The position of ${unitId} is ${inSeconds(verdict.fixAgeMs)} old, and counts for ${inSeconds(verdict.lostAfterMs)}.`
  }
}

/** Who was chosen by whom, and of whom. Input: `unitId` null where nobody was found; `chosenBy`, the dispatcher, if one chose. */
export function decisionInWords(
  { unitId, chosenBy }: { readonly unitId: UnitId | null; readonly chosenBy: Principal | null },
  decision: Omit<DecisionRecord, 'basis'>,
): string {
  const { candidates, despite } = decision
  // Who was chosen by hand stands first among the candidates without being one of them.
  const able = despite === undefined ? candidates : candidates.filter(candidate => candidate.unitId !== unitId)
  const counts = countsInWords({ ...decision, candidates: able.toSorted((a, b) => farOf(a) - farOf(b)) })
  if (unitId === null) return counts
  const chosen = candidates.find(candidate => candidate.unitId === unitId)
  const where = chosen === undefined ? 'with no position' : farInWords(chosen)
  const against = despite === undefined ? '' : `, although it was passed over as ${despite}`
  const who = chosenBy === null ? 'The desk' : chosenBy
  const lost = decision.loss === undefined ? '' : `${lossInWords(decision.loss)} `
  const has = chosen?.preferred?.length ? `It has ${chosen.preferred.join(', ')}, which is preferred. ` : ''
  return `${who} chose ${unitId}, ${where}${against}. ${has}${lost}${counts}`.trimEnd()
}

/** What a need loses with a unit, a sentence. */
export function lossInWords({ care, transport, capabilities }: Loss): string {
  const lost = [
    ...(care === null ? [] : [`care (${care.sent} instead of ${care.needed})`]),
    ...(transport ? ['transport'] : []),
    ...capabilities,
  ]
  return `Lost with it: ${lost.join(', ')}.`
}

/** Why there is a trip that helps another one, and who is on it, a sentence or two. Input: the trip that helps. */
export function helpInWords(help: TripState): string {
  const { tripId, helps, helpsBecause, loss = null, phase } = help
  const why =
    helpsBecause === 'none-free'
      ? `nobody of what trip ${helps} needs was free`
      : `the nearest trained crew goes at once beside the right one of trip ${helps}`
  const unitId = unitOf(help)
  const who = unitId === null ? 'It has no unit.' : `${unitId} is on it.`
  const lost = loss === null ? '' : ` ${lossInWords(loss)}`
  return `Trip ${tripId} helps, as ${why}; it is ${phase}. ${who}${lost}`
}

/** What was found: how many could go, and by which reasons the others could not. */
export function countsInWords({ candidates, eligible, excluded }: Omit<DecisionRecord, 'basis'>): string {
  const reasons = Object.entries(excluded).sort(([, a], [, b]) => b - a)
  const excludedCount = reasons.reduce((sum, [, count]) => sum + count, 0)
  const why = reasons.map(([reason, count]) => `${count} ${reason}`).join(', ')
  const couldNot = `${unitsInWords(excludedCount)} could not: ${why}.`
  // A record of before all were counted says how far the search had come.
  if (eligible === undefined) return excludedCount === 0 ? '' : `As far as was counted, ${couldNot}`
  if (eligible === 0) return `Nobody could go. ${excludedCount === 0 ? 'No unit has a crew.' : couldNot}`
  const [nearest] = candidates
  const where = nearest === undefined ? '' : `, ${firstInWords(nearest)}`
  return `${unitsInWords(eligible)} could go${where}. ${excludedCount === 0 ? 'No other unit has a crew.' : couldNot}`
}

function firstInWords(candidate: Candidate): string {
  const { unitId, distanceM, etaMs } = candidate
  if (etaMs === undefined) return `the nearest of those is ${unitId} at ${distanceM} m`
  return `the soonest of those is ${unitId}, ${farInWords(candidate)}`
}

function farInWords({ distanceM, etaMs, turnoutMs, unsureMs, fixAgeMs, estimated }: Candidate): string {
  if (etaMs === undefined) return `${distanceM} m away`
  const how = estimated === undefined ? 'by road' : `by an estimate, as it is ${estimated}`
  const parts = [
    ...(turnoutMs ? [`${inSeconds(turnoutMs)} turnout`] : []),
    ...(unsureMs ? [`${inSeconds(unsureMs)} for a fix of ${inSeconds(fixAgeMs)} ago`] : []),
  ]
  return `${inSeconds(etaMs)} away ${how}${parts.length === 0 ? '' : ` (of it ${parts.join(' and ')})`}`
}

const unitsInWords = (count: number): string => (count === 1 ? '1 unit' : `${count} units`)
const inSeconds = (ms: number): string => `${Math.round(ms / 1_000)} s`
