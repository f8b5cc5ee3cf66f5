/** Ids and answers: one answer for each, one id for each command, and the same id when it is sent again. */
import type { Connection, Message, Rules } from '../connection.ts'
import { SLACK_MS } from '../connection.ts'
import type { Protocol } from '../protocol.ts'
import type { Verdicts } from '../verdicts.ts'

/** What has an id and leaves nothing behind: its id may be used again. */
const QUERIES = new Set([
  'nearest',
  'explain-trip',
  'find-place',
  'best-destinations',
  'reach',
  'coverage',
  'trip-route',
  'watch-board',
  'unwatch-board',
  'watch-etas',
  'unwatch-etas',
  'watch-tiles',
  'watch-unit',
  'unwatch-unit',
  'attach',
  'detach',
])
const WITHOUT_ID = new Set(['hello', 'fix', 'hint', 'mark', 'feed-fixes'])
/** A connection that lasted this long after its welcome had time for what was not answered. */
const RESUMED_WITHIN_MS = 3_000
/** An answer that has not come by then will not; two seconds are promised, from the engine on. */
const ANSWERED_WITHIN_MS = 20_000

export const isCommand = (type: string): boolean => !WITHOUT_ID.has(type) && !QUERIES.has(type)

interface Asked {
  readonly id: string
  readonly type: string
  readonly body: string
  /** The body without the moment: what the command is about. */
  readonly subject: string
  connection: Connection
  line: number
  atMs: number
  answer: 'none' | 'reply' | 'refused' | 'retryable'
  answeredAtMs: number
  retryAfterMs: number
}

export class Commands implements Rules {
  readonly #protocol: Protocol
  readonly #verdicts: Verdicts
  readonly #asked = new Map<string, Asked>()
  /** Answers that are due, by connection and id. */
  readonly #due = new Map<Connection, Map<string, number>>()

  constructor(protocol: Protocol, verdicts: Verdicts) {
    this.#protocol = protocol
    this.#verdicts = verdicts
  }

  onClient(message: Message): void {
    const { connection, type, fields } = message
    if (WITHOUT_ID.has(type) && type !== 'hello') return
    const id = fields[0] as string
    const due = this.#due.get(connection) ?? new Map<string, number>()
    this.#due.set(connection, due.set(id, (due.get(id) ?? 0) + 1))
    if (type === 'hello') return
    const names = this.#protocol.fieldsOf('client', type)
    const known = names.map((name, index) => [name, fields[index]] as const)
    const asked: Asked = {
      ...{
        id,
        type,
        connection,
        line: message.line,
        atMs: message.atMs,
        answer: 'none',
        answeredAtMs: 0,
        retryAfterMs: 0,
      },
      body: JSON.stringify([type, ...known.slice(1).map(([, value]) => value)]),
      subject: JSON.stringify([
        type,
        ...known
          .slice(1)
          .filter(([name]) => name !== 'happenedAtMs')
          .map(([, value]) => value),
      ]),
    }
    const before = this.#asked.get(id)
    if (isCommand(type)) {
      if (before === undefined) this.#lookForTwin(asked)
      else this.#lookAtRepetition(before, asked)
    }
    this.#asked.set(id, asked)
  }

  onServer({ connection, type, fields, line, atMs }: Message): void {
    if (type !== 'reply' && type !== 'error' && type !== 'welcome') return
    const id = fields[0] as string | null
    if (id === null) return
    const due = this.#due.get(connection)
    const count = due?.get(id) ?? 0
    if (count === 0)
      return this.#verdicts.server('CM-1', line, `an answer to ${id}, for which none is due on this connection`)
    due!.set(id, count - 1)
    this.#verdicts.kept('CM-1')
    const asked = this.#asked.get(id)
    if (asked === undefined || type === 'welcome') return
    asked.answeredAtMs = atMs
    if (type === 'reply') {
      asked.answer = 'reply'
      const misfit = this.#protocol.resultMisfit(asked.type, fields[2])
      if (misfit === null) this.#verdicts.kept('CM-3')
      else this.#verdicts.server('CM-3', line, `the reply to ${asked.type}: ${misfit}`)
      return
    }
    const [, code, , details] = fields as [string, string, string, { readonly retryAfterMs?: number } | null]
    asked.answer = this.#protocol.isRetryable(code) ? 'retryable' : 'refused'
    asked.retryAfterMs = details?.retryAfterMs ?? 0
  }

  onEnd(atMs: number, connections: readonly Connection[]): void {
    for (const asked of this.#asked.values()) {
      if (asked.answer !== 'none') continue
      const { connection, id, type, line } = asked
      if (connection.closed === null) {
        if (atMs - asked.atMs > ANSWERED_WITHIN_MS)
          this.#verdicts.server('CM-1', line, `${type} ${id} was never answered`)
        continue
      }
      const later = connections.slice(connections.indexOf(connection) + 1).find(({ welcome, welcomeAtMs, closed }) => {
        return welcome !== null && (closed?.atMs ?? atMs) - welcomeAtMs >= RESUMED_WITHIN_MS
      })
      if (later === undefined || !isCommand(type)) continue
      this.#verdicts.client(
        'HS-9',
        line,
        `${type} ${id} was not answered, and was not sent again on connection ${later.name}`,
      )
    }
  }

  #lookAtRepetition(before: Asked, now: Asked): void {
    // Nothing is kept of a query's id, nor of a command that was refused for good [CM-6].
    if (!isCommand(before.type) || (before.answer === 'refused' && before.body !== now.body)) return
    if (before.body !== now.body) {
      return this.#verdicts.client(
        'CM-5',
        now.line,
        `the id ${now.id} was used for another command on line ${before.line}`,
      )
    }
    const isSameConnection = before.connection === now.connection
    const earliestMs = before.answeredAtMs + before.retryAfterMs - SLACK_MS
    if (before.answer === 'retryable' && isSameConnection && now.atMs < earliestMs) {
      const waitedMs = Math.round(now.atMs - before.answeredAtMs)
      return this.#verdicts.client(
        'CM-7',
        now.line,
        `${now.id} again after ${waitedMs} ms, where the refusal said ${before.retryAfterMs}`,
      )
    }
    this.#verdicts.kept('CM-4')
    if (before.answer === 'retryable') this.#verdicts.kept('CM-7')
    if (before.answer === 'none' && !isSameConnection) this.#verdicts.kept('HS-9')
  }

  /** The same command under another id, while nobody knows what became of the first: it may be done twice. */
  #lookForTwin(now: Asked): void {
    for (const before of this.#asked.values()) {
      if (before.subject !== now.subject || !isCommand(before.type)) continue
      const isLost = before.answer === 'none' && before.connection.closed !== null
      if (isLost) {
        this.#verdicts.client(
          'CM-4',
          now.line,
          `${now.type} ${now.id} is ${before.id} of line ${before.line}, which was not answered: repeat it under its own id`,
        )
      } else if (before.answer === 'retryable' && before.body === now.body) {
        this.#verdicts.client(
          'CM-7',
          now.line,
          `${now.type} ${now.id} is ${before.id} of line ${before.line}, which is to be sent again under its own id`,
        )
      } else continue
      // It was told; it goes on as the one that is known.
      before.answer = 'refused'
    }
  }
}
