/** A fleet that is signed on by voice and driven through the city by one feed, at an even pace. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type FeedClient } from '../src/client/index.ts'
import { percentile } from './come-back-figures.ts'
import { drive, newVehicle, type Vehicle } from './fleet.ts'
import { REGION } from './region.ts'

interface FleetSettings {
  readonly port: number
  readonly units: number
  /** Seconds between two fixes of a unit. */
  readonly cadenceS: number
  readonly random: () => number
}

const CITY = { radiusM: 6_000 }
const TICK_MS = 100

export class DrivenFleet {
  readonly #settings: FleetSettings
  readonly #vehicles: readonly Vehicle[]
  readonly #lagsMs: number[] = []
  #feed: FeedClient | null = null
  #timer: NodeJS.Timeout | null = null
  #sent = 0

  constructor(settings: FleetSettings) {
    this.#settings = settings
    this.#vehicles = Array.from({ length: settings.units }, (_, index) => newVehicle(index, CITY, 1, settings.random))
  }

  /** How much later than they were due fixes left, in milliseconds. */
  get lagP99Ms(): number {
    return percentile(
      this.#lagsMs.toSorted((a, b) => a - b),
      0.99,
    )
  }

  /** Input: a feed's token, and those of dispatchers, who sign the crews on together. Resolves when all are, and drive. */
  async start(feedToken: string, deskTokens: readonly string[]): Promise<void> {
    const { port } = this.#settings
    const at = { url: `ws://127.0.0.1:${port}`, region: REGION }
    const desks = deskTokens.map(token => connect({ ...at, token, role: 'dispatcher' }))
    await Promise.all(
      this.#vehicles.map(async ({ unitId }, index) => {
        await desks[index % desks.length]!.setUnitStatus(unitId, 'available')
      }),
    )
    for (const desk of desks) desk.close()
    const feed = connect({ ...at, token: feedToken, role: 'feed' })
    this.#feed = feed
    feed.attach(this.#vehicles.map(({ unitId }) => unitId))
    while (feed.unitsAttached < this.#vehicles.length) await sleep(100)
    const startedMs = performance.now()
    this.#timer = setInterval(() => this.#tick(startedMs), TICK_MS)
    await sleep(this.#settings.cadenceS * 1_000)
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#feed?.close()
  }

  /** Sends what is due by now. */
  #tick(startedMs: number): void {
    const { units, cadenceS } = this.#settings
    const perMs = units / (cadenceS * 1_000)
    const nowMs = performance.now() - startedMs
    for (; this.#sent < nowMs * perMs; this.#sent += 1) {
      const vehicle = this.#vehicles[this.#sent % units]!
      drive(vehicle, cadenceS, CITY, this.#settings.random)
      const { unitId, lonDeg, latDeg, speedMps, headingDeg } = vehicle
      this.#feed!.send(unitId, { lonDeg, latDeg, speedMps, ...(headingDeg === null ? {} : { headingDeg }) })
      if (this.#sent % 97 === 0) this.#lagsMs.push(Math.max(0, nowMs - this.#sent / perMs - TICK_MS))
    }
  }
}
