/** What the rules know of a connection of the log, and of a message on it. */

export interface Hello {
  readonly line: number
  readonly atMs: number
  readonly id: string
  readonly token: string
  readonly region: string
  readonly role: string
  readonly unitId: string | null
  readonly clientNowMs: number
  readonly streams: readonly (readonly [streamId: string, clock: string, lowestSeq: number])[]
}
interface ClockView {
  readonly nowMs: number
  readonly anchorRegionMs: number
  readonly anchorWallMs: number
  readonly rate: number
}
export interface DriverView {
  readonly unit: { readonly unitId: string; readonly status: string; readonly crew: string | null }
  readonly trip: {
    readonly tripId: string
    readonly phase: string
    readonly unitId: string | null
    readonly offer: { readonly offerId: string; readonly mode: string } | null
  } | null
}
export interface Welcome {
  readonly streams: readonly (readonly [streamId: string, durableSeq: number])[]
  readonly driver: DriverView | null
  readonly clock: ClockView
  readonly limits: { readonly frameBytes: number; readonly fixesPerFrame: number }
  readonly ticket: string | null
}

export class Connection {
  readonly name: string
  readonly line: number
  readonly openedAtMs: number
  readonly isBinary: boolean
  /** The newest `hello`; refused ones, too. */
  hello: Hello | null = null
  welcome: Welcome | null = null
  welcomeAtMs = 0
  /** The `clock` of the welcome, or the newest that was told since, and when. */
  clock: ClockView | null = null
  #clockAtMs = 0
  closed: { readonly line: number; readonly atMs: number; readonly code: number } | null = null

  constructor(name: string, line: number, openedAtMs: number, isBinary: boolean) {
    this.name = name
    this.line = line
    this.openedAtMs = openedAtMs
    this.isBinary = isBinary
  }

  setClock(clock: ClockView, atMs: number): void {
    this.clock = clock
    this.#clockAtMs = atMs
  }

  /** Region time at a moment of the log [TM-1]; null before the welcome. */
  regionMs(atMs: number): number | null {
    return this.clock === null ? null : this.clock.nowMs + (atMs - this.#clockAtMs) * this.clock.rate
  }

  get role(): string | null {
    return this.welcome === null ? null : (this.hello?.role ?? null)
  }
}

export interface Message {
  readonly line: number
  readonly atMs: number
  readonly connection: Connection
  readonly type: string
  /** The elements behind the type. */
  readonly fields: readonly unknown[]
  readonly bytes: number
}

/** Rules that belong together. Each hears the log in its order; connections are as of that message already. */
export interface Rules {
  onOpen?(connection: Connection): void
  onClient?(message: Message): void
  onServer?(message: Message): void
  onClosed?(connection: Connection): void
  onEnd?(atMs: number, connections: readonly Connection[]): void
}

/** How far two clocks of one machine, and a timer, may lie apart. */
export const SLACK_MS = 50
