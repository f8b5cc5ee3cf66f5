/** What the engine says of itself, over its own API, held against the log: units are placed, open trips are somewhere. */
import { happens } from '../wait.ts'
import type { Find } from './findings.ts'
import type { OpenTrip } from './trip-fold.ts'

type Get = (path: string) => Promise<Readonly<Record<string, unknown>>>

/** A crew reports every second here, so this is the time that one of its reports takes to be seen. */
const CADENCE_MS = 1_000
const SLACK_MS = 4_000
/** A phone's clock and the engine's may be so far apart; nothing is measured in the future otherwise. */
const AHEAD_MS = 2_500

/** Each crew that is connected and reports is placed, where and when it last was, soon. Input: true wall time. */
export async function judgePlaces(
  get: Get,
  region: string,
  unitIds: readonly string[],
  find: Find,
  limitMs = CADENCE_MS + SLACK_MS,
): Promise<void> {
  await Promise.all(
    unitIds.map(async unitId => {
      let last = 'it is not known to the engine'
      const isPlaced = async () => {
        try {
          last = placeOf(await get(`/v1/units/${unitId}/state?region=${region}`))
        } catch (error) {
          last = (error as Error).message
        }
        return last === ''
      }
      if (!(await happens(isPlaced, limitMs))) find('unit-unplaced', `unit ${unitId}`, last)
    }),
  )
}

/** Output: empty when it is placed, else what it is instead. */
function placeOf(unit: Readonly<Record<string, unknown>>): string {
  if (unit.connected !== true) return 'its crew is connected, and the engine does not think so'
  const fix = unit.fix as { readonly fixedAtMs: number; readonly freshness: string } | null
  if (fix === null) return `it has no position (status ${String(unit.status)})`
  const offMs = Math.round(fix.fixedAtMs - Date.now())
  if (offMs > AHEAD_MS || offMs < -CADENCE_MS - SLACK_MS) return `its position is dated ${offMs} ms beside now`
  return fix.freshness === 'fresh' ? '' : `its position is ${fix.freshness}`
}

/**
 * Each trip that has not ended is, for the engine, where the log has it: in the queue, with an offer, or on a unit.
 * Trips may move while they are asked for, so one that differs is asked again with what the log says by then.
 */
export async function judgeTrips(
  get: Get,
  openTrips: () => Promise<ReadonlyMap<string, OpenTrip>>,
  find: Find,
  limitMs = SLACK_MS,
): Promise<void> {
  const wrong = new Map<string, string>()
  const isRight = async () => {
    wrong.clear()
    const trips = await openTrips()
    for (const [tripId, trip] of trips) {
      const why = await differs(get, tripId, trip)
      if (why !== '') wrong.set(tripId, why)
    }
    return wrong.size === 0
  }
  await happens(isRight, limitMs)
  for (const [tripId, why] of wrong) find('trip-nowhere', `trip ${tripId}`, why)
}

async function differs(get: Get, tripId: string, trip: OpenTrip): Promise<string> {
  try {
    const told = await get(`/v1/trips/${tripId}`)
    const offer = (told.offer ?? null) as { readonly unitId: string } | null
    const is = `${String(told.phase)} of ${String(offer?.unitId ?? told.unitId ?? 'nobody')}`
    const was = `${trip.phase} of ${trip.offer?.unitId ?? trip.unitId ?? 'nobody'}`
    return is === was ? '' : `the engine has it ${is}, and the log ${was}`
  } catch (error) {
    return (error as Error).message
  }
}
