/** How far long work on tables is, on standard error: once a second, and each table that took longer than that. */
import { systemClock } from '../base/time.ts'

const TELL_EVERY_MS = 1_000

export class RowProgressLines {
  #table = ''
  #rows = 0
  #toldAtMs = systemClock.monotonicMs()

  readonly onRows = ({ table, rows }: { readonly table: string; readonly rows: number }): void => {
    if (table !== this.#table) this.#rows = 0
    this.#table = table
    this.#rows += rows
    const nowMs = systemClock.monotonicMs()
    if (nowMs < this.#toldAtMs + TELL_EVERY_MS) return
    this.#toldAtMs = nowMs
    process.stderr.write(`${table}: ${this.#rows} rows\n`)
  }
}

/** Bytes as people read them. */
export function sizeOf(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let [size, unit] = [bytes, 0]
  for (; size >= 1_000 && unit < units.length - 1; unit++) size /= 1_000
  return `${unit === 0 ? size : size.toPrecision(3)} ${units[unit]}`
}
