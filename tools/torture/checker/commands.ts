/** Every acknowledged command is in the log once, as it was told; a refused one is not; a repeated id has one outcome. */
import type { Find } from './findings.ts'
import type { StoredCommand, StoredRecord } from './stored.ts'

/** A command as its client knows it. */
export interface CommandAccount {
  readonly principal: string
  readonly id: string
  readonly kind: string
  readonly via: string
  readonly answers: readonly (
    | { readonly ok: true; readonly position: number; readonly result: Readonly<Record<string, unknown>> }
    | { readonly ok: false; readonly code: string }
  )[]
}

export class CommandCheck {
  /** Where each command of the log stands: one entry a command of the run. */
  readonly #positions = new Map<string, number>()

  /** Input: the new records in their order. */
  record({ position, principal, commandId }: StoredRecord, find: Find): void {
    if (commandId === null || principal === 'system') return
    const key = `${principal} ${commandId}`
    const before = this.#positions.get(key)
    if (before !== undefined) find('command-doubled', `command ${key}`, `it is in the log at ${before} and ${position}`)
    else this.#positions.set(key, position)
  }

  /** Input: commands that were answered since the last look, and the stored outcomes of them among others. */
  judge(commands: readonly CommandAccount[], outcomes: readonly StoredCommand[], find: Find): void {
    const stored = new Map(outcomes.map(row => [`${row.principal} ${row.commandId}`, row]))
    for (const command of commands) this.#judgeOne(command, stored.get(keyOf(command)), find)
  }

  /** Input: keys of new records, and who was ever heard to ask. Whatever stands in the log, a client has sent. */
  askedByNobody(records: readonly StoredRecord[], wasSent: (key: string) => boolean, find: Find): void {
    for (const { position, principal, commandId } of records) {
      if (commandId === null || principal === 'system') continue
      const key = `${principal} ${commandId}`
      if (!wasSent(key)) find('nobody-asked', `command ${key}`, `it is in the log at ${position}, and nobody sent it`)
    }
  }

  #judgeOne(command: CommandAccount, row: StoredCommand | undefined, find: Find): void {
    const key = keyOf(command)
    const about = `command ${key}`
    const what = `${command.kind} over ${command.via}`
    const position = this.#positions.get(key)
    const done = command.answers.filter(answer => answer.ok)
    const [first] = done
    if (first === undefined) {
      const codes = command.answers.map(answer => (answer.ok ? '' : answer.code)).join(', ')
      // What is refused is decided anew each time, so only the last word counts, and here all were refusals.
      if (position !== undefined)
        find('refused-but-done', about, `${what} was refused (${codes}), and is at ${position}`)
      return
    }
    for (const other of done.slice(1)) {
      if (other.position !== first.position || !sameJson(other.result, first.result)) {
        find('outcome-differs', about, `${what} was answered at ${first.position}, and again at ${other.position}`)
      }
    }
    const refusedAfter = command.answers.slice(command.answers.indexOf(first)).find(answer => !answer.ok)
    if (refusedAfter !== undefined) {
      find(
        'outcome-differs',
        about,
        `${what} was done, and repeated it was refused (${(refusedAfter as { code: string }).code})`,
      )
    }
    if (position !== first.position) {
      const where = position === undefined ? 'is not in the log' : `is in the log at ${position}`
      return find('command-lost', about, `${what} was acknowledged at ${first.position} and ${where}`)
    }
    if (row === undefined) return find('command-lost', about, `the outcome of ${what} at ${position} is not kept`)
    if (row.position !== first.position || !sameJson(row.result, first.result)) {
      find('outcome-differs', about, `${what}: the outcome that is kept is not the one that was told`)
    }
  }
}

const keyOf = ({ principal, id }: { readonly principal: string; readonly id: string }) => `${principal} ${id}`

/** Equal as JSON values, in whatever order their keys come. */
function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const right = new Map(Object.entries(b))
  const left = Object.entries(a)
  return left.length === right.size && left.every(([key, value]) => right.has(key) && sameJson(value, right.get(key)))
}
