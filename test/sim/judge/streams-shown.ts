/** What one console hears of the board and of tiles: whether each goes on where it stood. */
import type { AlarmView, TripView, UnitView } from '../../../src/protocol/wire/situation-views.ts'
import type { TileWatch } from '../../../src/protocol/wire/tile-tuples.ts'
import type { Findings } from './findings.ts'
import type { LogAccount } from './log-account.ts'
import type { Told } from './told.ts'

interface Gathered {
  readonly position: number
  readonly trips: TripView[]
  readonly units: UnitView[]
  readonly alarms: AlarmView[]
  next: number
}

export class BoardHeard {
  readonly #name: string
  readonly #log: LogAccount
  readonly #told: Told
  readonly #findings: Findings
  /** The last record that it knows of; null while a snapshot must come first. */
  #last: number | null = null
  #parts: Gathered | null = null

  constructor(name: string, log: LogAccount, told: Told, findings: Findings) {
    this.#name = name
    this.#log = log
    this.#told = told
    this.#findings = findings
  }

  /** `watch-board` was answered: what comes now follows `from`, or is a snapshot. */
  answered(mode: unknown, from: number | null): void {
    this.#parts = null
    this.#last = mode === 'events' ? from : null
  }

  snapshot(
    position: number,
    part: number,
    parts: number,
    [trips, units, alarms]: readonly [readonly TripView[], readonly UnitView[], readonly AlarmView[], ...unknown[]],
  ): void {
    const before = this.#parts
    if (part !== (before?.next ?? 0) || (before !== null && before.position !== position)) {
      this.#find(
        `part ${part} of the board at position ${position} follows part ${(before?.next ?? 0) - 1} at ${before?.position}`,
      )
    }
    const gathered = part === 0 || before === null ? { position, trips: [], units: [], alarms: [], next: 0 } : before
    gathered.trips.push(...trips)
    gathered.units.push(...units)
    gathered.alarms.push(...alarms)
    gathered.next = part + 1
    this.#parts = part + 1 < parts ? gathered : null
    if (this.#parts !== null) return
    this.#last = position
    if (position <= this.#log.end) this.#told.board(gathered, position, this.#name)
  }

  record(position: number, recordedAtMs: number, events: unknown, by: string | null): void {
    if (this.#parts !== null) this.#find(`the record at position ${position} comes in the middle of a snapshot`)
    if (this.#last === null) return this.#find(`the record at position ${position} comes before any snapshot`)
    if (position > this.#last + 1) this.#find(`the record at position ${position} follows position ${this.#last}`)
    this.#last = Math.max(this.#last, position)
    const record = this.#log.record(position)
    if (record === undefined) return
    if (record.recordedAtMs !== recordedAtMs) {
      this.#find(`position ${position} was told as of ${recordedAtMs}, and the log has ${record.recordedAtMs}`)
    }
    const principal = record.principal === 'system' ? null : record.principal
    if (by !== principal) this.#find(`position ${position} was told as done by ${by}, and it is by ${principal}`)
    const text = JSON.stringify(events)
    if (text !== record.shownText) {
      this.#find(`position ${position} was told as ${text}, and the log has ${record.shownText}`)
    }
  }

  #find(text: string): void {
    this.#findings.find('board-without-gap', `${this.#name}: ${text}`)
  }
}

interface Tile {
  readonly stream: string | null
  /** Null while a snapshot must come first. */
  seq: number | null
}

export class TilesHeard {
  readonly #name: string
  readonly #findings: Findings
  readonly #tiles = new Map<string, Tile>()

  constructor(name: string, findings: Findings) {
    this.#name = name
    this.#findings = findings
  }

  /** The client asks for these from now on. Frames of others may still come, and say nothing. */
  asked(watches: readonly TileWatch[]): void {
    const names = new Set(watches.map(([name]) => name))
    for (const name of this.#tiles.keys()) if (!names.has(name)) this.#tiles.delete(name)
    for (const [name, stream, seq] of watches) {
      const known = this.#tiles.get(name)
      // What it names may lie behind what is on its way to it, and then comes again.
      if (known !== undefined && seq !== null) continue
      this.#tiles.set(name, { stream, seq })
    }
  }

  snapshot(name: string, stream: string, seq: number): void {
    if (this.#tiles.has(name)) this.#tiles.set(name, { stream, seq })
  }

  moved(name: string, seq: number): void {
    const tile = this.#tiles.get(name)
    if (tile === undefined || tile.seq === null || seq <= tile.seq) return
    if (seq !== tile.seq + 1) {
      const text = `${this.#name} was sent frame ${seq} of tile ${name} (stream ${tile.stream}) behind frame ${tile.seq}`
      this.#findings.find('tile-without-gap', text)
    }
    tile.seq = seq
  }
}
