/**
 * Who is there first by road, by a search of the judge's own: plain Dijkstra over the city's streets, for every unit by itself.
 *
 * Where a unit is on the streets the judge works out by itself, too. One that stands is on the nearest street and may leave
 * either way; of one that drives the judge grants every street nearby, so its time is a range.
 */
import type { Candidate, DecisionRecord, PassedOverUnit } from '../../../src/domain/events/decision-record.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { PlacedFix } from '../../../src/domain/fix.ts'
import type { Position } from '../../../src/domain/geo.ts'
import type { StandingPolicy } from '../../../src/domain/policy.ts'
import type { DrawnZone } from '../../../src/domain/zone.ts'
import type { OwnedRegion } from '../core/watch.ts'
import { type Point, pointAt } from '../world/city.ts'
import type { Street } from '../world/streets.ts'
import { zoneFactor } from './closed-roads.ts'
import { drivenMs, type JudgedDelays, type JudgedDrive, judgedDelays } from './driven.ts'
import type { Findings } from './findings.ts'

type OfferMade = Extract<DomainEvent, { type: 'OfferMade' }>

/** No unit is further from a street and on it. Around it either is right, for the judge measures on a plane. */
const OFF_ROAD_M = 200
const OFF_ROAD_ABOUT_M = 3
const STANDS_MPS = 2
/** Streets that are about as near: of who stands, and of who drives, whose heading counts for up to 60 m. */
const SAME_M = 0.5
const NEARBY_M = 70
/** Places and parts of streets are rounded. */
const ROUNDED_MS = 50
const PART_ROUNDED_MS = 2
const AT_STATION_M = 100
const NAMED_MAX = 10

/** A way on from a place on a street. */
interface Onto {
  readonly street: DrivenStreet
  /** How far along it, from its `from`. */
  readonly share: number
  readonly awayM: number
}

/** From when to when a unit can be there; null where it is on no street, undefined where that cannot be told. */
type Range = readonly [leastMs: number, mostMs: number, mayBeCutOff: boolean] | null | undefined

interface Seen {
  readonly range: Range
  readonly delays: JudgedDelays
}

interface DrivenStreet extends Street {
  readonly isClosed: boolean
}

interface SoonestParts {
  readonly streets: readonly Street[]
  readonly stations: readonly Point[]
  readonly policies: ReadonlyMap<number, StandingPolicy>
  readonly timeZone: string
}

export class Soonest {
  readonly #parts: SoonestParts
  readonly #findings: Findings

  constructor(parts: SoonestParts, findings: Findings) {
    this.#parts = parts
    this.#findings = findings
  }

  /** A process has decided so much, and its memory is as the decision saw it but for what it decided. */
  turned(region: OwnedRegion, events: readonly DomainEvent[]): void {
    const crewsChange = events.some(({ type }) => type === 'CrewSignedOn' || type === 'CrewSignedOff')
    for (const event of events) {
      if (event.type === 'OfferMade' && event.decision.basis === 'roads') this.#check(region, event, crewsChange)
    }
  }

  #check(region: OwnedRegion, offer: OfferMade, crewsChange: boolean): void {
    const { tripId, unitId, decision } = offer
    const trip = region.states.trip(tripId)
    const policy = this.#parts.policies.get(decision.policyVersion ?? 0)
    if (trip === undefined || policy === undefined) return
    const { timeZone } = this.#parts
    const drive = { priority: trip.priority, atMs: offer.offeredAtMs, policy, timeZone }
    const tell = (text: string) =>
      this.#findings.find('soonest-goes', `the offer of ${tripId} to ${unitId} at position ${region.logHead} ${text}`)
    const zones = region.states.regionState.zones ?? []
    const times = this.#timesTo(trip, drive, zones)
    if (times === null) return
    const seen = new Map<string, Seen>()
    const free = new Set(decision.despite === undefined ? decision.candidates.map(each => each.unitId) : [])
    for (const { state, location } of region.states.driverActors()) {
      const { current } = location
      if (current === null || state.crew === null) continue
      const delays = this.#delaysOf(current, free.has(state.unitId), { ...drive, policy })
      if (delays !== null) seen.set(state.unitId, { range: times(current), delays })
    }
    for (const unit of [...decision.candidates, ...(decision.passedOver ?? [])]) {
      const wrong = whyWrong(unit, seen.get(unit.unitId), policy)
      if (wrong !== null) tell(wrong)
    }
    if (!crewsChange && trip.insistedUnitId !== unitId) {
      for (const text of leftOut(decision, seen)) tell(text)
    }
  }

  /** Null where it cannot be told whether it is at a station. */
  #delaysOf(
    fix: PlacedFix,
    isFree: boolean,
    drive: JudgedDrive & { readonly policy: StandingPolicy },
  ): JudgedDelays | null {
    const { xM, yM } = pointAt(fix)
    const awayM = Math.min(...this.#parts.stations.map(station => Math.hypot(station.xM - xM, station.yM - yM)))
    if (Math.abs(awayM - AT_STATION_M) <= OFF_ROAD_ABOUT_M) return null
    return judgedDelays(fix, isFree, awayM < AT_STATION_M, drive)
  }

  /** Null where the place is on no street, or may be. */
  #timesTo(place: Position, drive: JudgedDrive, zones: readonly DrawnZone[]): ((fix: PlacedFix) => Range) | null {
    const at = pointAt(place)
    const streets = streetsFor(this.#parts.streets, drive, zones)
    const places = ontoFrom(streets, at, SAME_M)
    const [nearest] = places
    if (nearest === undefined || nearest.awayM > OFF_ROAD_M - OFF_ROAD_ABOUT_M) return null
    // At a crossing any of its streets may be meant, which is the same but where one is closed.
    const meant = places.some(({ street }) => street.isClosed) ? places : [nearest]
    const ways = meant.map(place => ({ place, known: search(streets, waysInto(place)) }))
    return fix => {
      const isStanding = fix.speedMps === null || fix.speedMps < STANDS_MPS || fix.headingDeg === null
      const all = ontoFrom(streets, pointAt(fix), isStanding ? SAME_M : NEARBY_M)
      const leastM = Math.min(...all.map(({ awayM }) => awayM))
      if (Math.abs(leastM - OFF_ROAD_M) <= OFF_ROAD_ABOUT_M) return undefined
      if (leastM > OFF_ROAD_M) return null
      // Who stands goes the quickest way from the street that it is on; of who drives the heading says which way.
      const ms = ways.flatMap(({ place, known }) =>
        all.flatMap(onto => {
          const each = waysOn(onto, place, known)
          return isStanding ? [Math.min(...each)] : each
        }),
      )
      const finite = ms.filter(Number.isFinite)
      // It may be on a street that leads nowhere, or on one beside it.
      const mayBeCutOff = finite.length < ms.length
      if (finite.length === 0) return [Infinity, Infinity, mayBeCutOff]
      return [Math.min(...finite), Math.max(...finite), mayBeCutOff]
    }
  }
}

/** From both ends of its street to a place. */
const waysInto = ({ street, share }: Onto): [string, number][] => [
  [keyOf(street.from), street.ms * share],
  [keyOf(street.to), street.backMs * (1 - share)],
]

/** With the times of a drive. */
function streetsFor(
  streets: readonly Street[],
  drive: JudgedDrive,
  zones: readonly DrawnZone[],
): readonly DrivenStreet[] {
  const driven = drivenMs(drive)
  return streets.map(street => {
    const { ms, backMs, roadClass } = street
    const factor = zones.length === 0 ? 1 : zoneFactor(street, zones, drive.atMs)
    const slow = (each: number) => Math.round(driven(each, roadClass) * Math.max(1, factor))
    return { ...street, ms: slow(ms), backMs: slow(backMs), isClosed: factor === 0 }
  })
}

/** The streets that are nearest, and those about as near. */
function ontoFrom(streets: readonly DrivenStreet[], point: Point, aboutM: number): Onto[] {
  const all = streets.map(street => ontoOf(street, point))
  const leastM = all.reduce((least, { awayM }) => Math.min(least, awayM), Infinity)
  return all.filter(({ awayM }) => awayM <= leastM + aboutM).sort((a, b) => a.awayM - b.awayM)
}

/** From all crossings to where the starts are, over the streets the other way round. */
function search(
  streets: readonly DrivenStreet[],
  starts: readonly (readonly [string, number])[],
): ReadonlyMap<string, number> {
  const arcs = new Map<string, { readonly to: string; readonly ms: number }[]>()
  const arc = (from: Point, to: Point, ms: number) => {
    const key = keyOf(from)
    const others = arcs.get(key)
    if (others === undefined) arcs.set(key, [{ to: keyOf(to), ms }])
    else others.push({ to: keyOf(to), ms })
  }
  for (const { from, to, ms, backMs, isClosed } of streets) {
    // Who is on it drives off, a place on it is reached; nobody drives through.
    if (isClosed) continue
    arc(to, from, ms)
    arc(from, to, backMs)
  }
  const known = new Map<string, number>()
  // By the second in which they are come to: a queue as plain as can be.
  const waiting = new Map<number, [string, number][]>()
  const put = (node: string, ms: number) => {
    const second = Math.floor(ms / 1_000)
    waiting.set(second, [...(waiting.get(second) ?? []), [node, ms]])
  }
  for (const [node, ms] of starts) put(node, ms)
  for (let second = 0; waiting.size > 0; second++) {
    for (const [node, ms] of (waiting.get(second) ?? []).sort((a, b) => a[1] - b[1])) {
      if ((known.get(node) ?? Infinity) <= ms) continue
      known.set(node, ms)
      for (const arc of arcs.get(node) ?? []) put(arc.to, ms + arc.ms)
    }
    waiting.delete(second)
  }
  return known
}

/** By either end of the street, and along it where the place is on it, too. */
function waysOn({ street, share }: Onto, place: Onto, known: ReadonlyMap<string, number>): number[] {
  const ways = [
    (known.get(keyOf(street.to)) ?? Infinity) + street.ms * (1 - share),
    (known.get(keyOf(street.from)) ?? Infinity) + street.backMs * share,
  ]
  if (place.street === street)
    ways.push(share <= place.share ? street.ms * (place.share - share) : street.backMs * (share - place.share))
  return ways
}

function whyWrong(
  unit: Candidate | PassedOverUnit,
  seen: Seen | undefined,
  { straightLineSpeedMps }: Pick<StandingPolicy, 'straightLineSpeedMps'>,
): string | null {
  const { unitId, distanceM, etaMs, turnoutMs = 0, unsureMs = 0, estimated } = unit
  if (seen?.range === undefined) return null
  if (etaMs === undefined) return `has no time for ${unitId}`
  const { range, delays } = seen
  if (!delays.turnoutMs.includes(turnoutMs))
    return `has ${turnoutMs} ms turnout for ${unitId}, and it is ${delays.turnoutMs.join(' or ')} ms`
  if (!delays.unsureMs.some(ms => Math.abs(ms - unsureMs) <= PART_ROUNDED_MS))
    return `has ${unsureMs} ms for the age of the fix of ${unitId}, and it is ${delays.unsureMs.map(Math.round).join(' or ')} ms`
  const driveMs = etaMs - turnoutMs - unsureMs
  if (range === null) {
    if (estimated !== 'off-road') return `has ${driveMs} ms by road for ${unitId}, which is on none`
    const lineMs = (distanceM / straightLineSpeedMps) * 1_000
    return Math.abs(driveMs - lineMs) <= 1_000
      ? null
      : `has ${driveMs} ms for ${unitId}, and it is ${Math.round(lineMs)} ms`
  }
  if (range[1] === Infinity) return estimated === 'cut-off' ? null : `has ${driveMs} ms for ${unitId}, which is cut off`
  if (estimated === 'cut-off' && range[2]) return null
  if (estimated !== undefined) return `says that ${unitId} is ${estimated}, and it is on a street`
  const [leastMs, mostMs] = range
  if (driveMs >= leastMs - ROUNDED_MS && driveMs <= mostMs + ROUNDED_MS) return null
  return `has ${driveMs} ms for ${unitId}, and it is ${Math.round(leastMs)} to ${Math.round(mostMs)} ms`
}

/** Whoever is sooner than the last that it names as able is named, able or not. */
function* leftOut(decision: DecisionRecord, seen: ReadonlyMap<string, Seen>): Iterable<string> {
  const { candidates, passedOver = [] } = decision
  if (passedOver.length >= NAMED_MAX || candidates.length === 0) return
  // Of units about as near one with what is preferred may stand before sooner ones, and those then have no place in a short list.
  if (candidates.some(({ preferred }) => preferred !== undefined)) return
  const lastMs = candidates.at(-1)!.etaMs ?? 0
  const named = new Set([...candidates, ...passedOver].map(({ unitId }) => unitId))
  for (const [unitId, { range, delays }] of seen) {
    if (range === null || range === undefined || named.has(unitId)) continue
    const mostMs = range[1] + Math.max(...delays.turnoutMs) + Math.max(...delays.unsureMs)
    if (mostMs + ROUNDED_MS >= lastMs || range[2]) continue
    yield `does not name ${unitId}, which is there after ${Math.round(mostMs)} ms, and the last that it names after ${lastMs} ms`
  }
}

function ontoOf(street: DrivenStreet, { xM, yM }: Point): Onto {
  const { from, to } = street
  const [alongX, alongY] = [to.xM - from.xM, to.yM - from.yM]
  const part = ((xM - from.xM) * alongX + (yM - from.yM) * alongY) / (alongX * alongX + alongY * alongY)
  const share = Math.min(1, Math.max(0, part))
  return { street, share, awayM: Math.hypot(from.xM + share * alongX - xM, from.yM + share * alongY - yM) }
}

const keyOf = ({ xM, yM }: Point): string => `${xM} ${yM}`
