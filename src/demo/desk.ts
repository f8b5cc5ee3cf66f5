/** The dispatch desk of a demo: enters made-up calls, tells what the board says, and empties the board again. */
import {
  type BoardEvents,
  type BoardSnapshot,
  ClientClosed,
  type ClientFault,
  CommandRefused,
  connect,
  type DispatcherClient,
  EngineReads,
} from '../client/index.ts'
import type { Position } from '../domain/geo.ts'
import type { Priority } from '../domain/vocabulary.ts'
import type { DemoCity } from './demo-city.ts'

/** What is the demo's own on a board, whoever else is on it: its units by their ids, its own trips by their triage code. */
export const isDemoUnit = (unitId: string): boolean => /^DEMO-\d+$/.test(unitId)
const DEMO_PROBLEM = 'DEMO'

const FIRST_CALL_MS = 1_000
const ALS_SHARE = 0.6

interface DemoDeskSettings {
  readonly url: string
  readonly region: string
  readonly token: string
  /** Who may enter calls beside the desk, as part of the demo. */
  readonly guest: string
}

/** What is of the demo on a board. */
export type DemoOwn = Pick<BoardSnapshot, 'trips' | 'units'>

export class DemoDesk {
  readonly client: DispatcherClient
  readonly #reads: EngineReads
  readonly #settings: DemoDeskSettings
  readonly #open = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #stopWatch: () => void = () => undefined
  #trouble: ClientFault | null = null

  constructor(settings: DemoDeskSettings) {
    const { url, region, token } = settings
    this.#settings = settings
    this.#reads = new EngineReads({ url, token })
    this.client = connect({ url, region, role: 'dispatcher', token, warn: () => undefined })
    this.client.onFault(fault => {
      this.#trouble = fault
    })
    this.client.onClosed(() => clearTimeout(this.#timer))
  }

  /** What went wrong last with the connection; null while nothing has. */
  get trouble(): ClientFault | null {
    return this.#trouble
  }

  /** The board as it is. Errors: ClientClosed. */
  async look(): Promise<BoardSnapshot> {
    await this.client.opened()
    return new Promise((resolve, reject) => {
      const stopEnds = this.client.onClosed(reject)
      const stopWatch = this.client.watchBoard({
        onSnapshot(snapshot) {
          stopEnds()
          // The client is in the middle of telling it.
          queueMicrotask(() => {
            stopWatch()
            resolve(snapshot)
          })
        },
        onEvents: () => undefined,
      })
    })
  }

  /** The board as it is, and what of it is the demo's: its units and trips, and those of calls that its guest has entered. */
  async lookForOwn(): Promise<{ readonly found: BoardSnapshot; readonly own: DemoOwn }> {
    const found = await this.look()
    const { trips, units } = found
    const isPlain = ({ problem }: BoardSnapshot['trips'][number]) => problem === DEMO_PROBLEM
    const calls = trips.every(isPlain) ? new Set<string>() : await this.#callsOfGuest(found.position)
    const own = {
      trips: trips.filter(trip => isPlain(trip) || calls.has(trip.callId)),
      units: units.filter(({ unitId }) => isDemoUnit(unitId)),
    }
    return { found, own }
  }

  /** Enters a call about every `everyMs` of region time, while fewer than `openMax` trips go on. */
  begin(
    { city, everyMs, openMax }: { readonly city: DemoCity; readonly everyMs: number; readonly openMax: number },
    random: () => number,
    onRecord: (record: BoardEvents) => void,
  ): void {
    this.#stopWatch = this.client.watchBoard({
      onSnapshot: ({ trips }) => {
        const open = new Set(trips.map(({ tripId }) => tripId))
        for (const tripId of this.#open) if (!open.has(tripId)) this.#open.delete(tripId)
      },
      onEvents: record => {
        for (const event of record.events) {
          if (event.type === 'TripClosed' || event.type === 'TripCancelled') this.#open.delete(event.tripId)
        }
        onRecord(record)
      },
    })
    const next = (inMs: number) => {
      this.#timer = setTimeout(() => {
        next(everyMs * (0.5 + random()))
        if (this.#open.size >= openMax) return
        this.#enter(city.somewhere(random), random).catch(error => {
          if (!(error instanceof ClientClosed)) throw error
        })
      }, inMs / this.client.clockRate)
    }
    next(FIRST_CALL_MS)
  }

  /** Enters no more calls. */
  end(): void {
    clearTimeout(this.#timer)
    this.#stopWatch()
  }

  /** Ends the open trips of the demo, and signs its units off. Errors: ClientClosed. */
  async empty(): Promise<void> {
    const { trips, units } = (await this.lookForOwn()).own
    for (const { tripId } of trips) {
      const cancelled = await unlessRefused(this.client.cancelTrip(tripId, 'no-longer-needed'))
      // With a patient on board it cannot be cancelled.
      if (cancelled === null) await unlessRefused(this.client.closeTrip(tripId, 'transported'))
    }
    for (const { unitId, status } of units) {
      if (status !== 'off-duty') await unlessRefused(this.client.setUnitStatus(unitId, 'off-duty'))
    }
  }

  async #callsOfGuest(position: number): Promise<ReadonlySet<string>> {
    const { region, guest } = this.#settings
    const calls = await this.#reads.openCalls(region, position)
    return new Set(calls.filter(({ enteredBy }) => enteredBy === guest).map(({ callId }) => callId))
  }

  async #enter(place: Position, random: () => number): Promise<void> {
    const need = { levelOfCare: random() < ALS_SHARE ? 'als' : 'bls', capabilities: [] } as const
    const priority = (1 + Math.floor(random() * 3)) as Priority
    const entered = await unlessRefused(
      this.client.enterCall({ ...place, priority, problem: DEMO_PROBLEM, needs: [need] }),
    )
    for (const tripId of entered?.result.tripIds ?? []) this.#open.add(tripId)
  }
}

/** What others have done in the meantime need not be done again. */
async function unlessRefused<T>(outcome: Promise<T>): Promise<T | null> {
  try {
    return await outcome
  } catch (error) {
    if (error instanceof CommandRefused) return null
    throw error
  }
}
