/**
 * The stored rows of a region that were found damaged: the first rows by name, all of them by count.
 *
 * A broken disk can damage as many rows as there are, so neither memory nor the log may grow with them.
 */

import type { Told } from '../../protocol/told.ts'
import type { Damage, StoredTable } from '../../store/log/journal.ts'
import type { Logger } from '../../telemetry/log.ts'

/** Damages that are kept with their place; beyond this number only rows are counted. */
const NAMED_MAX = 100

export class DamageReport {
  readonly named: Damage[] = []
  readonly #rows = new Map<StoredTable, number>()
  #notNamed = 0

  note(damage: Damage): void {
    this.#rows.set(damage.table, (this.#rows.get(damage.table) ?? 0) + damage.rows)
    // Another id of a row that was told of already.
    if (damage.rows === 0) return
    if (this.named.length < NAMED_MAX) this.named.push(damage)
    else this.#notNamed += 1
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0
  }

  /** How many rows of each table. */
  rows(): readonly { readonly table: StoredTable; readonly rows: number }[] {
    return [...this.#rows].map(([table, rows]) => ({ table, rows }))
  }

  get total(): number {
    return [...this.#rows.values()].reduce((sum, rows) => sum + rows, 0)
  }

  /** The notice for watchers of the board; null when nothing is damaged. */
  notice(): Told | null {
    if (this.isEmpty) return null
    const message =
      'Stored data of this region was found damaged when it was read. The board may lack what happened then; ' +
      'compare the board with what the crews say, and let the operator look into the log.'
    return {
      type: 'refused',
      id: null,
      refusal: { code: 'stored-data-damaged', message, details: { tables: this.rows() } },
    }
  }

  /** One line for each damage, and one for all damages that are not named. */
  tell(log: Logger): void {
    for (const damage of this.named) tellDamage(log, damage)
    if (this.#notNamed === 0) return
    log.error({ more: this.#notNamed, tables: this.rows() }, 'stored data is damaged in more places than are named')
  }
}

export function tellDamage(log: Logger, { table, at, kind, rows, entities }: Damage): void {
  log.error({ table, at, kind, rows, entities }, `stored data is damaged: ${WORDS[kind]}; see docs/durability.md`)
}

const WORDS: Readonly<Record<Damage['kind'], string>> = {
  missing: 'rows are missing',
  changed: 'a row is not what was written',
  'beyond-end': 'rows are of a position that the log does not reach',
  contradiction: 'a row is at odds with others',
}
