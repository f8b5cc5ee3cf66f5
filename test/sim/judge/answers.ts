/**
 * Every command that anybody sent, and all that was answered: held against the log, against each other, and against the
 * rules in the states of their moment.
 */
import { OUTCOMES_KEPT_MS } from '../../../src/actors/region/idempotency.ts'
import type { Command } from '../../../src/domain/commands.ts'
import { bodyHash } from '../../../src/protocol/body-hash.ts'
import { ERRORS } from '../../../src/protocol/errors.ts'
import type { CommandRow } from '../../../src/store/log/journal.ts'
import type { DurableEnds } from '../core/watch.ts'
import { type Asker, followsFromStates, possibleOutcomes, whyWrong } from './decisions.ts'
import type { Findings } from './findings.ts'
import { type AccountedRecord, commandKey, type LogAccount, sameJson } from './log-account.ts'

interface Account {
  readonly asker: Asker
  readonly commandId: string
  /** What was sent under this id, by the hash of the body; more than one is the client's mistake. */
  readonly bodies: Map<string, Command>
  /** The log's end when it was first sent. */
  readonly logEndAtFirst: number
  sendings: number
  answers: number
  /** Answers that leave open whether it was done. */
  unsure: number
  lastRefusal: string | null
  done: { readonly position: number; readonly result: Readonly<Record<string, unknown>> } | null
}

/** One or more sendings of a command on one wire, and what is known of their time. */
export interface Asking {
  readonly command: Command
  /** The log's end when the first of these sendings that may still be unanswered was made, and when that was, since the start. */
  readonly logEnd: number
  readonly atMs: number
}

interface AnswersParts {
  readonly findings: Findings
  readonly log: LogAccount
  readonly sinceStartMs: () => number
  /** Region time now; null where no clock that it is told by can be trusted. */
  readonly regionNowMs: (() => number) | null
  /** When any engine last lost its memory, since the start. */
  readonly lastDroppedAtMs: () => number
}

/** A device's clock that is no further off is believed. */
const SKEW_MS = 2_500
const HOUR_MS = 3_600_000

/** Refused at the door, before anybody looked whether it was done already. */
const OF_THE_DOOR: ReadonlySet<string> = new Set([
  'malformed-frame',
  'frame-too-large',
  'unknown-type',
  'hello-first',
  'wrong-role',
])

export class Answers {
  readonly #parts: AnswersParts
  readonly #accounts = new Map<string, Account>()
  acknowledged = 0

  constructor(parts: AnswersParts) {
    this.#parts = parts
  }

  sent(asker: Asker, commandId: string, command: Command): void {
    const key = commandKey(asker.principal, commandId)
    let account = this.#accounts.get(key)
    if (account === undefined) {
      const logEndAtFirst = this.#parts.log.end
      const none = { sendings: 0, answers: 0, unsure: 0, lastRefusal: null, done: null }
      account = { asker, commandId, bodies: new Map(), logEndAtFirst, ...none }
      this.#accounts.set(key, account)
    }
    account.sendings += 1
    if (account.sendings === 1) this.#checkMoment(asker, commandId, command)
    account.bodies.set(bodyHash(command), command)
  }

  /** A button may come late, but never from the future. People who mistake a moment give one on the hour. */
  #checkMoment({ principal, unitId }: Asker, commandId: string, command: Command): void {
    const { findings, regionNowMs } = this.#parts
    if (regionNowMs === null || unitId === null || !('happenedAtMs' in command)) return
    const aheadMs = command.happenedAtMs - regionNowMs()
    if (aheadMs <= SKEW_MS || command.happenedAtMs % HOUR_MS === 0) return
    const text = `command ${commandId} of ${principal} (${command.type}) is dated ${Math.round(aheadMs)} ms ahead of region time`
    findings.find('moments-true', text)
  }

  /** A record is about to join the log. Input: the outcome that is kept with it. */
  recordAdded(record: AccountedRecord, row: CommandRow | null): void {
    const { position, principal, commandId } = record
    if (commandId === null || principal === 'system') return
    const { findings, log } = this.#parts
    const find = (text: string) =>
      findings.find('decision-right', `position ${position}, command ${commandId} of ${principal}: ${text}`)
    const account = this.#accounts.get(commandKey(principal, commandId))
    const command = row === null ? undefined : account?.bodies.get(row.bodyHash)
    if (account === undefined) return find('nobody sent it')
    if (command === undefined)
      return find(row === null ? 'no outcome is kept with it' : 'nobody sent it with this body')
    const wrong = whyWrong(log.history, command, account.asker, record, row?.result ?? null)
    if (wrong !== null) find(`${JSON.stringify(command)}: ${wrong}`)
  }

  replied(
    principal: string,
    commandId: string,
    position: number,
    result: Readonly<Record<string, unknown>>,
    ends: DurableEnds,
  ): void {
    const { findings, log } = this.#parts
    const account = this.#accounts.get(commandKey(principal, commandId))
    // The conversation has asked for it, so there is one.
    if (account === undefined) return
    account.answers += 1
    const name = `command ${commandId} of ${principal}`
    if (position > ends.logEnd) {
      // It claims what is not in the log yet, which is found as such.
      account.unsure += 1
      return
    }
    const { done } = account
    if (done === null) {
      this.acknowledged += 1
      account.done = { position, result }
    } else if (done.position !== position || !sameJson(done.result, result)) {
      const [first, second] = [done, { position, result }].map(answer => JSON.stringify(answer))
      findings.find('same-answer', `${name} was answered ${first} and then ${second}`)
    }
    if (position <= account.logEndAtFirst) {
      const text = `${name} was done at position ${position}, and when it was first sent the log ended at ${account.logEndAtFirst}`
      findings.find('command-order', text)
    }
    const record = log.record(position)
    if (record?.principal !== principal || record.commandId !== commandId) {
      const where = log.positionsOf(principal, commandId)
      const text = `${name} was acknowledged at position ${position}, and is in the log at ${where.join(' and ') || 'no position'}`
      return findings.find('acknowledged-once', text)
    }
    const row = log.commands.get(commandKey(principal, commandId))
    if (row === undefined || !sameJson(row.result, result)) {
      const text = `${name} was told ${JSON.stringify(result)}, and its kept outcome is ${JSON.stringify(row?.result ?? null)}`
      findings.find('acknowledged-once', text)
    }
  }

  /** `mayStand`: the refusal says itself that it leaves open whether the command was done. */
  refused(
    principal: string,
    commandId: string,
    code: string,
    asking: Asking,
    ends: DurableEnds,
    mayStand = false,
  ): void {
    const { findings, sinceStartMs, lastDroppedAtMs } = this.#parts
    const account = this.#accounts.get(commandKey(principal, commandId))
    if (account === undefined) return
    account.answers += 1
    account.lastRefusal = code
    if (code === 'internal') {
      account.unsure += 1
      // Memory that is dropped answers so what was decided in it and is not durable.
      if (lastDroppedAtMs() >= asking.atMs) return
      const text = `command ${commandId} of ${principal} (${asking.command.type}) was answered internal ${sinceStartMs() - asking.atMs} ms after it was sent`
      return findings.find('no-internal', text)
    }
    if (mayStand) account.unsure += 1
    if (Object.hasOwn(ERRORS, code) && ERRORS[code as keyof typeof ERRORS].retryable) return
    if (OF_THE_DOOR.has(code)) return
    this.#checkAgainstOutcome(account, code, asking)
    this.#checkReason(account, code, asking, ends)
  }

  ended(): void {
    const { findings, log } = this.#parts
    for (const { asker, commandId, sendings, answers, unsure, done, lastRefusal } of this.#accounts.values()) {
      if (done !== null || sendings !== answers || unsure > 0) continue
      const where = log.positionsOf(asker.principal, commandId)
      if (where.length === 0) continue
      const text = `command ${commandId} of ${asker.principal} was sent ${sendings} times and refused each time (last: ${lastRefusal}), and is in the log at ${where.join(' and ')}`
      findings.find('refused-means-undone', text)
    }
  }

  /** A command that was done already gets its outcome again, unless another body came under its id. */
  #checkAgainstOutcome({ asker, commandId, bodies }: Account, code: string, asking: Asking): void {
    const { findings, log } = this.#parts
    const row = log.commands.get(commandKey(asker.principal, commandId))
    const name = `command ${commandId} of ${asker.principal}`
    if (code === 'conflict') {
      if (row !== undefined && [...bodies.keys()].some(hash => hash !== row.bodyHash)) return
      findings.find('refusal-justified', `${name} was answered conflict, and only one body was sent under its id`)
      return
    }
    if (row === undefined || row.position > asking.logEnd) return
    if (this.#isForgotten(row) || bodyHash(asking.command) !== row.bodyHash) return
    const text = `${name} was done at position ${row.position}, and sent again it was answered ${code} (the log ended at ${asking.logEnd})`
    findings.find('same-answer', text)
  }

  /** Region time is at least that of the newest record. */
  #isForgotten(row: CommandRow): boolean {
    return (this.#parts.log.last?.recordedAtMs ?? 0) - row.recordedAtMs >= OUTCOMES_KEPT_MS
  }

  #checkReason({ asker, commandId }: Account, code: string, { command, logEnd }: Asking, ends: DurableEnds): void {
    if (!followsFromStates(code)) return
    const { findings, log } = this.#parts
    const outcomes = possibleOutcomes(log.history, command, asker, logEnd, ends.logEnd)
    if (outcomes.has(code)) return
    const window = `between positions ${logEnd} and ${ends.logEnd}`
    const text = `command ${commandId} of ${asker.principal}, ${JSON.stringify(command)}, was answered ${code}; ${window} the rules say ${[...outcomes].join(' or ')}`
    findings.find('refusal-justified', text)
  }
}
