/** Everybody who works in the region: crews and feeds, two desks on a connection each, and one over HTTP. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ClientClosed, type CommandOutcome, type NewCall } from '../../../src/client/index.ts'
import type { Fleet, Tokens } from '../world/fleet.ts'
import { ClientLog, type SentCommand } from './client-log.ts'
import { Crew } from './crew.ts'
import { Desk } from './desk.ts'
import { Feed } from './feed.ts'
import { type FixAccount, FixLog } from './fix-log.ts'
import { Gate } from './gate.ts'
import { HttpDesk } from './http-desk.ts'
import { OpenTrips } from './open-trips.ts'

/** What every client of the load shares. */
export interface LoadWorld {
  readonly url: string
  readonly httpUrl: string
  readonly log: ClientLog
  readonly gate: Gate
  readonly random: () => number
  readonly openTrips: OpenTrips
  /** Whether every clock is right, and has been for a moment. */
  clocksRight(): boolean
  /** Sends an answered command once more, now or in a while. */
  repeatSoon(principal: string, id: string, again?: (id: string) => Promise<CommandOutcome<unknown>>): void
  /** A client cuts its own connection under a command, but not while a round measures how soon clients are back. */
  dropSoon(drop: () => void): void
  /** Something of the tool itself went wrong. */
  failed(error: Error): void
}

const CENTRE = { lonDeg: 174.76, latDeg: -36.85 }
const SPREAD_DEG = 0.05
/** Of commands that were answered a while ago: so many are sent again each second. */
const OLD_REPEATS_PER_S = 2
/** After clocks are right again, what was under way may still be dated by the wrong one. */
const CLOCKS_SETTLE_MS = 3_000

const somewhere = (random: () => number) => ({
  lonDeg: CENTRE.lonDeg + (random() - 0.5) * SPREAD_DEG,
  latDeg: CENTRE.latDeg + (random() - 0.5) * SPREAD_DEG,
})

export function callNear(random: () => number): NewCall {
  const { lonDeg, latDeg } = somewhere(random)
  const priority = (1 + Math.floor(random() * 4)) as NewCall['priority']
  return {
    lonDeg: Number(lonDeg.toFixed(6)),
    latDeg: Number(latDeg.toFixed(6)),
    priority,
    needs: [{ levelOfCare: 'bls', capabilities: [] }],
  }
}

interface LoadOptions {
  readonly url: string
  readonly httpUrl: string
  readonly fleet: Fleet
  readonly tokens: Tokens
  readonly random: () => number
  readonly onFailure: (error: Error) => void
}

export class Load {
  readonly log = new ClientLog()
  readonly gate = new Gate()
  readonly http: HttpDesk
  mayDrop = true
  readonly #world: LoadWorld
  readonly #tokens: Tokens
  readonly #crews: Crew[]
  readonly #feeds: Feed[]
  readonly #desks: [Desk, Desk]
  readonly #repeater: NodeJS.Timeout
  readonly #troubles = new WeakMap<object, string>()
  #clocksRightSinceMs: number | null = 0
  #closed = false

  constructor({ url, httpUrl, fleet, tokens, random, onFailure }: LoadOptions) {
    this.#tokens = tokens
    const openTrips = new OpenTrips(fleet.crews.length * 2)
    const failed = (error: Error) => {
      if (!this.#closed && !(error instanceof ClientClosed)) onFailure(error)
    }
    this.#world = {
      url,
      httpUrl,
      log: this.log,
      gate: this.gate,
      random,
      openTrips,
      clocksRight: () =>
        this.#clocksRightSinceMs !== null && performance.now() - this.#clocksRightSinceMs > CLOCKS_SETTLE_MS,
      repeatSoon: (principal, id, again) => void this.#repeatSoon(principal, id, again).catch(failed),
      dropSoon: drop => {
        if (this.mayDrop) drop()
      },
      failed,
    }
    const fixLog = (unitId: string) => new FixLog(unitId, somewhere(random))
    this.#crews = fleet.crews.map((unitId, index) => this.#crew(unitId, index, fixLog(unitId)))
    this.#feeds = fleet.feeds.map((units, index) => this.#feed(index, units.map(fixLog)))
    this.#desks = [this.#desk(0), this.#desk(1)]
    this.http = new HttpDesk(this.#world, tokens.desk)
    this.#repeater = setInterval(() => this.#repeatAnOldOne(), 1_000 / OLD_REPEATS_PER_S)
  }

  /** Everybody is connected and on duty, and begins to work. Errors: ClientClosed. */
  async begin(): Promise<void> {
    await Promise.all(this.#clients.map(client => client.opened()))
    await Promise.all(this.#crews.map(crew => crew.signOn()))
    this.#beginDesk(0)
    this.#beginDesk(1)
    void this.http.work().catch(this.#world.failed)
  }

  /** A client that ended for good is a finding, once; another takes its place. */
  replaceEnded(): void {
    for (const [index, crew] of this.#crews.entries()) {
      if (!crew.hasEnded) continue
      crew.close()
      this.#crews[index] = this.#crew(crew.unitId, index, crew.account.log)
    }
    for (const [index, feed] of this.#feeds.entries()) {
      if (!feed.hasEnded) continue
      feed.close()
      this.#feeds[index] = this.#feed(
        index,
        feed.accounts.map(({ log }) => log),
      )
    }
    for (const index of [0, 1] as const) {
      if (!this.#desks[index].hasEnded) continue
      this.#desks[index] = this.#desk(index)
      this.#beginDesk(index)
    }
  }

  get crews(): readonly Crew[] {
    return this.#crews
  }
  get desk(): Desk {
    return this.#desks[0]
  }
  get allOpen(): boolean {
    return this.#clients.every(client => client.connectionState === 'open')
  }
  /** The clients that have no open connection: who, in which state, and what troubled them last. */
  get notOpen(): string {
    const named = [
      ...this.#crews.map(({ unitId, client }) => ({ name: `unit ${unitId}`, client })),
      ...this.#feeds.map(({ client }, index) => ({ name: `feed ${index}`, client })),
      ...this.#desks.map(({ client }, index) => ({ name: `desk ${index}`, client })),
    ].filter(({ client }) => client.connectionState !== 'open')
    const told = named.map(
      ({ name, client }) => `${name} ${client.connectionState}: ${this.#troubles.get(client) ?? ''}`,
    )
    return `${named.length} (${told.join('; ')})`
  }
  get fixAccounts(): FixAccount[] {
    return [...this.#crews.map(crew => crew.account), ...this.#feeds.flatMap(feed => feed.accounts)]
  }
  get fixesSent(): number {
    return this.fixAccounts.reduce((sum, { log }) => sum + log.sentCount, 0)
  }

  /** The engine's clock is wrong, or right again. */
  clocksAre(right: boolean): void {
    this.#clocksRightSinceMs = right ? performance.now() : null
  }

  /** Connections of some of the clients are cut, of all or of every second one. */
  drop(which: 'even' | 'odd'): void {
    const rest = which === 'even' ? 0 : 1
    for (const [index, client] of [...this.#crews, ...this.#feeds, ...this.#desks].entries()) {
      if (index % 2 === rest) client.drop()
    }
  }

  /** Resolves when every fix of now is durable, as far as the clients are told. Errors: ClientClosed. */
  async allDurable(): Promise<void> {
    await Promise.all([...this.#crews, ...this.#feeds].map(({ client }) => client.mark()))
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#repeater)
    for (const each of [...this.#crews, ...this.#feeds, ...this.#desks, this.http]) each.close()
    this.gate.open()
  }

  get #clients() {
    return [...this.#crews, ...this.#feeds, ...this.#desks].map(({ client }) => client)
  }

  #crew(unitId: string, index: number, fixes: FixLog): Crew {
    return this.#heard(new Crew(this.#world, unitId, this.#tokens.crews.get(unitId)!, index, fixes))
  }

  #feed(index: number, fixes: readonly FixLog[]): Feed {
    return this.#heard(new Feed(this.#world, this.#tokens.feeds[index]!, index % 2 === 0 ? 'binary' : 'json', fixes))
  }

  #desk(index: 0 | 1): Desk {
    return this.#heard(new Desk(this.#world, this.#tokens.desk, index === 0 ? 'binary' : 'json', index === 0))
  }

  #beginDesk(index: 0 | 1): void {
    void this.#desks[index].work(() => this.#desks[index === 0 ? 1 : 0]).catch(this.#world.failed)
  }

  #heard<Worker extends Crew | Feed | Desk>(worker: Worker): Worker {
    const { client } = worker
    client.onFault(fault => this.#troubles.set(client, fault.message))
    return worker
  }

  async #repeatSoon(principal: string, id: string, again?: (id: string) => Promise<CommandOutcome<unknown>>) {
    const known = this.log.repeatable.find(({ entry }) => entry.id === id && entry.principal === principal)
    if (known === undefined) return
    await sleep(this.#world.random() * 3_000)
    await this.#repeat(known.entry, again ?? known.again)
  }

  /** One of an earlier round perhaps, that another engine answered. */
  #repeatAnOldOne(): void {
    const { repeatable } = this.log
    const known = repeatable[Math.floor(this.#world.random() * repeatable.length)]
    if (known === undefined || !this.gate.isOpen || this.log.waiting > repeatable.length) return
    void this.#repeat(known.entry, known.again).catch(this.#world.failed)
  }

  async #repeat(entry: SentCommand, again: (id: string) => Promise<CommandOutcome<unknown>>): Promise<void> {
    await this.gate.pass()
    if (this.#closed) return
    try {
      await this.log.repeat(entry, again)
    } catch (error) {
      // It waits for its answer already, or is older than what its client remembers: nothing was sent.
      if (!/still waits for its answer|was not sent by this client lately/.test((error as Error).message)) throw error
    }
  }
}
