/**
 * Was anything lost, done twice, or written by the wrong one? Decided from the database and the clients' own account.
 *
 * Shares no code with what it judges: its SQL, its reading of segments and its fold of trips are its own. It reads what is
 * new since it looked last, so that the two hundredth round costs what the second did.
 */
import type pg from 'pg'
import { BoardCheck } from './board.ts'
import { type CommandAccount, CommandCheck } from './commands.ts'
import type { Find, Finding } from './findings.ts'
import { FixCheck, type FixesOfUnit } from './fixes.ts'
import { OrderCheck } from './order.ts'
import { type Cursor, changedSince, readDelta, START } from './stored.ts'
import { TripFold } from './trip-fold.ts'

/** What the clients say of the time since the last look. Each command waits for no answer any more. */
export interface ClientAccount {
  readonly commands: readonly CommandAccount[]
  /** Sent, and not answered by the end of the round: may stand in the log or not. */
  readonly unanswered: readonly { readonly principal: string; readonly id: string }[]
  readonly heard: readonly { readonly position: number; readonly eventTypes: readonly string[] }[]
  readonly units: readonly FixesOfUnit[]
}

export class Checker {
  readonly #region: string
  readonly #order = new OrderCheck()
  readonly #commands = new CommandCheck()
  readonly #fixes = new FixCheck()
  readonly #board = new BoardCheck()
  readonly trips = new TripFold()
  /** Every command that a client ever sent. */
  readonly #sent = new Set<string>()
  #cursor: Cursor = START

  constructor(region: string) {
    this.#region = region
  }

  /** The log ends there. */
  get position(): number {
    return this.#cursor.position
  }
  get fixesStored(): number {
    return this.#fixes.count
  }
  get fixesMisdated(): number {
    return this.#fixes.misdated
  }

  /** Output: what is wrong, in the order in which it was found. Errors: those of pg; nothing was looked at then. */
  async look(client: pg.Client, account: ClientAccount): Promise<Finding[]> {
    const { commands, unanswered, heard, units } = account
    const delta = await readDelta(client, this.#region, this.#cursor, commands)
    const findings: Finding[] = []
    const find: Find = (kind, about, text) => findings.push({ kind, about, text })

    this.#order.judge(delta, find)
    for (const { principal, id } of [...commands, ...unanswered]) this.#sent.add(`${principal} ${id}`)
    for (const record of delta.records) {
      this.#commands.record(record, find)
      this.trips.apply(record, find)
    }
    this.#commands.judge(commands, delta.commands, find)
    this.#commands.askedByNobody(delta.records, key => this.#sent.has(key), find)
    const byUnit = new Map(units.map(unit => [unit.unitId, unit]))
    for (const segment of delta.segments) this.#fixes.segment(segment, byUnit, find)
    this.#fixes.judgeDurable(byUnit, find)
    this.#board.judge(heard, delta.records, find)
    this.#judgeBindings(delta.openTrips, find)
    this.#cursor = delta.cursor
    return findings
  }

  /** Once at the end: all that was read is as it was. Errors: those of pg. */
  async lookBack(client: pg.Client): Promise<Finding[]> {
    const changed = await changedSince(client, this.#region, this.#cursor)
    return changed.map(text => ({ kind: 'history-changed', about: text.split(' ')[0]!, text }))
  }

  #judgeBindings(rows: readonly string[], find: Find): void {
    const bound = new Set([...this.trips.bound].map(([unitId, tripId]) => `${unitId} ${tripId}`))
    for (const row of rows) {
      if (!bound.delete(row))
        find('binding-differs', `unit ${row}`, 'the fence has the pair, and the log does not bind it')
    }
    for (const pair of bound) find('binding-differs', `unit ${pair}`, 'the log binds the pair, and the fence does not')
  }
}
